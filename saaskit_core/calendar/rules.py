"""Recurrence rules: the part of RFC 5545, section 3.3.10, that repeats by day or longer.

A rule names days; the time of day is the event's own. So what repeats within a day (BYHOUR,
SECONDLY …) is left out, and so are BYWEEKNO and BYYEARDAY, which calendars for people don't write.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum

from saaskit_core.errors import SaasKitError
from saaskit_core.periods import utc

MOST_INTERVAL = 10_000
MOST_COUNT = 2**31 - 1
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class InvalidRecurrence(SaasKitError):
    code = "invalid_recurrence"
    template = "The recurrence is not possible: %(problem)s."


class Frequency(StrEnum):
    """How often, with RFC 5545's words."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class EventFrequency(StrEnum):
    """How often an event repeats, with the contract's exact wire values."""

    DAILY = "Daily"
    WEEKLY = "Weekly"
    MONTHLY = "Monthly"
    YEARLY = "Yearly"


class Weekday(IntEnum):
    """The days of the week, as datetime counts them; the names are RFC 5545's."""

    MO = 0
    TU = 1
    WE = 2
    TH = 3
    FR = 4
    SA = 5
    SU = 6


@dataclass(frozen=True, slots=True, order=True)
class DayOfWeek:
    """A weekday: every one (0), or the nth (2) or last (-1) one of the month or year."""

    weekday: Weekday
    nth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How an event repeats. `until` is the last day, or the last instant, that may be one.

    `count` counts from the event's start, which is an occurrence only if the rule says so. A day
    that a month lacks is skipped, as RFC 5545 wants it: the 31st of every month has seven
    occurrences a year; the month's last day is -1.
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[DayOfWeek, ...] = ()
    by_set_pos: tuple[int, ...] = ()
    week_start: Weekday = Weekday.MO

    def __post_init__(self) -> None:
        """Bring it into canonical order; refuse what RFC 5545 does, and what never happens."""
        for name in ("by_month", "by_month_day", "by_day", "by_set_pos"):
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))
        if isinstance(self.until, datetime):
            object.__setattr__(self, "until", utc(self.until))
        problem = _range_problem(self) or _fit_problem(self)
        if problem:
            raise InvalidRecurrence(problem=problem)

    @classmethod
    def every(cls, frequency: EventFrequency) -> Rule:
        """Return the plain rule behind one of the contract's frequencies."""
        return cls(frequency=Frequency(frequency.value.upper()))


def _range_problem(rule: Rule) -> str:
    if not _is_between(rule.interval, 1, MOST_INTERVAL):
        return f"INTERVAL is a whole number from 1 to {MOST_INTERVAL}"
    if rule.count is not None and not _is_between(rule.count, 1, MOST_COUNT):
        return f"COUNT is a whole number from 1 to {MOST_COUNT}"
    if not all(_is_between(month, 1, 12) for month in rule.by_month):
        return "BYMONTH is 1 to 12"
    if not all(_is_between(abs(day), 1, 31) for day in rule.by_month_day):
        return "BYMONTHDAY is 1 to 31 or -31 to -1"
    if not all(_is_between(abs(place), 1, 366) for place in rule.by_set_pos):
        return "BYSETPOS is 1 to 366 or -366 to -1"
    return ""


def _fit_problem(rule: Rule) -> str:
    if rule.count is not None and rule.until is not None:
        return "it has COUNT or UNTIL, not both"
    if rule.by_month_day and rule.frequency is Frequency.WEEKLY:
        return "a week has no BYMONTHDAY"
    if rule.by_set_pos and not (rule.by_day or rule.by_month_day or rule.by_month):
        return "BYSETPOS picks from what another BY part names"
    if not _has_a_day(rule):
        return "no month that it names has such a day"
    return _ordinal_problem(rule)


def _ordinal_problem(rule: Rule) -> str:
    ordinals = [abs(day.nth) for day in rule.by_day if day.nth]
    if not ordinals:
        return ""
    if rule.frequency in (Frequency.DAILY, Frequency.WEEKLY):
        return "a numbered weekday belongs to a month or a year"
    most = 53 if rule.frequency is Frequency.YEARLY and not rule.by_month else 5
    return "" if max(ordinals) <= most else f"a weekday's number is at most {most}"


def _has_a_day(rule: Rule) -> bool:
    if not rule.by_month_day or not rule.by_month:
        return True
    longest = max(_LONGEST_MONTH[month - 1] for month in rule.by_month)
    return min(abs(day) for day in rule.by_month_day) <= longest


def _is_between(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most
