"""What a feature check answers: the value, and why (OpenFeature's resolution details)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

T = TypeVar("T", covariant=True)
D = TypeVar("D")
Metadata = Mapping[str, bool | int | float | str]


class Reason(StrEnum):
    """Why a value is what it is (OpenFeature specification, types)."""

    STATIC = "STATIC"
    DEFAULT = "DEFAULT"
    TARGETING_MATCH = "TARGETING_MATCH"
    SPLIT = "SPLIT"
    STALE = "STALE"
    DISABLED = "DISABLED"
    ERROR = "ERROR"


class ErrorCode(StrEnum):
    """What went wrong with an evaluation; the caller gets his own default then."""

    PROVIDER_NOT_READY = "PROVIDER_NOT_READY"
    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    PARSE_ERROR = "PARSE_ERROR"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
    INVALID_CONTEXT = "INVALID_CONTEXT"
    PROVIDER_FATAL = "PROVIDER_FATAL"
    GENERAL = "GENERAL"


NO_METADATA: Metadata = MappingProxyType({})
"""What there is to add when there is nothing."""


@dataclass(frozen=True, slots=True)
class Resolution(Generic[T]):
    """A value and its reason. `flag_metadata` says which rule decided, not who the customer is."""

    value: T
    reason: Reason
    variant: str | None = None
    error_code: ErrorCode | None = None
    error_message: str | None = None
    flag_metadata: Metadata = field(default_factory=lambda: NO_METADATA)

    def __post_init__(self) -> None:
        """Make the metadata read-only (OpenFeature 2.2.10)."""
        if type(self.flag_metadata) is not MappingProxyType:
            object.__setattr__(self, "flag_metadata", MappingProxyType(dict(self.flag_metadata)))

    def with_default(self, default: D) -> Resolution[D]:
        """Return the same answer with the caller's default as its value, and no variant."""
        return Resolution(
            default,
            self.reason,
            error_code=self.error_code,
            error_message=self.error_message,
            flag_metadata=self.flag_metadata,
        )

    def __reduce__(self) -> tuple[object, ...]:
        """Survive a cache: a read-only view can't be pickled."""
        parts = (self.value, self.reason, self.variant, self.error_code, self.error_message)
        return (type(self), (*parts, dict(self.flag_metadata)))


def failed(code: ErrorCode, message: str) -> Resolution[None]:
    """Return the answer to what went wrong; a getter puts its caller's default into it."""
    return Resolution(None, Reason.ERROR, error_code=code, error_message=message)
