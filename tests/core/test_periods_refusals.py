"""Every refusal of a time says which time and why; the edges of the calendar and of the zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from saaskit_core.errors import SaasKitError
from saaskit_core.periods import (
    Interval,
    InvalidInterval,
    NaiveDatetime,
    OutsideCalendar,
    Period,
    ProrationMode,
    Unit,
    UnknownTimeZone,
    add_months,
    fraction_left,
    period,
    period_index,
    period_start,
    utc,
    zone,
)

MONTHLY = Interval(Unit.MONTH)
MAY = Period(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
NEW_YORK = "America/New_York"


class NoOffset(tzinfo):
    """A zone that doesn't know its offset: such an instant is as naive as one without a zone."""

    def utcoffset(self, at):
        return None

    def dst(self, at):
        return None

    def tzname(self, at):
        return "?"


def moment(*fields: int) -> datetime:
    return datetime(*fields, tzinfo=UTC)


LONG = "x" * 90

REFUSALS = [
    (
        lambda: utc(LONG),
        f"'{LONG[:39]} has no time zone: every instant is time-zone aware.",
    ),
    (lambda: zone(17), "17 is not a time zone of the IANA database."),
    (lambda: zone([LONG]), f"['{LONG[:62]} is not a time zone of the IANA database."),
    (
        lambda: Interval(LONG, 1),
        f"'{LONG[:39]} is not a billing interval: the unit is day, week, month, year.",
    ),
    (
        lambda: Interval(Unit.MONTH, 0),
        "0 month is not a billing interval: the count is 1 to 1000.",
    ),
    (
        lambda: Interval(Unit.DAY, "x"),
        "'x' day is not a billing interval: the count is 1 to 1000.",
    ),
    (
        lambda: Period(moment(2026, 2, 1), moment(2026, 1, 1)),
        "A period from 2026-02-01 00:00:00+00:00 to 2026-01-01 00:00:00+00:00 is not possible: "
        "it must end after it starts.",
    ),
    (
        lambda: utc(datetime(2026, 1, 1)),  # noqa: DTZ001
        "2026-01-01T00:00:00 has no time zone: every instant is time-zone aware.",
    ),
    (
        lambda: utc(datetime.fromisoformat("0001-01-01T00:00:00+01:00")),
        "0001-01-01T00:00:00+01:00 lies outside the years 1 to 9999.",
    ),
    (
        lambda: period_start(moment(2026, 1, 31), Interval(Unit.YEAR, 1000), 8, NEW_YORK),
        "period 8 of 2026-01-31T00:00:00+00:00 lies outside the years 1 to 9999.",
    ),
    (
        lambda: period_index(moment(2026, 1, 31), MONTHLY, moment(2026, 1, 30)),
        "2026-01-30 00:00:00+00:00 is not within the period from 2026-01-31 00:00:00+00:00 to "
        "the end of time.",
    ),
    (
        lambda: fraction_left(MAY, moment(2026, 6, 2)),
        "2026-06-02 00:00:00+00:00 is not within the period from 2026-05-01 00:00:00+00:00 to "
        "2026-06-01 00:00:00+00:00.",
    ),
]


@pytest.mark.parametrize(("refused", "words"), REFUSALS, ids=[words for _, words in REFUSALS])
def test_a_refusal_names_the_time_and_the_reason(refused, words):
    with pytest.raises(SaasKitError) as caught:
        refused()
    assert str(caught.value) == words


@pytest.mark.parametrize("is_start_local", [True, False])
@pytest.mark.parametrize("is_end_local", [True, False])
def test_a_period_is_kept_in_utc_whichever_end_was_given_in_another_zone(
    is_start_local, is_end_local
):
    paris = ZoneInfo("Europe/Paris")
    start = MAY.starts_at.astimezone(paris) if is_start_local else MAY.starts_at
    end = MAY.ends_at.astimezone(paris) if is_end_local else MAY.ends_at
    span = Period(start, end)
    assert span == MAY
    assert (span.starts_at.tzinfo, span.ends_at.tzinfo) == (UTC, UTC)


def test_neither_end_of_a_period_may_be_naive():
    for start, end in (
        (MAY.starts_at.replace(tzinfo=None), MAY.ends_at),
        (MAY.starts_at, MAY.ends_at.replace(tzinfo=None)),
    ):
        with pytest.raises(NaiveDatetime):
            Period(start, end)


def test_an_instant_whose_zone_has_no_offset_is_naive():
    with pytest.raises(NaiveDatetime):
        utc(datetime(2026, 1, 1, tzinfo=NoOffset()))


@pytest.mark.parametrize("count", [True, 1.0, "1", None])
def test_a_count_is_an_int(count):
    with pytest.raises(InvalidInterval):
        Interval(Unit.MONTH, count)


def test_the_last_and_the_first_year_that_can_be_reached():
    year = Interval(Unit.YEAR)
    assert period_start(moment(9000, 1, 1), year, 998) == moment(9998, 1, 1)
    assert add_months(moment(2, 1, 1), -12) == moment(1, 1, 1)
    for at, months in ((moment(9998, 1, 1), 12), (moment(1, 1, 1), -1)):
        with pytest.raises(OutsideCalendar):
            add_months(at, months)


