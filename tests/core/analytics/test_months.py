from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.analytics.months import Calendar, InvalidMonth, Month
from saaskit_core.periods import UnknownTimeZone
from saaskit_core.testing.strategies import instants, zones
from tests.core.billing_builders import at


def test_a_month_is_written_and_read_as_iso_has_it():
    assert str(Month(2024, 2)) == "2024-02"
    assert Month.parse("2024-02") == Month(2024, 2)
    assert Month(2024, 11).plus(3) == Month(2025, 2)
    assert Month(2024, 1).plus(-1) == Month(2023, 12)
    assert Month(2023, 12) < Month(2024, 1)


@pytest.mark.parametrize("text", ["2024-13", "2024-2", "2024", "", "2024-02-01", "²024-02"])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(InvalidMonth):
        Month.parse(text)


@pytest.mark.parametrize(("year", "number"), [(2024, 0), (2024, 13), (0, 1), (9999, 1)])
def test_an_impossible_month_is_refused(year, number):
    with pytest.raises(InvalidMonth):
        Month(year, number)


@pytest.mark.parametrize(
    ("tz", "starts_at"),
    [
        ("UTC", "2024-04-01T00:00+00:00"),
        ("Europe/Paris", "2024-03-31T22:00+00:00"),
        ("America/New_York", "2024-04-01T04:00+00:00"),
    ],
)
def test_a_month_begins_at_midnight_of_the_zone(tz, starts_at):
    assert Month(2024, 4).starts_at(tz) == at(starts_at)


def test_a_month_belongs_to_a_zone():
    instant = at("2024-03-31T22:30+00:00")
    assert Month.of(instant) == Month(2024, 3)
    assert Month.of(instant, "Europe/Paris") == Month(2024, 4)


def test_a_calendar_is_half_open_and_knows_what_lies_outside():
    calendar = Calendar(first=Month(2024, 1), last=Month(2024, 3))
    assert [str(month) for month in calendar.months] == ["2024-01", "2024-02", "2024-03"]
    places = [
        calendar.place(at(text))
        for text in ("2023-12-31T23:59:59", "2024-01-01", "2024-03-31T23:59:59", "2024-04-01")
    ]
    assert places == [0, 1, 3, 4]
    until = Calendar.until(at("2024-03-05"), months=3)
    assert (until.first, until.last) == (Month(2024, 1), Month(2024, 3))


@pytest.mark.parametrize(
    ("first", "last"), [(Month(2024, 2), Month(2024, 1)), (Month(1000, 1), Month(2024, 1))]
)
def test_a_calendar_of_no_or_of_too_many_months_is_refused(first, last):
    with pytest.raises(InvalidMonth):
        Calendar(first=first, last=last)


def test_an_unknown_zone_is_refused():
    with pytest.raises(UnknownTimeZone):
        Calendar(first=Month(2024, 1), last=Month(2024, 1), tz="Mars")


@given(instants(first_year=2000, last_year=2040), zones())
def test_an_instant_lies_in_the_month_its_place_says(instant, tz):
    month = Month.of(instant, tz)
    calendar = Calendar(first=month.plus(-2), last=month.plus(2), tz=tz)
    assert calendar.months[calendar.place(instant) - 1] == month
    assert month.starts_at(tz) <= instant < month.plus(1).starts_at(tz)


@given(st.integers(0, 400))
def test_places_never_fall(days):
    calendar = Calendar(first=Month(2024, 1), last=Month(2024, 12), tz="America/New_York")
    one = datetime(2023, 12, 1, tzinfo=UTC) + timedelta(days=days)
    assert calendar.place(one) <= calendar.place(one + timedelta(hours=1))
