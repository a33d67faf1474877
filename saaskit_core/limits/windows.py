"""Windows that a use is counted in, in microseconds since 1970: an instant is one whole number.

A check is a handful of integer operations then, and exact: no fraction, no daylight saving.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import assert_never

from saaskit_core.periods import (
    Interval,
    NaiveDatetime,
    OutsideCalendar,
    Unit,
    period_start,
    utc,
    zone,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_HOUR = 3_600_000_000
_ABOUT = {
    Unit.DAY: timedelta(days=1),
    Unit.WEEK: timedelta(days=7),
    Unit.MONTH: timedelta(days=30),
    Unit.YEAR: timedelta(days=365),
}

Bounds = tuple[int, int]
"""A half-open window [start, end)."""


class CalendarUnit(StrEnum):
    """How long a quota's window is. A week begins on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


def micros(at: datetime) -> int:
    """Return the instant as microseconds since 1970. Raises NaiveDatetime."""
    try:
        return (at - EPOCH) // MICROSECOND
    except TypeError:
        raise NaiveDatetime(value=repr(at)[:60]) from None


def instant(at: int) -> datetime:
    """Return microseconds since 1970 as an instant in UTC."""
    return EPOCH + timedelta(microseconds=at)


def sliding_bounds(width: int, at: int) -> Bounds:
    """Return the window of `width` that contains `at`, counted from 1970."""
    start = at - at % width
    return start, start + width


def calendar_bounds(unit: CalendarUnit, tz: str, at: int) -> Bounds:
    """Return the hour, day, week, month or year of the zone that contains `at`.

    Hours are counted from the day's beginning, so that a day of 23 or 25 hours has so many windows.
    """
    local = _date(at, tz)
    match unit:
        case CalendarUnit.HOUR:
            start, end = _calendar(Unit.DAY, tz, local)
            begun = at - (at - start) % _HOUR
            return begun, min(begun + _HOUR, end)
        case CalendarUnit.DAY:
            first = local
        case CalendarUnit.WEEK:
            first = local - timedelta(days=local.weekday())
        case CalendarUnit.MONTH:
            first = local.replace(day=1)
        case CalendarUnit.YEAR:
            first = local.replace(month=1, day=1)
        case _:
            assert_never(unit)
    return _calendar(Unit(unit), tz, first)


def anchored_bounds(unit: CalendarUnit, anchor: datetime, tz: str, at: int) -> Bounds:
    """Return the window that contains `at` when they begin at `anchor` and repeat from there.

    The day clamps to the month's end (a 31st gives 28 February, then 31 March) and wall time is
    kept in `tz`, as for billing periods. Windows before the anchor are counted backwards.
    """
    if unit is CalendarUnit.HOUR:
        start = at - (at - micros(anchor)) % _HOUR
        return start, start + _HOUR
    interval, moment = Interval(Unit(unit)), instant(at)
    index = (moment - utc(anchor)) // _ABOUT[interval.unit]
    while period_start(anchor, interval, index, tz) > moment:
        index -= 1
    while (ends_at := period_start(anchor, interval, index + 1, tz)) <= moment:
        index += 1
    return micros(period_start(anchor, interval, index, tz)), micros(ends_at)


def _date(at: int, tz: str) -> date:
    try:
        return instant(at).astimezone(zone(tz)).date()
    except OverflowError:
        raise OutsideCalendar(value=instant(at).isoformat()) from None


@lru_cache(maxsize=4096)
def _calendar(unit: Unit, tz: str, first: date) -> Bounds:
    """A midnight that a change of the clocks skips or repeats is settled as for periods.

    The end is the next one's own midnight: counted from a start that was skipped, it would lie
    within the next window.
    """
    after = period_start(datetime.combine(first, time(), tzinfo=UTC), Interval(unit), 1)
    return _midnight(first, tz), _midnight(after.date(), tz)


def _midnight(day: date, tz: str) -> int:
    return micros(utc(datetime.combine(day, time(), tzinfo=zone(tz))))
