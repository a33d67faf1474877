from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz as dateutil_tz
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.calendar import (
    CalendarEvent,
    InvalidEvent,
    InvalidReminder,
    Moved,
    due_reminders,
    next_occurrence,
    occurrences,
    occurrences_from,
    parse_rule,
    rule_text,
)
from saaskit_core.periods import NaiveDatetime, Period, UnknownTimeZone
from tests.core.calendar.rule_strategies import STARTS, goes_on, rules

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Antarctica/Troll",
)


def wall(*parts):
    return datetime(*parts)  # noqa: DTZ001


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def event(*starts, rule=None, length=HOUR, **given_):
    return CalendarEvent(
        starts=wall(*starts), ends=wall(*starts) + length, rule=rule and parse_rule(rule), **given_
    )


def first(found, many=3):
    return [each.starts_at for each in islice(found, many)]


def test_wall_clock_time_is_kept_across_the_clocks_changes():
    nine = event(2026, 3, 28, 9, rule="FREQ=DAILY", tz="Europe/Berlin")
    assert first(occurrences_from(nine, utc(2026, 3, 1)), 2) == [
        utc(2026, 3, 28, 8),
        utc(2026, 3, 29, 7),
    ]


@pytest.mark.parametrize(
    ("tz", "starts", "expected"),
    [
        # Skipped: forward by the gap.
        ("Europe/Berlin", (2026, 3, 29, 2, 30), (2026, 3, 29, 1, 30)),
        ("America/New_York", (2026, 3, 8, 2, 30), (2026, 3, 8, 7, 30)),
        ("Australia/Lord_Howe", (2026, 10, 4, 2, 15), (2026, 10, 3, 15, 45)),
        ("Africa/Cairo", (2026, 4, 24, 0, 30), (2026, 4, 23, 22, 30)),
        ("Pacific/Apia", (2011, 12, 30, 10), (2011, 12, 30, 20)),
        # Twice: the first.
        ("Europe/Berlin", (2026, 10, 25, 2, 30), (2026, 10, 25, 0, 30)),
        ("America/New_York", (2026, 11, 1, 1, 30), (2026, 11, 1, 5, 30)),
        ("Europe/Dublin", (2026, 10, 25, 1, 30), (2026, 10, 25, 0, 30)),
        ("Australia/Lord_Howe", (2026, 4, 5, 1, 45), (2026, 4, 4, 14, 45)),
        ("Pacific/Chatham", (2026, 4, 5, 3, 0), (2026, 4, 4, 13, 15)),
        ("Antarctica/Troll", (2026, 10, 25, 1, 30), (2026, 10, 24, 23, 30)),
    ],
)
def test_a_time_that_is_skipped_or_occurs_twice(tz, starts, expected):
    (found,) = occurrences_from(event(*starts, tz=tz), utc(2000, 1, 1))
    assert found.starts_at == utc(*expected)
    assert found.wall == wall(*starts)


def test_a_day_that_a_zone_skipped_happens_once():
    daily = event(2011, 12, 29, 10, rule="FREQ=DAILY;COUNT=4", tz="Pacific/Apia")
    assert first(occurrences_from(daily, utc(2011, 1, 1)), 9) == [
        utc(2011, 12, 29, 20),
        utc(2011, 12, 30, 20),
        utc(2011, 12, 31, 20),
    ]


@pytest.mark.parametrize(
    ("starts", "length", "lasts"),
    [
        ((2026, 3, 28, 22), 8 * HOUR, 7 * HOUR),
        ((2026, 10, 24, 22), 8 * HOUR, 9 * HOUR),
        ((2026, 3, 29, 2, 15), HOUR / 2, HOUR / 2),
        ((2026, 3, 29, 2, 45), HOUR / 2, HOUR / 2),
        ((2026, 3, 29, 2), HOUR, HOUR),
        ((2026, 6, 1, 9), timedelta(), timedelta()),
    ],
)
def test_an_end_is_on_the_wall_clock_and_never_before_the_start(starts, length, lasts):
    (found,) = occurrences_from(event(*starts, length=length, tz="Europe/Berlin"), utc(2026, 1, 1))
    assert found.ends_at - found.starts_at == lasts
    assert found.is_instantaneous is (not length)


