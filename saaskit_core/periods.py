"""Billing periods: computed from the stored anchor, half-open, on the customer's calendar."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from saaskit_core.errors import SaasKitError

if TYPE_CHECKING:
    from collections.abc import Callable


class NaiveDatetime(SaasKitError):
    code = "naive_datetime"
    template = "%(value)s has no time zone: every instant is time-zone aware."


class OutsideCalendar(SaasKitError):
    code = "outside_calendar"
    template = "%(value)s lies outside the years 1 to 9999."


class UnknownTimeZone(SaasKitError):
    code = "unknown_time_zone"
    template = "%(zone)s is not a time zone of the IANA database."


class InvalidPeriod(SaasKitError):
    code = "invalid_period"
    template = (
        "A period from %(starts_at)s to %(ends_at)s is not possible: it must end after it starts."
    )


class InvalidInterval(SaasKitError):
    code = "invalid_interval"
    template = "%(interval)s is not a billing interval: %(problem)s."


class OutsidePeriod(SaasKitError):
    code = "outside_period"
    template = "%(at)s is not within the period from %(starts_at)s to %(ends_at)s."


class BillingFrequency(StrEnum):
    """The six frequencies with their exact wire values."""

    MONTHLY = "Monthly"
    YEARLY = "Yearly"
    WEEKLY = "Weekly"
    QUARTERLY = "Quarterly"
    SEMI_ANNUALLY = "Semi-Annually"
    ONE_TIME = "One-Time"


class Unit(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class ProrationMode(StrEnum):
    """How a part of a period is counted: exactly, or in the zone's calendar days."""

    SECOND = "second"
    DAY = "day"
    FIXED30 = "fixed30"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Interval:
    """Every `count` `unit`s, e.g. Interval(Unit.MONTH, 3) for quarterly."""

    unit: Unit
    count: int = 1

    def __post_init__(self) -> None:
        """Take the unit's plain name too; refuse another, and a count that isn't 1 to 1000."""
        try:
            object.__setattr__(self, "unit", Unit(self.unit))
        except ValueError:
            raise InvalidInterval(
                interval=repr(self.unit)[:40], problem=f"the unit is {', '.join(Unit)}"
            ) from None
        if type(self.count) is not int or not 1 <= self.count <= 1000:
            raise InvalidInterval(
                interval=f"{self.count!r} {self.unit}"[:60], problem="the count is 1 to 1000"
            )

    @property
    def is_calendar(self) -> bool:
        """Whether it is counted in months (and so clamps to the month's end)."""
        return self.unit in (Unit.MONTH, Unit.YEAR)

    @property
    def months(self) -> Fraction:
        """Its length in months, as revenue per month needs it (a year is 12 months or 365 days)."""
        match self.unit:
            case Unit.MONTH:
                return Fraction(self.count)
            case Unit.YEAR:
                return Fraction(12 * self.count)
            case Unit.WEEK:
                return Fraction(7 * 12 * self.count, 365)
            case Unit.DAY:
                return Fraction(12 * self.count, 365)


