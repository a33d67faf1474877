from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.periods import (
    INTERVALS,
    BillingFrequency,
    Interval,
    InvalidInterval,
    InvalidPeriod,
    NaiveDatetime,
    OutsideCalendar,
    OutsidePeriod,
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
from saaskit_core.testing.strategies import instants, intervals, periods, zones

NAIVE = datetime(2024, 1, 1)  # noqa: DTZ001
MONTH, YEAR, WEEK = Interval(Unit.MONTH), Interval(Unit.YEAR), Interval(Unit.WEEK)


def at(text):
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def starts(anchor, interval, count, tz="UTC"):
    local = ZoneInfo(tz)
    found = (period_start(at(anchor), interval, k, tz).astimezone(local) for k in range(count))
    return [start.date().isoformat() for start in found]


CASES = {
    "case_1 monthly from 31 Jan": ("2023-01-31", MONTH, ["2023-02-28", "2023-03-31", "2023-04-30"]),
    "case_1 in a leap year": ("2024-01-31", MONTH, ["2024-02-29", "2024-03-31", "2024-04-30"]),
    "case_2 always the 2nd": ("2022-09-02", MONTH, ["2022-10-02", "2022-11-02", "2022-12-02"]),
    "case_2 every Friday": ("2022-06-03", WEEK, ["2022-06-10", "2022-06-17", "2022-06-24"]),
    "case_3 from 30 Jan": ("2024-01-30", MONTH, ["2024-02-29", "2024-03-30", "2024-04-30"]),
    "case_4 yearly from 31 Jan": ("2024-01-31", YEAR, ["2025-01-31", "2026-01-31"]),
    "case_5 from 30 Nov": (
        "2025-11-30", MONTH, ["2025-12-30", "2026-01-30", "2026-02-28", "2026-03-30"],
    ),
    "case_6 every 30 days": (
        "2016-04-08",
        Interval(Unit.DAY, 30),
        ["2016-05-08", "2016-06-07", "2016-07-07", "2016-08-06", "2016-09-05", "2016-10-05",
         "2016-11-04"],
    ),
    "case_22 leap day, yearly": (
        "2024-02-29", YEAR, ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_case(case):
    anchor, interval, following = CASES[case]
    assert starts(anchor, interval, len(following) + 1) == [anchor, *following]


def test_case_8_the_billing_day_is_the_customers():
    new_york = "America/New_York"
    found = starts("2023-03-01T03:47:56+00:00", MONTH, 4, new_york)
    assert found == ["2023-02-28", "2023-03-28", "2023-04-28", "2023-05-28"]


def test_case_7_weeks_in_paris_begin_at_local_midnight():
    week = period(at("2022-05-22T22:00"), WEEK, 1, "Europe/Paris")
    assert week == Period(at("2022-05-29T22:00"), at("2022-06-05T22:00"))


def test_wall_time_survives_the_change_of_clocks():
    anchor = at("2024-03-15T09:00:00+01:00")
    april = period_start(anchor, MONTH, 1, "Europe/Paris")
    assert april.astimezone(ZoneInfo("Europe/Paris")).hour == 9
    assert april == at("2024-04-15T07:00")


def test_a_skipped_wall_time_moves_forward_and_a_doubled_one_is_its_first():
    skipped = period_start(
        at("2024-02-29T02:30:00+01:00"), Interval(Unit.DAY, 31), 1, "Europe/Paris"
    )
    assert skipped == at("2024-03-31T01:30")
    assert skipped.astimezone(ZoneInfo("Europe/Paris")).hour == 3
    doubled = period_start(at("2024-09-27T02:30:00+02:00"), MONTH, 1, "Europe/Paris")
    assert doubled == at("2024-10-27T00:30")


def test_case_21_day_fractions():
    may = Period(at("2024-05-15"), at("2024-06-15"))
    february = Period(at("2024-02-15"), at("2024-03-15"))
    assert fraction_left(may, at("2024-05-23"), mode=ProrationMode.DAY) == Fraction(23, 31)
    assert fraction_left(february, at("2024-02-23"), mode=ProrationMode.DAY) == Fraction(21, 29)
    for span, day in ((may, "2024-05-23"), (february, "2024-02-23")):
        assert fraction_left(span, at(day), mode=ProrationMode.FIXED30) == Fraction(22, 30)


@pytest.mark.parametrize("mode", ProrationMode)
def test_the_ends_of_a_period(mode):
    span = Period(at("2024-05-15"), at("2024-06-15"))
    whole = 0 if mode is ProrationMode.NONE else 1
    assert fraction_left(span, span.starts_at, mode=mode) == whole
    assert fraction_left(span, span.ends_at, mode=mode) == 0
    for outside in ("2024-05-14T23:59:59", "2024-06-15T00:00:01"):
        with pytest.raises(OutsidePeriod):
            fraction_left(span, at(outside), mode=mode)


@pytest.mark.parametrize("mode", [ProrationMode.DAY, ProrationMode.FIXED30])
def test_a_period_within_one_day_is_measured_exactly(mode):
    span = Period(at("2024-05-15T06:00"), at("2024-05-15T18:00"))
    assert fraction_left(span, at("2024-05-15T12:00"), mode=mode) == Fraction(1, 2)


@given(periods(), st.fractions(0, 1, max_denominator=1000), st.sampled_from(ProrationMode), zones())
def test_a_fraction_is_a_fraction(span, part, mode, tz):
    moment = span.starts_at + part.numerator * (span.ends_at - span.starts_at) // part.denominator
    assert 0 <= fraction_left(span, moment, mode=mode, tz=tz) <= 1


@given(instants(), intervals(), st.integers(0, 60), zones())
def test_periods_neither_overlap_nor_leave_a_gap(anchor, interval, k, tz):
    this, following = period(anchor, interval, k, tz), period(anchor, interval, k + 1, tz)
    assert this.starts_at < this.ends_at == following.starts_at
    assert not this.overlaps(following)
    assert this.ends_at not in this
    assert this.ends_at in following
    if k == 0:
        assert this.starts_at == anchor


@given(
    instants(), intervals(), st.integers(0, 40), st.fractions(0, 1, max_denominator=1000), zones()
)
def test_the_index_of_an_instant_is_that_of_its_period(anchor, interval, k, part, tz):
    span = period(anchor, interval, k, tz)
    inside = span.starts_at + part.numerator * (span.ends_at - span.starts_at) // (
        part.denominator + 1
    )
    assert period_index(anchor, interval, inside, tz) == k
    assert period_index(anchor, interval, span.starts_at, tz) == k


def test_before_the_anchor_there_is_no_period():
    with pytest.raises(OutsidePeriod):
        period_index(at("2024-01-02"), MONTH, at("2024-01-01"))


def test_case_9_an_end_before_the_start_is_an_error():
    with pytest.raises(InvalidPeriod):
        Period(at("2024-01-02"), at("2024-01-02"))
    with pytest.raises(InvalidPeriod):
        Period(at("2024-01-02"), at("2024-01-01"))


@pytest.mark.parametrize("count", [0, -1, 1001, 1.5, True, "2"])
def test_an_interval_counts_from_1_to_1000(count):
    with pytest.raises(InvalidInterval):
        Interval(Unit.MONTH, count)


@pytest.mark.parametrize(
    ("interval", "months"),
    [(MONTH, 1), (YEAR, 12), (WEEK, Fraction(84, 365)), (Interval(Unit.DAY, 365), 12)],
)
def test_length_in_months(interval, months):
    assert interval.months == months
    assert interval.is_calendar == (interval.unit in (Unit.MONTH, Unit.YEAR))


def test_one_time_has_no_interval():
    assert set(BillingFrequency) - set(INTERVALS) == {BillingFrequency.ONE_TIME}


def test_naive_instants_are_refused():
    with pytest.raises(NaiveDatetime):
        utc(NAIVE)
    with pytest.raises(NaiveDatetime):
        NAIVE in Period(at("2024-01-01"), at("2024-02-01"))  # noqa: B015


@pytest.mark.parametrize("name", ["", "Nowhere/Land", "../../etc/passwd", "a\0b", "x" * 300])
def test_an_unknown_zone_is_refused(name):
    with pytest.raises(UnknownTimeZone):
        zone(name)


def test_what_leaves_the_calendar_is_an_error():
    with pytest.raises(OutsideCalendar):
        utc(datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))))
    for interval in (YEAR, WEEK, Interval(Unit.DAY, 1000), MONTH):
        with pytest.raises(OutsideCalendar):
            period_start(at("9990-01-01"), interval, 100_000)


