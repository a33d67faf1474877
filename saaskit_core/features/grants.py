"""What gives features: plans and add-ons, and exceptions for somebody or for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.features.windows import bring_to_utc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from saaskit_core.features.documents import JSON


class OverrideMode(StrEnum):
    REPLACE = "replace"
    EXTEND = "extend"


class OverrideScope(StrEnum):
    """Whom an override is for, in rising precedence."""

    ORGANISATION = "organisation"
    USER = "user"
    GLOBAL = "global"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one plan, or one add-on, gives within [starts_at, ends_at): its feature document.

    `version` is told in the answer's metadata (0: not told). `is_stale` marks a plan that is past
    due and goes on in grace.
    """

    plan: str
    features: Mapping[str, JSON]
    is_addon: bool = False
    version: int = 0
    is_stale: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        """Bring its instants to UTC. Raises NaiveDatetime."""
        bring_to_utc(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """An exception for somebody, in force within [starts_at, ends_at)."""

    path: str
    value: JSON
    scope: OverrideScope
    mode: OverrideMode = OverrideMode.REPLACE
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    id: str = ""

    def __post_init__(self) -> None:
        """Bring its instants to UTC. Raises NaiveDatetime."""
        bring_to_utc(self)

    @property
    def precedence(self) -> tuple[int, int, str]:
        """Order from the weakest to the strongest; in one scope what replaces comes first."""
        return (_SCOPES[self.scope], _MODES[self.mode], self.id)


_SCOPES = {scope: place for place, scope in enumerate(OverrideScope)}
_MODES = {mode: place for place, mode in enumerate(OverrideMode)}
