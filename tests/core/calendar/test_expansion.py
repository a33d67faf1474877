"""The days of a rule, beside those of python-dateutil, which shares no code with ours."""

from datetime import date, datetime, timedelta
from itertools import islice, takewhile

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.calendar import Frequency, parse_rule, rule_text
from saaskit_core.calendar.expansion import rule_days
from tests.core.calendar.rule_strategies import STARTS, goes_on, rules

HORIZON = timedelta(days=366 * 3)


def days(text, start, *, many=6, from_day=None):
    start = date.fromisoformat(start)
    first = date.fromisoformat(from_day) if from_day else start
    found = rule_days(parse_rule(text), start, from_day=first)
    return [day.isoformat() for day in islice(found, many)]


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=3", "2026-02-27", ["2026-02-27", "2026-03-02", "2026-03-05"]),
        ("FREQ=DAILY;BYDAY=SA,SU", "2026-11-20", ["2026-11-21", "2026-11-22", "2026-11-28"]),
        ("FREQ=WEEKLY", "2026-12-30", ["2026-12-30", "2027-01-06", "2027-01-13"]),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU",
            "2026-11-02",
            ["2026-11-02", "2026-11-08", "2026-11-16"],
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU",
            "2026-11-02",
            ["2026-11-02", "2026-11-15", "2026-11-16"],
        ),
        ("FREQ=MONTHLY", "2026-01-31", ["2026-01-31", "2026-03-31", "2026-05-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31", ["2026-01-31", "2026-02-28", "2026-03-31"]),
        ("FREQ=MONTHLY;BYDAY=2TU", "2026-01-01", ["2026-01-13", "2026-02-10", "2026-03-10"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", "2026-01-01", ["2026-01-30", "2026-02-27", "2026-03-27"]),
        ("FREQ=MONTHLY;BYDAY=5MO", "2026-01-01", ["2026-03-30", "2026-06-29", "2026-08-31"]),
        (
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            "2026-01-01",
            ["2026-02-13", "2026-03-13", "2026-11-13"],
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "2026-01-01",
            ["2026-01-30", "2026-02-27", "2026-03-31"],
        ),
        ("FREQ=YEARLY", "2024-02-29", ["2024-02-29", "2028-02-29", "2032-02-29"]),
        (
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
            "2026-01-01",
            ["2026-11-26", "2027-11-25", "2028-11-23"],
        ),
        ("FREQ=YEARLY;BYDAY=20MO", "1997-05-19", ["1997-05-19", "1998-05-18", "1999-05-17"]),
        (
            "FREQ=YEARLY;BYMONTHDAY=-1;BYMONTH=2",
            "2026-01-01",
            ["2026-02-28", "2027-02-28", "2028-02-29"],
        ),
        ("FREQ=MONTHLY;COUNT=2", "2026-01-15", ["2026-01-15", "2026-02-15"]),
        ("FREQ=DAILY;UNTIL=20260102", "2026-01-01", ["2026-01-01", "2026-01-02"]),
    ],
)
def test_a_rule_names_its_days(text, start, expected):
    assert days(text, start, many=3) == expected


@given(rules(), STARTS)
def test_the_days_are_those_of_dateutil(rule, start):
    if rule.by_set_pos and rule.frequency is Frequency.WEEKLY:
        return  # dateutil cuts the first week off at the start, RFC 5545 doesn't.
    end = start + HORIZON
    if not goes_on(rule, start, end):
        return
    naive = rule_text(rule)
    if isinstance(rule.until, datetime):
        naive = naive.replace(f"{rule.until:%Y%m%dT%H%M%SZ}", f"{rule.until:%Y%m%d}T235959")
    elif rule.until:
        naive = naive.replace(f"{rule.until:%Y%m%d}", f"{rule.until:%Y%m%d}T235959")
    theirs = rrulestr(naive, dtstart=start).xafter(start, inc=True)
    expected = [at.date() for at in takewhile(lambda at: at < end, theirs)]
    ours = rule_days(rule, start.date(), from_day=start.date())
    found = list(takewhile(lambda day: day < end.date(), ours))
    if isinstance(rule.until, datetime):
        found = [day for day in found if day <= rule.until.date()]
    assert found == [day for day in expected if day < end.date()]


@given(rules(), STARTS, st.integers(-10, 1500))
def test_beginning_later_only_leaves_out_what_is_earlier(rule, start, later):
    start = start.date()
    first = start + timedelta(days=later)
    whole = rule_days(rule, start, from_day=start)
    end = max(start, first) + timedelta(days=400)
    expected = [day for day in takewhile(lambda day: day < end, whole) if day >= first]
    found = list(takewhile(lambda day: day < end, rule_days(rule, start, from_day=first)))
    assert found == expected


@pytest.mark.parametrize(
    ("text", "from_day"),
    [
        ("FREQ=DAILY;COUNT=1000000000", "9000-01-01"),
        ("FREQ=DAILY;COUNT=1000000", "9000-01-01"),
        ("FREQ=DAILY;BYDAY=MO;COUNT=2000000000", "9000-01-01"),
        ("FREQ=DAILY;BYDAY=MO,WE;COUNT=720000", "9000-01-01"),
        ("FREQ=DAILY;INTERVAL=10000;COUNT=1000000000", "9000-01-01"),
        ("FREQ=YEARLY;COUNT=1000000000", "9998-01-01"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "2026-11-23"),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTH=3", "2026-11-23"),
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "2026-11-23"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=300", "2026-11-23"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "2026-11-23"),
    ],
)
def test_no_rule_takes_long_however_many_it_has_or_far_it_is(text, from_day):
    """Without the jumps and the bound these would take minutes, or never end."""
    assert len(days(text, "2026-11-23", many=3, from_day=from_day)) <= 3


def test_a_rule_that_never_happens_ends():
    rule = parse_rule("FREQ=DAILY;INTERVAL=7;BYDAY=TU")
    assert list(rule_days(rule, date(2026, 11, 23), from_day=date(2026, 11, 23))) == []


@pytest.mark.parametrize("count", [41_742, 41_743])
def test_whole_cycles_of_the_calendar_are_counted_as_one_by_one(count):
    rule = parse_rule(f"FREQ=DAILY;BYDAY=MO,WE;COUNT={count}")
    start = date(2026, 11, 23)
    whole = list(rule_days(rule, start, from_day=start))
    assert len(whole) == count
    last = whole[-1]
    assert list(rule_days(rule, start, from_day=last)) == [last]
    assert list(rule_days(rule, start, from_day=last + timedelta(days=1))) == []