def test_add_months_clamps():
    assert add_months(at("2024-01-31"), 1) == at("2024-02-29")
    assert add_months(at("2024-03-31"), -1) == at("2024-02-29")


def test_overlap():
    span = Period(at("2024-01-01"), at("2024-02-01"))
    assert span.overlaps(Period(at("2024-01-31"), at("2024-03-01")))
    assert not span.overlaps(Period(at("2024-02-01"), at("2024-03-01")))


EVERY_DAY_ZONES = (
    "UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Auckland",
    "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia",
    "Pacific/Chatham", "America/St_Johns", "Asia/Kathmandu",
)  # fmt: skip
MONTHS = 48


@pytest.mark.parametrize("tz", EVERY_DAY_ZONES)
def test_every_day_of_a_leap_year_for_48_months(tz):
    """No gap, no overlap, and the anchor's day and hour, whatever the zone does with its clocks."""
    local = ZoneInfo(tz)
    for days in range(366):
        wall = datetime(2024, 1, 1, 2, 30) + timedelta(days=days)  # noqa: DTZ001
        anchor = wall.replace(tzinfo=local).astimezone(UTC)
        begun = anchor.astimezone(local).replace(tzinfo=None)
        starts = [period_start(anchor, MONTH, k, tz) for k in range(MONTHS + 1)]
        for k in range(MONTHS):
            assert period(anchor, MONTH, k, tz) == Period(starts[k], starts[k + 1])
            assert starts[k + 1].astimezone(local).replace(tzinfo=None) in (
                expected := on_the_wall(begun, k + 1), existing(expected, local)
            )  # fmt: skip


