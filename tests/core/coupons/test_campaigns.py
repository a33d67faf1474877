from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.coupons import Campaign, CouponCodeInvalid, InvalidCampaign, ends_of, starts_of
from saaskit_core.money import InvalidAmount, UnknownCurrency
from saaskit_core.periods import OutsideCalendar, UnknownTimeZone

BERLIN = "Europe/Berlin"


def wall(*at):
    return datetime(*at)  # noqa: DTZ001


def utc(*at):
    return datetime(*at, tzinfo=UTC)


def test_a_campaign_is_spelled_like_a_code():
    assert Campaign(key=" summer ").key == "SUMMER"
    assert Campaign(key="SUMMER").budgets == {}
    with pytest.raises(CouponCodeInvalid):
        Campaign(key=" ")


@pytest.mark.parametrize("minor", [0, -1])
def test_a_budget_is_more_than_nothing(minor):
    with pytest.raises(InvalidCampaign) as refused:
        Campaign(key="S", budgets={"EUR": minor})
    shown = f"0.0{abs(minor)}"
    sign = "-" if minor else ""
    assert str(refused.value) == (
        f"The campaign S is not possible: a budget is more than zero, not {sign}{shown} EUR."
    )


def test_a_budget_is_exact_and_in_a_real_currency():
    assert Campaign(key="S", budgets={"JPY": 1}).budgets == {"JPY": 1}
    with pytest.raises(InvalidAmount):
        Campaign(key="S", budgets={"EUR": 1.0})
    with pytest.raises(UnknownCurrency):
        Campaign(key="S", budgets={"EUX": 1})


@pytest.mark.parametrize(
    ("day", "tz", "starts", "ends"),
    [
        (date(2026, 7, 6), "UTC", utc(2026, 7, 6), utc(2026, 7, 7)),
        (date(2026, 7, 6), BERLIN, utc(2026, 7, 5, 22), utc(2026, 7, 6, 22)),
        (date(2026, 7, 6), "America/New_York", utc(2026, 7, 6, 4), utc(2026, 7, 7, 4)),
        # Days of 23 and 25 hours; the midnight after this day is skipped in Beirut.
        (date(2026, 3, 29), BERLIN, utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),
        (date(2026, 10, 25), BERLIN, utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)),
        (date(2022, 3, 26), "Asia/Beirut", utc(2022, 3, 25, 22), utc(2022, 3, 26, 22)),
    ],
)
def test_a_date_is_a_whole_day_of_the_zone(day, tz, starts, ends):
    assert starts_of(day, tz=tz) == starts
    assert ends_of(day, tz=tz) == ends


@pytest.mark.parametrize(
    ("at", "instant"),
    [
        (wall(2026, 3, 29, 1, 59), utc(2026, 3, 29, 0, 59)),
        (wall(2026, 3, 29, 2, 30), utc(2026, 3, 29, 1, 30)),
        (wall(2026, 3, 29, 3, 30), utc(2026, 3, 29, 1, 30)),
        (wall(2026, 10, 25, 2, 30), utc(2026, 10, 25, 0, 30)),
        (wall(2026, 10, 25, 2, 30).replace(fold=1), utc(2026, 10, 25, 0, 30)),
        (wall(2026, 10, 25, 3, 30), utc(2026, 10, 25, 2, 30)),
    ],
)
def test_a_wall_time_is_read_in_the_zone_forward_over_a_gap_and_first_of_two(at, instant):
    assert starts_of(at, tz=BERLIN) == instant
    assert ends_of(at, tz=BERLIN) == instant


def test_an_aware_instant_stays_what_it_is():
    dubai = timezone(timedelta(hours=4))
    at = datetime(2026, 7, 6, 4, tzinfo=dubai)
    assert ends_of(at, tz=BERLIN) == at
    assert ends_of(at, tz=BERLIN).tzinfo is UTC


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(["Asia/Dubai", BERLIN, "UTC"]))
def test_saving_an_end_again_in_another_zone_moves_nothing(at, tz):
    once = ends_of(at, tz=tz)
    assert ends_of(once, tz="Asia/Dubai") == once == at


def test_what_no_calendar_has_is_refused_by_name():
    with pytest.raises(OutsideCalendar, match="9999-12-31 lies outside"):
        ends_of(date.max, tz="UTC")
    with pytest.raises(UnknownTimeZone):
        starts_of(date(2026, 1, 1), tz="Europe/Atlantis")
