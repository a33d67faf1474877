from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.calendar import (
    DayOfWeek,
    EventFrequency,
    Frequency,
    InvalidRecurrence,
    Rule,
    Weekday,
    parse_rule,
    rule_text,
)
from tests.core.calendar.rule_strategies import rules


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("FREQ=DAILY", Rule(frequency=Frequency.DAILY)),
        (
            "RRULE:freq=weekly;interval=2;wkst=su;",
            Rule(frequency=Frequency.WEEKLY, interval=2, week_start=Weekday.SU),
        ),
        (
            "FREQ=MONTHLY;BYDAY=2TU,-1FR;COUNT=5",
            Rule(
                frequency=Frequency.MONTHLY,
                count=5,
                by_day=(DayOfWeek(Weekday.TU, 2), DayOfWeek(Weekday.FR, -1)),
            ),
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            Rule(
                frequency=Frequency.MONTHLY,
                by_set_pos=(-1,),
                by_day=tuple(map(DayOfWeek, list(Weekday)[:5])),
            ),
        ),
        (
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1;UNTIL=20301231",
            Rule(
                frequency=Frequency.YEARLY,
                by_month=(2,),
                by_month_day=(-1,),
                until=date(2030, 12, 31),
            ),
        ),
        (
            "FREQ=DAILY;UNTIL=20301231T235959Z",
            Rule(frequency=Frequency.DAILY, until=datetime(2030, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ),
        ("FREQ=DAILY;COUNT=1000000000", Rule(frequency=Frequency.DAILY, count=10**9)),
    ],
)
def test_a_rule_is_read(text, rule):
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "DAILY",
        "FREQ=",
        "FREQ=SECONDLY",
        "FREQ=HOURLY",
        "INTERVAL=2",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;BYHOUR=9",
        "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=YEARLY;BYYEARDAY=1",
        "FREQ=DAILY;X-A=1",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=1.5",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=9999999999",
        "FREQ=DAILY;COUNT=3;UNTIL=20300101",
        "FREQ=DAILY;UNTIL=20301301",
        "FREQ=DAILY;UNTIL=20300101T000000",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;UNTIL=20300101T246000Z",
        "FREQ=MONTHLY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=YEARLY;BYDAY=54MO",
        "FREQ=WEEKLY;BYDAY=2MO",
        "FREQ=DAILY;BYDAY=-1FR",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=4,6;BYMONTHDAY=-31",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=DAILY;BYSETPOS=367;BYMONTH=1",
        "FREQ=WEEKLY;WKST=8",
        "FREQ=DAILY;;COUNT=1",
        "FREQ=DAILY;BYMONTH=" + "1," * 600 + "1",
        "FREQ=DAILY;BYDAY=²MO",
    ],
)
def test_what_is_no_rule_or_not_supported_is_refused_by_name(text):
    with pytest.raises(InvalidRecurrence):
        parse_rule(text)


@given(st.text(max_size=60) | st.text("FREQ=DAILYBYSTO;,-12", max_size=40))
def test_any_text_is_a_rule_or_refused_by_name(text):
    try:
        rule = parse_rule(text)
    except InvalidRecurrence:
        return
    assert parse_rule(rule_text(rule)) == rule


@given(rules())
def test_what_is_printed_is_read_back(rule):
    assert parse_rule(rule_text(rule)) == rule
    assert rule_text(parse_rule(rule_text(rule))) == rule_text(rule)


@pytest.mark.parametrize("frequency", list(EventFrequency))
def test_each_frequency_of_the_contract_is_a_rule(frequency):
    assert rule_text(Rule.every(frequency)) == f"FREQ={frequency.value.upper()}"