def on_the_wall(begun, months):
    """Count months on the wall calendar, the slow way: from the last day backwards."""
    year, month = divmod(begun.year * 12 + begun.month - 1 + months, 12)
    for day in range(begun.day, 27, -1):
        try:
            return begun.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return begun.replace(year=year, month=month + 1)


def existing(wall, local):
    """The wall time itself, or where it lands when the clocks skip it."""
    return wall.replace(tzinfo=local).astimezone(UTC).astimezone(local).replace(tzinfo=None)


@pytest.mark.parametrize("year", [1, 9998, 9999])
@pytest.mark.parametrize("tz", ["UTC", "Pacific/Auckland", "America/New_York"])
@pytest.mark.parametrize("interval", [MONTH, YEAR, WEEK, Interval(Unit.DAY, 1000)])
def test_at_the_edges_of_the_calendar_it_is_a_period_or_a_named_error(year, tz, interval):
    for month, day in ((1, 1), (12, 31)):
        anchor = datetime(year, month, day, 12, tzinfo=UTC)
        for k in range(3):
            try:
                span = period(anchor, interval, k, tz)
            except OutsideCalendar:
                continue
            assert span.starts_at < span.ends_at


@pytest.mark.parametrize("frequency", [each for each in BillingFrequency if each in INTERVALS])
@given(anchor=instants(), tz=zones(), k=st.integers(0, 40))
def test_every_frequency_follows_its_anchor(frequency, anchor, tz, k):
    this, following = (period(anchor, INTERVALS[frequency], n, tz) for n in (k, k + 1))
    assert this.ends_at == following.starts_at
    assert not this.overlaps(following)