@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("count", [1, 3, 5])
@pytest.mark.parametrize("tz", ["UTC", NEW_YORK, "Australia/Lord_Howe"])
def test_the_index_is_exact_at_both_ends_of_every_period(unit, count, tz):
    anchor, interval = moment(2024, 1, 31, 3, 47), Interval(unit, count)
    tick = timedelta(microseconds=1)
    for index in range(14):
        span = period(anchor, interval, index, tz)
        for at in (span.starts_at, span.starts_at + tick, span.ends_at - tick):
            assert period_index(anchor, interval, at, tz) == index


def test_without_a_zone_the_calendar_is_utc():
    anchor = moment(2026, 1, 31, 2)
    assert period(anchor, MONTHLY, 1) == period(anchor, MONTHLY, 1, "UTC")
    assert period_index(anchor, MONTHLY, moment(2026, 3, 1)) == 1
    assert period(anchor, MONTHLY, 1) != period(anchor, MONTHLY, 1, NEW_YORK)


def test_months_are_added_on_the_wall_clock_of_the_zone():
    at = moment(2026, 2, 1, 2)
    assert add_months(at, 1) == moment(2026, 3, 1, 2)
    assert add_months(at, 1, NEW_YORK) == moment(2026, 3, 1, 2)
    assert add_months(moment(2026, 3, 1, 2), 1, NEW_YORK) == moment(2026, 3, 29, 1)


def test_a_doubled_hour_is_its_first_even_when_the_anchor_was_in_its_second():
    second = datetime.fromisoformat("2025-11-02T01:30:00-05:00")
    first = moment(2026, 11, 1, 5, 30)
    assert period_start(second, Interval(Unit.DAY, 364), 1, NEW_YORK) == first
    assert period_start(second, Interval(Unit.WEEK, 52), 1, NEW_YORK) == first
    in_november = datetime.fromisoformat("2020-11-01T01:30:00-05:00")
    assert period_start(in_november, Interval(Unit.YEAR, 6), 1, NEW_YORK) == first


@pytest.mark.parametrize(
    ("start", "end", "at", "left"),
    [
        # 30E/360: a 31st counts as a 30th at either end, a year is twelve months.
        ((2026, 1, 31), (2026, 3, 31), (2026, 2, 28), Fraction(32, 60)),
        ((2026, 1, 30), (2026, 3, 31), (2026, 1, 31), Fraction(60, 60)),
        ((2026, 5, 31), (2026, 7, 1), (2026, 6, 30), Fraction(1, 31)),
        ((2025, 12, 15), (2027, 1, 15), (2026, 12, 15), Fraction(30, 390)),
    ],
)
def test_every_month_has_thirty_days(start, end, at, left):
    span = Period(moment(*start), moment(*end))
    assert fraction_left(span, moment(*at), mode=ProrationMode.FIXED30) == left


@pytest.mark.parametrize("mode", [ProrationMode.DAY, ProrationMode.FIXED30])
def test_both_ends_are_read_on_the_calendar_of_the_zone(mode):
    span = Period(moment(2026, 6, 1, 2), moment(2026, 6, 16, 12))
    at = moment(2026, 6, 11, 2)
    assert fraction_left(span, at, mode=mode, tz="UTC") == Fraction(5, 15)
    assert fraction_left(span, at, mode=mode, tz=NEW_YORK) == Fraction(6, 16)


@pytest.mark.parametrize("mode", [ProrationMode.DAY, ProrationMode.FIXED30])
def test_an_end_that_is_still_the_day_before_in_the_zone(mode):
    span = Period(moment(2026, 6, 1, 12), moment(2026, 6, 16, 2))
    at = moment(2026, 6, 11, 12)
    assert fraction_left(span, at, mode=mode, tz="UTC") == Fraction(5, 15)
    assert fraction_left(span, at, mode=mode, tz=NEW_YORK) == Fraction(4, 14)


def test_a_span_of_one_day_is_that_day():
    span = Period(moment(2026, 6, 1, 12), moment(2026, 6, 2, 12))
    assert fraction_left(span, moment(2026, 6, 1, 18), mode=ProrationMode.DAY) == 1


def test_a_microsecond_is_the_smallest_part():
    span = Period(moment(2026, 6, 1), moment(2026, 6, 1) + timedelta(microseconds=3))
    at = span.starts_at + timedelta(microseconds=1)
    assert fraction_left(span, at) == Fraction(2, 3)


def test_periods_that_touch_do_not_overlap():
    june = Period(MAY.ends_at, moment(2026, 7, 1))
    assert not MAY.overlaps(june)
    assert not june.overlaps(MAY)


@pytest.mark.parametrize("value", [1.5, float("nan"), True, None, "2024-06-01", date(2024, 6, 1)])
def test_what_is_no_instant(value):
    with pytest.raises(NaiveDatetime):
        utc(value)


@pytest.mark.parametrize("value", [1.5, None, [], b"UTC", "", "x" * 10**6, "../UTC", "a\0b"])
def test_what_is_no_zone(value):
    with pytest.raises(UnknownTimeZone):
        zone(value)


@pytest.mark.parametrize("unit", ["fortnight", 1.5, None, [], True])
def test_what_is_no_unit(unit):
    with pytest.raises(InvalidInterval):
        Interval(unit)


def test_a_unit_is_read_by_its_name():
    assert Interval("month", 3) == Interval(Unit.MONTH, 3)
    assert Interval("month", 3).months == 3
