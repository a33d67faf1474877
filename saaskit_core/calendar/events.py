"""Events of a calendar: a wall-clock time in a zone, once or repeated, with its exceptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from saaskit_core.errors import SaasKitError
from saaskit_core.periods import utc, zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from saaskit_core.calendar.rules import Rule


class InvalidEvent(SaasKitError):
    code = "invalid_event"
    template = "The event is not possible: %(problem)s."


class EventType(StrEnum):
    """What an event does, with the contract's exact wire values."""

    ACTION = "Action"
    REMINDER = "Reminder"


class EventCategory(StrEnum):
    """The contract's exact wire values."""

    PERSONAL = "Personal"
    WORK = "Work"
    BIRTHDAY = "Birthday"
    DEADLINE = "Deadline"
    OTHER = "Other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One occurrence takes place at another wall-clock time; `ends` None keeps its length."""

    starts: datetime
    ends: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """From `starts` to `ends` on the wall clock of the zone `tz`, both without a zone of their own.

    `excluded` and `added` (EXDATE, RDATE) and the keys of `moved` (RECURRENCE-ID) are wall-clock
    starts too. An occurrence keeps the wall-clock time across DST: a time that the clocks skip
    moves forward by the gap, one that occurs twice is its first.
    """

    starts: datetime
    ends: datetime
    tz: str = "UTC"
    rule: Rule | None = None
    excluded: frozenset[datetime] = frozenset()
    added: frozenset[datetime] = frozenset()
    moved: Mapping[datetime, Moved] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Refuse an end before the start, times that carry a zone, and a zone that isn't one."""
        zone(self.tz)
        spans = [Moved(starts=self.starts, ends=self.ends), *self.moved.values()]
        walls = [*self.excluded, *self.added, *self.moved]
        walls += [wall for span in spans for wall in (span.starts, span.ends) if wall is not None]
        if any(wall.tzinfo is not None for wall in walls):
            raise InvalidEvent(problem="its times are on the wall clock of its zone, without one")
        if any(span.ends is not None and span.ends < span.starts for span in spans):
            raise InvalidEvent(problem="it ends before it starts")

    @property
    def length(self) -> timedelta:
        """How long it lasts on the wall clock."""
        return self.ends - self.starts


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time that an event takes place. `wall` names it for good, even after it was moved."""

    wall: datetime
    starts_at: datetime
    ends_at: datetime

    @property
    def is_instantaneous(self) -> bool:
        """Whether it has no length."""
        return self.starts_at == self.ends_at


def occurrence(event: CalendarEvent, wall: datetime) -> Occurrence:
    """Return the occurrence that begins at `wall` by rule, wherever it was moved to.

    Its end keeps the wall clock too; where the clocks' jump would put that before the start, it
    lasts as long as it says.
    """
    moved = event.moved.get(wall)
    starts = moved.starts if moved else wall
    ends = moved.ends if moved and moved.ends else starts + event.length
    starts_at, ends_at = instant_of(starts, event.tz), instant_of(ends, event.tz)
    if ends_at < starts_at or (ends_at == starts_at and ends > starts):
        ends_at = starts_at + (ends - starts)
    return Occurrence(wall=wall, starts_at=starts_at, ends_at=ends_at)


def instant_of(wall: datetime, tz: str) -> datetime:
    """Return the UTC instant of a wall-clock time: forward out of a gap, the first of two."""
    return utc(wall.replace(tzinfo=zone(tz), fold=0))
