"""When an event takes place: in a window, next, and what of it is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import merge
from typing import TYPE_CHECKING

from saaskit_core.calendar.events import CalendarEvent, Occurrence, instant_of, occurrence
from saaskit_core.calendar.expansion import rule_days
from saaskit_core.errors import SaasKitError
from saaskit_core.periods import utc, zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from saaskit_core.periods import Period

_INSTANT = timedelta(microseconds=1)
_JUMP = timedelta(days=2)
"""More than any zone's clocks ever jumped: a zone that crosses the date line skips a day."""


class InvalidReminder(SaasKitError):
    code = "invalid_reminder"
    template = "A reminder comes from 0 to 366 days before: %(before)s is neither."


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReminder:
    """A reminder of an occurrence, due at `due_at`. `key` is the same however often it is found."""

    occurrence: Occurrence
    before: timedelta
    due_at: datetime
    key: str


def occurrences(event: CalendarEvent, window: Period) -> Iterator[Occurrence]:
    """Return the occurrences that start within the half-open window, in order of time.

    Adjacent windows share none and miss none. For what is going on in a window, begin it earlier
    by `event.length`.
    """
    for found in occurrences_from(event, window.starts_at):
        if found.starts_at >= window.ends_at:
            return
        yield found


def occurrences_from(event: CalendarEvent, at: datetime) -> Iterator[Occurrence]:
    """Return the occurrences that start at `at` or later, in order of time: maybe without end.

    Two at the same instant are one. Lazy: what isn't asked for isn't worked out.
    """
    at, last = utc(at), None
    for found in merge(_by_rule(event, at), _besides(event), key=lambda each: each.starts_at):
        if found.starts_at >= at and found.starts_at != last:
            last = found.starts_at
            yield found


def next_occurrence(event: CalendarEvent, *, after: datetime) -> Occurrence | None:
    """Return the first occurrence that starts after `after`, or None when there is none."""
    return next(occurrences_from(event, utc(after) + _INSTANT), None)


def due_reminders(
    event: CalendarEvent, before: Iterable[timedelta], *, last_run: datetime, now: datetime
) -> list[DueReminder]:
    """Return the reminders that became due in (last_run, now], in order of time.

    `before` says how long before each occurrence, in elapsed time. Runs that follow one another,
    each from the `now` of the one before, find each reminder exactly once, however late they come;
    what is found too late to be of use (its occurrence has begun) is the caller's to drop.
    Raises InvalidReminder.
    """
    last_run, now = utc(last_run), utc(now)
    found = []
    for offset in sorted(set(before)):
        if not timedelta() <= offset <= timedelta(days=366):
            raise InvalidReminder(before=str(offset)[:40])
        for each in occurrences_from(event, last_run + offset + _INSTANT):
            if each.starts_at - offset > now:
                break
            found.append(_due(each, offset))
    return sorted(found, key=lambda each: (each.due_at, each.occurrence.starts_at))


def _due(found: Occurrence, offset: timedelta) -> DueReminder:
    key = f"{found.wall.isoformat()}/{offset // timedelta(seconds=1)}"
    return DueReminder(occurrence=found, before=offset, due_at=found.starts_at - offset, key=key)


def _by_rule(event: CalendarEvent, at: datetime) -> Iterator[Occurrence]:
    """Return the occurrences where the rule puts them, from a little before `at` on."""
    for wall in _rule_walls(event, from_day=_local_day(event, at)):
        if wall not in event.excluded and wall not in event.moved:
            yield occurrence(event, wall)


def _besides(event: CalendarEvent) -> list[Occurrence]:
    """Return what the rule doesn't put there: the added and the moved, in order of time."""
    walls = {wall for wall in event.added if wall not in event.moved}
    walls |= {wall for wall in event.moved if wall in event.added or _is_by_rule(event, wall)}
    found = (occurrence(event, wall) for wall in walls - event.excluded)
    return sorted(found, key=lambda each: each.starts_at)


def _is_by_rule(event: CalendarEvent, wall: datetime) -> bool:
    """Tell whether the rule puts an occurrence there: what it doesn't can't be moved."""
    return wall == next(_rule_walls(event, from_day=wall.date()), None)


def _rule_walls(event: CalendarEvent, *, from_day: date) -> Iterator[datetime]:
    start = event.starts
    if event.rule is None:
        yield start
        return
    until = event.rule.until
    for day in rule_days(event.rule, start.date(), from_day=from_day):
        wall = datetime.combine(day, start.time())
        if isinstance(until, datetime) and instant_of(wall, event.tz) > until:
            return
        yield wall


def _local_day(event: CalendarEvent, at: datetime) -> date:
    """Return a day on which nothing that starts at `at` or later can have been left out."""
    try:
        return (at.astimezone(zone(event.tz)) - _JUMP).date()
    except OverflowError:
        return date.min