INTERVALS: dict[BillingFrequency, Interval] = {
    BillingFrequency.WEEKLY: Interval(Unit.WEEK),
    BillingFrequency.MONTHLY: Interval(Unit.MONTH),
    BillingFrequency.QUARTERLY: Interval(Unit.MONTH, 3),
    BillingFrequency.SEMI_ANNUALLY: Interval(Unit.MONTH, 6),
    BillingFrequency.YEARLY: Interval(Unit.YEAR),
}
"""The interval behind each recurring frequency. One-Time has none: it never renews."""


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open span [starts_at, ends_at) between two instants, kept in UTC."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        """Bring both ends to UTC; refuse naive instants and an end that isn't after the start."""
        if self.starts_at.tzinfo is not UTC or self.ends_at.tzinfo is not UTC:
            object.__setattr__(self, "starts_at", utc(self.starts_at))
            object.__setattr__(self, "ends_at", utc(self.ends_at))
        if self.ends_at <= self.starts_at:
            raise InvalidPeriod(starts_at=self.starts_at, ends_at=self.ends_at)

    def __contains__(self, at: datetime) -> bool:
        """Tell whether the instant is within: the start is, the end isn't."""
        return self.starts_at <= utc(at) < self.ends_at

    def overlaps(self, other: Period) -> bool:
        """Tell whether the two share any instant."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


def utc(at: datetime) -> datetime:
    """Return the same instant in UTC. Raises NaiveDatetime without a zone, OutsideCalendar."""
    if not isinstance(at, datetime):
        raise NaiveDatetime(value=repr(at)[:40])
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None or at.utcoffset() is None:
        raise NaiveDatetime(value=at.isoformat())
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise OutsideCalendar(value=at.isoformat()) from None


def zone(name: str) -> ZoneInfo:
    """Return the IANA zone called `name`. Raises UnknownTimeZone."""
    if not isinstance(name, str):
        raise UnknownTimeZone(zone=repr(name)[:64])
    return _zone(name)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UnknownTimeZone(zone=name[:64]) from None


def period_start(anchor: datetime, interval: Interval, index: int, tz: str = "UTC") -> datetime:
    """Return the UTC instant at which period `index` begins; index 0 begins at the anchor.

    Computed from the anchor alone, never from another period, with the day clamped to the month's
    end, so an anchor on the 31st gives 28 February and then 31 March. Wall time is kept in `tz`,
    across DST. A wall time that a DST change skips moves forward by the gap; one that occurs twice
    is its first.
    """
    return utc(anchor) if index == 0 else _start(utc(anchor), interval, index, tz)


@lru_cache(maxsize=8192)
def _start(anchor: datetime, interval: Interval, index: int, tz: str) -> datetime:
    """Compute a start once: a renewal asks for the same two several times over."""
    try:
        local = anchor if tz == "UTC" else anchor.astimezone(zone(tz))
        moved = _moved(local, interval, index)
    except OverflowError:
        raise OutsideCalendar(value=f"period {index} of {anchor.isoformat()}") from None
    return utc(moved)


def period(anchor: datetime, interval: Interval, index: int, tz: str = "UTC") -> Period:
    """Return period `index` (0, 1, 2, …) of the schedule that `anchor` starts."""
    return _period(utc(anchor), interval, index, tz)


@lru_cache(maxsize=8192)
def _period(anchor: datetime, interval: Interval, index: int, tz: str) -> Period:
    return Period(
        period_start(anchor, interval, index, tz), period_start(anchor, interval, index + 1, tz)
    )


def period_index(anchor: datetime, interval: Interval, at: datetime, tz: str = "UTC") -> int:
    """Return the index of the period that contains `at`. Raises OutsidePeriod before the anchor."""
    at = utc(at)
    if at < utc(anchor):
        raise OutsidePeriod(at=at, starts_at=utc(anchor), ends_at="the end of time")
    longest = timedelta(days=interval.count * _MOST_DAYS[interval.unit])
    index = max(0, (at - utc(anchor)) // longest - 1)
    while period_start(anchor, interval, index + 1, tz) <= at:
        index += 1
    return index


def fraction_left(
    span: Period, at: datetime, *, mode: ProrationMode = ProrationMode.SECOND, tz: str = "UTC"
) -> Fraction:
    """Return the exact part of `span` that is still unused at `at`, between 0 and 1.

    `second` divides seconds; `day` divides calendar days of `tz`, the day of `at` counting as
    unused; `fixed30` counts every month as thirty days; `none` never prorates: nothing is unused.
    Raises OutsidePeriod when `at` lies outside the span (its end included: then 0).
    """
    at = utc(at)
    if not span.starts_at <= at <= span.ends_at:
        raise OutsidePeriod(at=at, starts_at=span.starts_at, ends_at=span.ends_at)
    match mode:
        case ProrationMode.SECOND:
            return _part(span, at, _micros)
        case ProrationMode.DAY:
            return _part(span, at, lambda start, end: _days(start, end, tz))
        case ProrationMode.FIXED30:
            return _part(span, at, lambda start, end: _days360(start, end, tz))
        case ProrationMode.NONE:
            return Fraction(0)


def _part(span: Period, at: datetime, measure: Callable[[datetime, datetime], int]) -> Fraction:
    """Divide what is left by the whole; a span without a single day in it is measured exactly."""
    whole = measure(span.starts_at, span.ends_at)
    if whole <= 0:
        return _part(span, at, _micros)
    return Fraction(max(0, min(measure(at, span.ends_at), whole)), whole)


def add_months(at: datetime, months: int, tz: str = "UTC") -> datetime:
    """Return `at` moved by whole calendar months on the wall clock of `tz`, the day clamped."""
    return period_start(at, Interval(Unit.MONTH, 1), months, tz)


def _moved(local: datetime, interval: Interval, index: int) -> datetime:
    """Move the wall clock; a wall time that occurs twice is its first."""
    steps = interval.count * index
    match interval.unit:
        case Unit.DAY:
            return (local + timedelta(days=steps)).replace(fold=0)
        case Unit.WEEK:
            return (local + timedelta(weeks=steps)).replace(fold=0)
        case Unit.MONTH:
            return _plus_months(local, steps)
        case Unit.YEAR:
            return _plus_months(local, 12 * steps)


def _plus_months(local: datetime, months: int) -> datetime:
    year, month0 = divmod(local.year * 12 + local.month - 1 + months, 12)
    if not 1 <= year <= 9998:
        raise OverflowError
    day = local.day
    if day > 28:
        day = min(day, monthrange(year, month0 + 1)[1])
    return local.replace(year=year, month=month0 + 1, day=day, fold=0)


_MOST_DAYS = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 31, Unit.YEAR: 366}
"""How long one can be: dividing by it, less one for the clocks, never overshoots the index."""


def _days(start: datetime, end: datetime, tz: str) -> int:
    local = zone(tz)
    return (end.astimezone(local).date() - start.astimezone(local).date()).days


def _days360(start: datetime, end: datetime, tz: str) -> int:
    """Count days as if every month had thirty (the 30E/360 convention of ISDA 2006, 4.16(g))."""
    local = zone(tz)
    first, last = start.astimezone(local), end.astimezone(local)
    months = 12 * (last.year - first.year) + last.month - first.month
    return 30 * months + min(last.day, 30) - min(first.day, 30)


def _micros(start: datetime, end: datetime) -> int:
    return (end - start) // timedelta(microseconds=1)
