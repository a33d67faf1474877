"""Rules of every shape that is allowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from saaskit_core.calendar import DayOfWeek, Frequency, InvalidRecurrence, Rule, Weekday
from saaskit_core.calendar.expansion import rule_days

STARTS_AT, ENDS_AT = datetime(2020, 1, 1), datetime(2040, 1, 1)  # noqa: DTZ001
FIRST, LAST = date(2020, 1, 1), date(2040, 12, 31)
STARTS = st.datetimes(datetime(2019, 1, 1), datetime(2032, 12, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0, second=0)
)
_MONTH_DAYS = st.integers(1, 31) | st.integers(-31, -1)
_SET_POS = st.integers(1, 4) | st.integers(-4, -1)
_UNTILS = st.dates(FIRST, LAST) | st.datetimes(STARTS_AT, ENDS_AT, timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=0)
)


def _few(values):
    return st.just(()) | st.lists(values, min_size=1, max_size=3).map(tuple)


def goes_on(rule, start, end):
    """Tell whether the rule, were it endless, had a day after `end`: dateutil searches in vain."""
    endless = replace(rule, count=None, until=None)
    return any(True for _ in rule_days(endless, start.date(), from_day=end.date()))


@st.composite
def rules(draw, set_pos=True):
    frequency = draw(st.sampled_from(Frequency))
    is_long = frequency in (Frequency.MONTHLY, Frequency.YEARLY)
    # Plain and numbered weekdays in one rule are a union in RFC 5545; dateutil makes it a cut.
    numbered = st.integers(1, 5) | st.integers(-5, -1)
    nth = draw(st.sampled_from([st.just(0), numbered])) if is_long else st.just(0)
    days = st.builds(DayOfWeek, st.sampled_from(Weekday), nth)
    ends = draw(st.sampled_from(["never", "count", "until"]))
    parts = {
        "frequency": frequency,
        "interval": draw(st.integers(1, 5)),
        "count": draw(st.integers(1, 60)) if ends == "count" else None,
        "until": draw(_UNTILS) if ends == "until" else None,
        "by_month": draw(_few(st.integers(1, 12))),
        "by_month_day": draw(_few(_MONTH_DAYS)) if frequency is not Frequency.WEEKLY else (),
        "by_day": draw(_few(days)),
        "week_start": draw(st.sampled_from(Weekday)),
    }
    if set_pos and (parts["by_month"] or parts["by_month_day"] or parts["by_day"]):
        parts["by_set_pos"] = draw(_few(_SET_POS))
    try:
        return Rule(**parts)
    except InvalidRecurrence:
        return Rule(**{**parts, "by_month": (), "by_set_pos": ()})