def test_until_a_day_is_that_day_on_the_events_clock_and_until_an_instant_is_exact():
    for until, count in (
        ("20260103", 3),
        ("20260103T080000Z", 3),
        ("20260103T075959Z", 2),
        ("20260102T230000Z", 2),
    ):
        daily = event(2026, 1, 1, 9, rule=f"FREQ=DAILY;UNTIL={until}", tz="Europe/Berlin")
        assert len(first(occurrences_from(daily, utc(2025, 1, 1)), 9)) == count
    late = event(2026, 1, 1, 23, rule="FREQ=DAILY;UNTIL=20260103T070000Z", tz="America/New_York")
    assert len(first(occurrences_from(late, utc(2025, 1, 1)), 9)) == 2


def test_a_window_is_half_open():
    daily = event(2026, 1, 1, 9, rule="FREQ=DAILY")
    window = Period(utc(2026, 1, 2, 9), utc(2026, 1, 4, 9))
    assert first(occurrences(daily, window), 9) == [utc(2026, 1, 2, 9), utc(2026, 1, 3, 9)]


def test_one_can_be_left_out_added_or_moved():
    weekly = event(
        2026, 1, 5, 9,
        rule="FREQ=WEEKLY;COUNT=5",
        excluded=frozenset({wall(2026, 1, 12, 9)}),
        added=frozenset({wall(2026, 1, 14, 7), wall(2026, 1, 19, 9)}),
        moved={
            wall(2026, 1, 26, 9): Moved(starts=wall(2026, 1, 6, 15), ends=wall(2026, 1, 6, 18)),
            wall(2026, 1, 14, 7): Moved(starts=wall(2026, 3, 1, 7)),
            wall(2026, 1, 27, 9): Moved(starts=wall(2026, 1, 7, 9)),
        },
    )  # fmt: skip
    found = list(occurrences_from(weekly, utc(2026, 1, 1)))
    assert [(each.starts_at, each.wall.day) for each in found] == [
        (utc(2026, 1, 5, 9), 5),
        (utc(2026, 1, 6, 15), 26),
        (utc(2026, 1, 19, 9), 19),
        (utc(2026, 2, 2, 9), 2),
        (utc(2026, 3, 1, 7), 14),
    ]
    assert found[1].ends_at == utc(2026, 1, 6, 18)
    assert first(occurrences_from(weekly, utc(2026, 1, 20)), 9) == [
        utc(2026, 2, 2, 9),
        utc(2026, 3, 1, 7),
    ]


def test_the_next_one_is_after_now():
    once = event(2026, 1, 5, 9)
    assert next_occurrence(once, after=utc(2026, 1, 5, 8)).starts_at == utc(2026, 1, 5, 9)
    assert next_occurrence(once, after=utc(2026, 1, 5, 9)) is None
    endless = event(2026, 1, 5, 9, rule="FREQ=DAILY;COUNT=1000000000")
    assert next_occurrence(endless, after=utc(3000, 1, 1)).starts_at == utc(3000, 1, 1, 9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ends": wall(2025, 1, 1)},
        {"starts": utc(2026, 1, 1)},
        {"excluded": frozenset({utc(2026, 1, 1)})},
        {"moved": {wall(2026, 1, 1): Moved(starts=wall(2026, 1, 2), ends=wall(2026, 1, 1))}},
    ],
)
def test_a_senseless_event_is_refused(wrong):
    with pytest.raises(InvalidEvent):
        CalendarEvent(**{"starts": wall(2026, 1, 1), "ends": wall(2026, 1, 2), **wrong})


def test_an_unknown_zone_and_a_naive_instant_are_refused():
    with pytest.raises(UnknownTimeZone):
        event(2026, 1, 1, tz="Mars/Olympus")
    with pytest.raises(NaiveDatetime):
        next(occurrences_from(event(2026, 1, 1), wall(2026, 1, 1)))


