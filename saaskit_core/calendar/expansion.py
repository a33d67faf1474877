"""The days that a rule names, in order, from any day on: work that never depends on how far it is.

A rule is cut into its periods (days, weeks, months or years, every `interval`th), and each period
gives its days by plain arithmetic. The Gregorian calendar repeats after 400 years, which are whole
weeks: a rule that names no day in that many periods never will.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import date, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from saaskit_core.calendar.rules import DayOfWeek, Frequency, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LAST_DAY = date(9998, 12, 31)
_CYCLE = {
    Frequency.DAILY: 146_097,
    Frequency.WEEKLY: 20_871,
    Frequency.MONTHLY: 4_800,
    Frequency.YEARLY: 400,
}


def rule_days(rule: Rule, start: date, *, from_day: date) -> Iterator[date]:
    """Return the days of the rule from `from_day` on, when the event starts on `start`.

    Ascending; ends by COUNT, with the day UNTIL names (one day later where it names an instant:
    the caller knows the time of day) or in the year 9998. Without COUNT, or where it can't have
    been reached, nothing before `from_day` is looked at.
    """
    first = max(start, from_day)
    if rule.count is None:
        return _days(rule, start, first)
    if first > _last_day(rule, start):
        return iter(())
    if rule.count <= (first - start).days:
        return _counted(rule, start, first)
    return _days_still_counted(rule, start, first)


def _days_still_counted(rule: Rule, start: date, first: date) -> Iterator[date]:
    """Return days whose COUNT can't be used up at `first`: there is at most one a day."""
    count = rule.count or 0
    safe_until = start + timedelta(days=min(count, (LAST_DAY - start).days))
    for day in _days(rule, start, first):
        if day >= safe_until:
            break
        yield day
    else:
        return
    yield from _counted(rule, start, max(first, safe_until))


def _counted(rule: Rule, start: date, first: date) -> Iterator[date]:
    """Return the days from `first` on by counting from the start; whole cycles are counted once."""
    left, begun, years = rule.count or 0, start, 400 * rule.interval
    cycles = (first.year - start.year - 1) // years
    if cycles > 0:
        begun = start.replace(year=start.year + years * cycles)
        end = start.replace(year=start.year + years)
        left -= cycles * sum(1 for _ in takewhile(lambda day: day < end, _days(rule, start, start)))
    return (day for day in islice(_days(rule, start, begun), max(0, left)) if day >= first)


def _days(rule: Rule, start: date, first: date) -> Iterator[date]:
    """Return the days of the rule from `first` on, as if it had no COUNT."""
    empty, last = 0, _last_day(rule, start)
    for period in _periods(rule, start, first):
        days = sorted(_picked(rule, _members(rule, start, period)))
        empty = 0 if days else empty + 1
        if empty > _CYCLE[rule.frequency] or period > last:
            return
        for day in days:
            if day > last:
                return
            if day >= first:
                yield day


def _last_day(rule: Rule, start: date) -> date:
    if rule.until is None:
        return _counted_last_day(rule, start)
    day = date(rule.until.year, rule.until.month, rule.until.day)
    # An instant in UTC is at most a day later on any clock.
    slack = timedelta(days=0 if type(rule.until) is date else 1)
    return LAST_DAY if day >= LAST_DAY else day + slack


def _counted_last_day(rule: Rule, start: date) -> date:
    """Return the last day of a COUNT of plain days or weeks; of others, the last there is."""
    unit = {Frequency.DAILY: 1, Frequency.WEEKLY: 7}.get(rule.frequency)
    if rule.count is None or unit is None or rule.by_day or rule.by_month or rule.by_month_day:
        return LAST_DAY
    days = (rule.count - 1) * rule.interval * unit
    return start + timedelta(days=min(days, (LAST_DAY - start).days))


