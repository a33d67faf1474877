"""Rules as text: the value of an RRULE property (RFC 5545, section 3.3.10)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from saaskit_core.calendar.rules import DayOfWeek, Frequency, InvalidRecurrence, Rule, Weekday

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 1000
_DAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile(r"[+-]?[0-9]{1,10}")
_UNTIL = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})Z)?")


def parse_rule(text: str) -> Rule:
    """Read a rule such as "FREQ=MONTHLY;BYDAY=-1FR", with or without "RRULE:" before it.

    A part that isn't supported is refused, never left out. Raises InvalidRecurrence.
    """
    given: object = text
    if not isinstance(given, str):
        raise InvalidRecurrence(problem=f"{given!r:.40} is no text")
    if len(text) > _LONGEST:
        raise InvalidRecurrence(problem=f"it is longer than {_LONGEST} characters")
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in parts:
            raise InvalidRecurrence(problem=f"{part[:40]!r} is no part, or there twice")
        parts[name] = value
    unknown = sorted(set(parts) - set(_READERS))
    if unknown:
        raise InvalidRecurrence(problem=f"{unknown[0][:40]} is not supported")
    if "FREQ" not in parts:
        raise InvalidRecurrence(problem="FREQ is missing")
    return Rule(**{_FIELDS[name]: _READERS[name](value) for name, value in parts.items()})  # type: ignore[arg-type]


def rule_text(rule: Rule) -> str:
    """Print the rule as the value of an RRULE property; `parse_rule` reads the same rule back."""
    parts = [f"FREQ={rule.frequency}"]
    if rule.interval != 1:
        parts.append(f"INTERVAL={rule.interval}")
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    if rule.until is not None:
        parts.append(f"UNTIL={_until_text(rule.until)}")
    for name, numbers in (
        ("BYMONTH", rule.by_month),
        ("BYMONTHDAY", rule.by_month_day),
        ("BYSETPOS", rule.by_set_pos),
    ):
        if numbers:
            parts.append(f"{name}={','.join(str(number) for number in numbers)}")
    if rule.by_day:
        days = (f"{day.nth or ''}{day.weekday.name}" for day in rule.by_day)
        parts.append(f"BYDAY={','.join(days)}")
    if rule.week_start is not Weekday.MO:
        parts.append(f"WKST={rule.week_start.name}")
    return ";".join(parts)


def _frequency(value: str) -> Frequency:
    try:
        return Frequency(value)
    except ValueError:
        raise InvalidRecurrence(problem=f"FREQ={value[:40]} is not supported") from None


def _number(value: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise InvalidRecurrence(problem=f"{value[:40]} is no number")
    return int(value)


def _numbers(value: str) -> tuple[int, ...]:
    return tuple(_number(each) for each in value.split(","))


def _days(value: str) -> tuple[DayOfWeek, ...]:
    found = []
    for each in value.split(","):
        written = _DAY.fullmatch(each)
        if written is None or (written[1] and not int(written[1])):
            raise InvalidRecurrence(problem=f"{each[:40]} is no day of the week")
        found.append(DayOfWeek(Weekday[written[2]], int(written[1] or 0)))
    return tuple(found)


def _weekday(value: str) -> Weekday:
    if value not in Weekday.__members__:
        raise InvalidRecurrence(problem=f"{value[:40]} is no day of the week")
    return Weekday[value]


def _until(value: str) -> date | datetime:
    written = _UNTIL.fullmatch(value)
    if written is None:
        problem = "UNTIL is a day such as 20261231, or an instant in UTC such as 20261231T235959Z"
        raise InvalidRecurrence(problem=problem)
    year, month, day, hour, minute, second = (int(each or 0) for each in written.groups())
    try:
        if written[4] is None:
            return date(year, month, day)
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise InvalidRecurrence(problem=f"there is no {value[:40]}") from None


def _until_text(until: date | datetime) -> str:
    if isinstance(until, datetime):
        return f"{until:%Y%m%dT%H%M%SZ}".rjust(16, "0")
    return f"{until:%Y%m%d}".rjust(8, "0")


_READERS: dict[str, Callable[[str], object]] = {
    "FREQ": _frequency,
    "INTERVAL": _number,
    "COUNT": _number,
    "UNTIL": _until,
    "BYMONTH": _numbers,
    "BYMONTHDAY": _numbers,
    "BYDAY": _days,
    "BYSETPOS": _numbers,
    "WKST": _weekday,
}
_FIELDS = {
    "FREQ": "frequency",
    "INTERVAL": "interval",
    "COUNT": "count",
    "UNTIL": "until",
    "BYMONTH": "by_month",
    "BYMONTHDAY": "by_month_day",
    "BYDAY": "by_day",
    "BYSETPOS": "by_set_pos",
    "WKST": "week_start",
}
