"""What a feature check answers: the value, and why (OpenFeature's resolution details)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T", covariant=True)
Metadata = Mapping[str, bool | int | float | str]


class Reason(StrEnum):
    """Why a value is what it is (OpenFeature specification, types)."""

    DEFAULT = "DEFAULT"
    TARGETING_MATCH = "TARGETING_MATCH"
    STALE = "STALE"
    DISABLED = "DISABLED"
    ERROR = "ERROR"


class ErrorCode(StrEnum):
    """What went wrong with an evaluation; the caller gets his own default then."""

    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    PARSE_ERROR = "PARSE_ERROR"


@dataclass(frozen=True, slots=True)
class Resolution(Generic[T]):
    """A value and its reason. `flag_metadata` says which rule decided, not who the customer is."""

    value: T
    reason: Reason
    variant: str | None = None
    error_code: ErrorCode | None = None
    error_message: str | None = None
    flag_metadata: Metadata = field(default_factory=dict)