def _periods(rule: Rule, start: date, first: date) -> Iterator[date]:
    """Return the first days of the rule's periods, beginning with the one that contains `first`."""
    step = rule.interval
    match rule.frequency:
        case Frequency.DAILY:
            yield from _steps_of_days(start, first, step)
        case Frequency.WEEKLY:
            week = start.toordinal() - (start.weekday() - rule.week_start) % 7
            yield from _steps_of_days(date.fromordinal(max(1, week)), first, 7 * step)
        case Frequency.MONTHLY:
            begun = start.year * 12 + start.month - 1
            skipped = (first.year * 12 + first.month - 1 - begun) // step * step
            for month in range(begun + skipped, LAST_DAY.year * 12 + 12, step):
                yield date(month // 12, month % 12 + 1, 1)
        case Frequency.YEARLY:
            skipped = (first.year - start.year) // step * step
            for year in range(start.year + skipped, LAST_DAY.year + 1, step):
                yield date(year, 1, 1)


def _steps_of_days(start: date, first: date, step: int) -> Iterator[date]:
    skipped = (first - start).days // step * step
    for ordinal in range(start.toordinal() + skipped, LAST_DAY.toordinal() + 1, step):
        yield date.fromordinal(ordinal)


def _members(rule: Rule, start: date, period: date) -> Iterable[date]:
    """Return the days that the rule's BY parts name within one period, in no order."""
    match rule.frequency:
        case Frequency.DAILY:
            return [period] if _passes(rule, period) else []
        case Frequency.WEEKLY:
            weekdays = {int(day.weekday) for day in rule.by_day} or {start.weekday()}
            week = (period + timedelta(days=i) for i in range(7))
            return [d for d in week if d.weekday() in weekdays and _is_in_month(rule, d)]
        case Frequency.MONTHLY:
            return _of_month(rule, start, period) if _is_in_month(rule, period) else []
        case Frequency.YEARLY:
            return _of_year(rule, start, period.year)


def _of_year(rule: Rule, start: date, year: int) -> Iterable[date]:
    if rule.by_day and not rule.by_month:
        days = _weekdays(rule.by_day, date(year, 1, 1), 366 if isleap(year) else 365)
        return [day for day in days if _is_month_day(rule, day)]
    everywhere = range(1, 13) if rule.by_month_day else (start.month,)
    months = rule.by_month or everywhere
    return [day for month in months for day in _of_month(rule, start, date(year, month, 1))]


def _of_month(rule: Rule, start: date, first: date) -> Iterable[date]:
    length = monthrange(first.year, first.month)[1]
    if rule.by_day:
        days = _weekdays(rule.by_day, first, length)
        return [day for day in days if _is_month_day(rule, day)]
    wanted = rule.by_month_day or (start.day,)
    numbers = {day if day > 0 else length + 1 + day for day in wanted}
    return [first.replace(day=number) for number in numbers if 1 <= number <= length]


def _weekdays(wanted: Iterable[DayOfWeek], first: date, length: int) -> set[date]:
    """Return the weekdays among the `length` days from `first` on, all or the nth."""
    found: set[date] = set()
    for day in wanted:
        begins = (day.weekday - first.weekday()) % 7
        each = [first + timedelta(days=i) for i in range(begins, length, 7)]
        if not day.nth:
            found.update(each)
        elif abs(day.nth) <= len(each):
            found.add(each[day.nth - 1 if day.nth > 0 else day.nth])
    return found


def _picked(rule: Rule, days: Iterable[date]) -> Iterable[date]:
    if not rule.by_set_pos:
        return days
    each = sorted(days)
    return {
        each[place - 1 if place > 0 else place]
        for place in rule.by_set_pos
        if abs(place) <= len(each)
    }


def _passes(rule: Rule, day: date) -> bool:
    weekdays = {each.weekday for each in rule.by_day}
    return (
        _is_in_month(rule, day)
        and (not weekdays or day.weekday() in weekdays)
        and _is_month_day(rule, day)
    )


def _is_in_month(rule: Rule, day: date) -> bool:
    return not rule.by_month or day.month in rule.by_month


def _is_month_day(rule: Rule, day: date) -> bool:
    if not rule.by_month_day:
        return True
    length = monthrange(day.year, day.month)[1]
    return day.day in rule.by_month_day or day.day - length - 1 in rule.by_month_day
