from datetime import UTC, datetime, timedelta

import pytest

from saaskit_core.limits import InvalidPolicy, OnBackendError, Policy
from saaskit_core.periods import NaiveDatetime, Unit, UnknownTimeZone

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"quota": -1},
        {"quota": True},
        {"quota": 1.5},
        {"window": None},
        {"calendar": Unit.DAY},
        {"window": timedelta(0)},
        {"window": timedelta(milliseconds=1500)},
        {"window": None, "calendar": "fortnight"},
        {"burst": 0},
        {"burst": 1.5},
        {"window": None, "calendar": Unit.DAY, "burst": 5},
        {"anchor": datetime(2026, 1, 1, tzinfo=UTC)},
        {"quota": 2**53},
    ],
)
def test_a_senseless_policy_is_refused(wrong):
    with pytest.raises(InvalidPolicy):
        Policy(**{"name": "calls", "quota": 5, "window": HOUR, **wrong})


def test_an_unknown_zone_is_refused():
    with pytest.raises(UnknownTimeZone):
        Policy(name="calls", quota=5, calendar=Unit.DAY, tz="Mars/Olympus")


def test_a_sliding_window_starts_at_multiples_of_its_length():
    policy = Policy(name="calls", quota=5, window=HOUR)
    window = policy.window_at(datetime(2026, 1, 1, 10, 59, 59, tzinfo=UTC))
    assert window.starts_at == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert policy.previous_start(window.starts_at) == datetime(2026, 1, 1, 9, tzinfo=UTC)
    assert policy.is_sliding


@pytest.mark.parametrize(
    ("unit", "tz", "at", "starts_at", "ends_at"),
    [
        (Unit.DAY, "UTC", (2026, 3, 1, 23), (2026, 3, 1), (2026, 3, 2)),
        (Unit.MONTH, "UTC", (2026, 2, 28, 23), (2026, 2, 1), (2026, 3, 1)),
        (Unit.DAY, "Asia/Tokyo", (2026, 3, 1, 15), (2026, 3, 1, 15), (2026, 3, 2, 15)),
        # A day of 23 hours and one of 25.
        (Unit.DAY, "Europe/Berlin", (2026, 3, 29, 12), (2026, 3, 28, 23), (2026, 3, 29, 22)),
        (Unit.DAY, "Europe/Berlin", (2026, 10, 25, 12), (2026, 10, 24, 22), (2026, 10, 25, 23)),
    ],
)
def test_a_calendar_window_runs_from_midnight_to_midnight(unit, tz, at, starts_at, ends_at):
    policy = Policy(name="calls", quota=5, calendar=unit, tz=tz)
    window = policy.window_at(datetime(*at, tzinfo=UTC))
    assert window.starts_at == datetime(*starts_at, tzinfo=UTC)
    assert window.ends_at == datetime(*ends_at, tzinfo=UTC)
    assert policy.previous_start(window.starts_at) is None
    assert not policy.is_sliding


def test_a_naive_now_is_refused():
    with pytest.raises(NaiveDatetime):
        Policy(name="calls", quota=5, window=HOUR).window_at(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("rate", "quota", "window"),
    [
        ("10/m", 10, timedelta(minutes=1)),
        ("5/15m", 5, timedelta(minutes=15)),
        ("1/s", 1, timedelta(seconds=1)),
        ("100/2h", 100, timedelta(hours=2)),
        ("7/d", 7, timedelta(days=1)),
    ],
)
def test_a_rate_is_a_policy(rate, quota, window):
    policy = Policy.of_rate("coupon", rate, on_backend_error=OnBackendError.CLOSED)
    assert (policy.quota, policy.window) == (quota, window)
    assert policy.on_backend_error is OnBackendError.CLOSED


@pytest.mark.parametrize("rate", ["", "10", "0/m", "10/w", "10/0m", "-1/m", "10 / m", "1.5/m"])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(InvalidPolicy, match="is no rate"):
        Policy.of_rate("coupon", rate, on_backend_error=OnBackendError.OPEN)


@pytest.mark.parametrize("window", [60, 1.5, True, "1m", [], datetime(2024, 1, 1, tzinfo=UTC)])
def test_a_window_is_a_duration(window):
    with pytest.raises(InvalidPolicy):
        Policy(name="q", quota=1, window=window)


@pytest.mark.parametrize("rate", [None, 5, 1.5, [], b"5/m", "5/m" * 10**6, "5/0m"])
def test_what_is_no_rate(rate):
    with pytest.raises(InvalidPolicy):
        Policy.of_rate("q", rate)


@pytest.mark.parametrize("name", [None, b"q", 5, []])
def test_a_limit_has_a_name(name):
    with pytest.raises(InvalidPolicy):
        Policy(name=name, quota=1, window=timedelta(days=1))