def test_reminders_come_so_long_before():
    daily = event(2026, 1, 5, 9, rule="FREQ=DAILY")
    due = due_reminders(daily, [DAY, HOUR], last_run=utc(2026, 1, 5, 7), now=utc(2026, 1, 5, 9))
    assert [(each.before, each.due_at, each.occurrence.starts_at) for each in due] == [
        (HOUR, utc(2026, 1, 5, 8), utc(2026, 1, 5, 9)),
        (DAY, utc(2026, 1, 5, 9), utc(2026, 1, 6, 9)),
    ]
    assert due[0].key == "2026-01-05T09:00:00/3600"


@pytest.mark.parametrize("before", [-HOUR, timedelta(days=367)])
def test_a_reminder_afterwards_or_years_before_is_refused(before):
    with pytest.raises(InvalidReminder):
        due_reminders(event(2026, 1, 5, 9), [before], last_run=utc(2026, 1, 1), now=utc(2026, 1, 2))


@given(
    rules(),
    STARTS,
    st.sampled_from(ZONES),
    st.lists(st.timedeltas(timedelta(), timedelta(days=40)), max_size=6),
    st.sets(st.sampled_from([timedelta(), HOUR / 4, HOUR, DAY, 7 * DAY]), max_size=3),
)
def test_each_reminder_is_due_in_exactly_one_run_however_late_it_comes(rule, at, tz, runs, before):
    something = CalendarEvent(starts=at, ends=at, tz=tz, rule=rule)
    begun = now = at.replace(tzinfo=UTC) - 3 * DAY
    found = []
    for pause in runs:
        found += due_reminders(something, before, last_run=now, now=now + pause)
        now += pause
    assert found == sorted(found, key=lambda each: each.due_at) or len(before) > 1
    whole = due_reminders(something, before, last_run=begun, now=now)
    assert sorted(each.key for each in found) == sorted(each.key for each in whole)
    assert len({each.key for each in found}) == len(found)


@given(
    rules(),
    STARTS,
    st.sampled_from(ZONES),
    st.lists(st.timedeltas(timedelta(seconds=1), timedelta(days=400)), min_size=1, max_size=5),
)
def test_windows_that_follow_one_another_share_none_and_miss_none(rule, at, tz, spans):
    something = CalendarEvent(starts=at, ends=at + HOUR, tz=tz, rule=rule)
    begun = edge = at.replace(tzinfo=UTC) - DAY
    found = []
    for span in spans:
        found += occurrences(something, Period(edge, edge + span))
        edge += span
    assert found == list(occurrences(something, Period(begun, edge)))
    assert [each.starts_at for each in found] == sorted({each.starts_at for each in found})


@given(rules(set_pos=False), STARTS, st.sampled_from(ZONES))
def test_the_instants_are_those_of_dateutil(rule, at, tz):
    """dateutil's own zones resolve the wall-clock times: neither rule nor zone shares our code."""
    if not goes_on(rule, at, at + timedelta(days=800)):
        return
    until = rule.until
    text = rule_text(rule).split(";UNTIL=")[0] if until else rule_text(rule)
    rest = rule_text(rule).split(";UNTIL=")[1].split(";", 1)[1:] if until else []
    theirs = rrulestr(";".join([text, *rest]), dtstart=at).xafter(at, inc=True)
    zone, end = dateutil_tz.gettz(tz), at + timedelta(days=800)
    expected = []
    for each in theirs:
        if each >= end:
            break
        moment = dateutil_tz.resolve_imaginary(each.replace(tzinfo=zone, fold=0)).astimezone(UTC)
        is_day = type(until) is date
        if until and (each.date() > until if is_day else moment > until):
            break
        expected.append(moment)
    ours = CalendarEvent(starts=at, ends=at, tz=tz, rule=rule)
    found = [
        each.starts_at
        for each in occurrences(ours, Period(utc(2000, 1, 1), end.replace(tzinfo=UTC) + 3 * DAY))
        if each.wall < end
    ]
    assert found == expected
    assert all(each.astimezone(ZoneInfo(tz)).tzinfo for each in found)
