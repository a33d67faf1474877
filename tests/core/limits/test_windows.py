from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.features import definitions
from saaskit_core.limits import UNLIMITED, CalendarUnit, OnBackendError, Policy
from saaskit_core.periods import NaiveDatetime, OutsideCalendar

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]

FIRST, LAST = datetime(2000, 1, 1), datetime(2060, 1, 1)  # noqa: DTZ001
INSTANTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


def window(at, unit, *, tz="UTC", anchor=None):
    policy = Policy(name="q", quota=5, calendar=unit, tz=tz, anchor=anchor)
    found = policy.window_at(datetime(*at, tzinfo=UTC))
    return found.starts_at, found.ends_at


def utc(*at):
    return datetime(*at, tzinfo=UTC)


@pytest.mark.parametrize(
    ("unit", "tz", "at", "starts_at", "ends_at"),
    [
        (CalendarUnit.HOUR, "UTC", (2026, 3, 1, 23, 59), (2026, 3, 1, 23), (2026, 3, 2)),
        (
            CalendarUnit.HOUR,
            "Asia/Kathmandu",
            (2026, 3, 1, 12),
            (2026, 3, 1, 11, 15),
            (2026, 3, 1, 12, 15),
        ),
        (CalendarUnit.WEEK, "UTC", (2026, 3, 1, 23), (2026, 2, 23), (2026, 3, 2)),
        (CalendarUnit.YEAR, "UTC", (2024, 2, 29), (2024, 1, 1), (2025, 1, 1)),
        (
            CalendarUnit.YEAR,
            "Asia/Tokyo",
            (2025, 12, 31, 15),
            (2025, 12, 31, 15),
            (2026, 12, 31, 15),
        ),
    ],
)
def test_a_calendar_window_is_the_zones_own(unit, tz, at, starts_at, ends_at):
    assert window(at, unit, tz=tz) == (utc(*starts_at), utc(*ends_at))


@pytest.mark.parametrize(
    ("unit", "anchor", "at", "starts_at", "ends_at"),
    [
        (
            CalendarUnit.MONTH,
            (2026, 1, 31, 9),
            (2026, 2, 28, 8),
            (2026, 1, 31, 9),
            (2026, 2, 28, 9),
        ),
        (
            CalendarUnit.MONTH,
            (2026, 1, 31, 9),
            (2026, 3, 31, 9),
            (2026, 3, 31, 9),
            (2026, 4, 30, 9),
        ),
        (
            CalendarUnit.MONTH,
            (2026, 1, 31, 9),
            (2028, 2, 29, 9),
            (2028, 2, 29, 9),
            (2028, 3, 31, 9),
        ),
        (CalendarUnit.YEAR, (2024, 2, 29), (2026, 2, 28), (2026, 2, 28), (2027, 2, 28)),
        (CalendarUnit.WEEK, (2026, 1, 1, 6), (2026, 1, 8, 5), (2026, 1, 1, 6), (2026, 1, 8, 6)),
        (CalendarUnit.DAY, (2026, 1, 1, 6), (2026, 7, 1, 5), (2026, 6, 30, 6), (2026, 7, 1, 6)),
        (
            CalendarUnit.HOUR,
            (2026, 1, 1, 0, 20),
            (2026, 1, 1, 7, 19),
            (2026, 1, 1, 6, 20),
            (2026, 1, 1, 7, 20),
        ),
        # Before the anchor: counted backwards.
        (CalendarUnit.MONTH, (2026, 3, 31), (2026, 3, 1), (2026, 2, 28), (2026, 3, 31)),
    ],
)
def test_an_anchored_window_begins_at_the_billing_anchor(unit, anchor, at, starts_at, ends_at):
    assert window(at, unit, anchor=utc(*anchor)) == (utc(*starts_at), utc(*ends_at))


@given(
    st.sampled_from(list(CalendarUnit)),
    st.sampled_from(ZONES),
    INSTANTS,
    st.none() | INSTANTS,
)
def test_windows_cover_time_without_gap_or_overlap(unit, tz, at, anchor):
    policy = Policy(name="q", quota=5, calendar=unit, tz=tz, anchor=anchor)
    found = policy.window_at(at)
    assert at in found
    assert policy.window_at(found.starts_at) == found
    assert policy.window_at(found.ends_at).starts_at == found.ends_at
    assert policy.window_at(found.ends_at - timedelta(microseconds=1)) == found


def test_a_naive_anchor_is_refused():
    with pytest.raises(NaiveDatetime):
        Policy(name="q", quota=5, calendar=CalendarUnit.DAY, anchor=datetime(2026, 1, 1))  # noqa: DTZ001


def test_rate_limits_fail_open_and_quotas_are_counted_locally_unless_said_otherwise():
    rate = Policy(name="r", quota=5, window=timedelta(hours=1))
    quota = Policy(name="q", quota=5, calendar=CalendarUnit.DAY)
    closed = Policy(
        name="c", quota=5, calendar=CalendarUnit.DAY, on_backend_error=OnBackendError.CLOSED
    )
    assert [each.on_backend_error for each in (rate, quota, closed)] == ["open", "local", "closed"]
    assert [each.is_quota for each in (rate, quota)] == [False, True]


def test_unlimited_is_the_value_that_features_have():
    assert UNLIMITED == definitions.UNLIMITED


@pytest.mark.parametrize(
    ("tz", "day"),
    [
        ("America/Sao_Paulo", datetime(2018, 11, 3, 12, tzinfo=UTC)),
        ("America/Havana", datetime(2024, 3, 9, 12, tzinfo=UTC)),
        ("Asia/Beirut", datetime(2023, 3, 25, 12, tzinfo=UTC)),
        ("Africa/Cairo", datetime(2024, 4, 25, 12, tzinfo=UTC)),
        ("Pacific/Apia", datetime(2011, 12, 29, 12, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2024, 10, 26, 12, tzinfo=UTC)),
    ],
    ids=lambda value: str(value)[:20],
)
@pytest.mark.parametrize("unit", list(CalendarUnit))
def test_the_day_after_a_skipped_midnight_begins_when_that_day_ends(tz, day, unit):
    policy = Policy(name="q", quota=1, calendar=unit, tz=tz)
    before = policy.window_at(day)
    for step in range(1, 60 * 4):
        now = policy.window_at(day + timedelta(minutes=15 * step))
        assert now == before or now.starts_at == before.ends_at
        before = now


@pytest.mark.parametrize("unit", list(CalendarUnit))
def test_a_window_beyond_the_calendar_is_refused_by_name(unit):
    policy = Policy(name="q", quota=1, calendar=unit, tz="Asia/Tokyo")
    with pytest.raises(OutsideCalendar):
        policy.window_at(datetime(9999, 12, 31, 23, tzinfo=UTC))
