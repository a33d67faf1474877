"""A part of a period's price: zones, modes, the very ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from saaskit_core.billing.proration import Prorated, prorate, unused_credit
from saaskit_core.money import Money
from saaskit_core.periods import OutsidePeriod, Period, ProrationMode

JUNE = Period(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
FULL = Money(3000, "USD")


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=UTC)


def test_a_part_says_what_it_is_a_part_of():
    part = prorate(FULL, JUNE, at=at(16))
    assert part == Prorated(full=FULL, fraction=Fraction(1, 2), amount=Money(1500, "USD"))


@pytest.mark.parametrize(
    ("zone", "left"),
    [("UTC", Fraction(14, 30)), ("America/New_York", Fraction(15, 30))],
)
def test_days_are_those_of_the_zone(zone, left):
    span = Period(JUNE.starts_at + timedelta(hours=12), JUNE.ends_at + timedelta(hours=12))
    part = prorate(FULL, span, at=at(17, 2), mode=ProrationMode.DAY, zone=zone)
    assert part.fraction == left
    assert unused_credit(
        FULL, span, at=at(17, 2), mode=ProrationMode.DAY, zone=zone
    ) == FULL.scaled(left)


def test_without_a_zone_days_are_those_of_utc():
    span = Period(JUNE.starts_at + timedelta(hours=12), JUNE.ends_at + timedelta(hours=12))
    for mode in ProrationMode:
        named = prorate(FULL, span, at=at(17, 2), mode=mode, zone="UTC")
        assert prorate(FULL, span, at=at(17, 2), mode=mode) == named
        assert unused_credit(FULL, span, at=at(17, 2), mode=mode) == named.amount


def test_by_the_second_unless_another_mode_is_asked_for():
    assert unused_credit(FULL, JUNE, at=at(16, 12)) == Money(1450, "USD")
    assert prorate(FULL, JUNE, at=at(16, 12)).amount == Money(1450, "USD")
    assert unused_credit(FULL, JUNE, at=at(16, 12), mode=ProrationMode.DAY) == Money(1500, "USD")


@pytest.mark.parametrize(
    ("moment", "credit"),
    [
        (JUNE.starts_at - timedelta(days=3), FULL),
        (JUNE.starts_at, FULL),
        (JUNE.ends_at - timedelta(microseconds=1), Money(0, "USD")),
        (JUNE.ends_at, Money(0, "USD")),
        (JUNE.ends_at + timedelta(days=3), Money(0, "USD")),
    ],
)
def test_all_is_unused_before_the_start_and_nothing_after_the_end(moment, credit):
    assert unused_credit(FULL, JUNE, at=moment) == credit


def test_a_period_that_begins_in_the_future_gives_all_back_in_every_mode():
    for mode in set(ProrationMode) - {ProrationMode.NONE}:
        assert unused_credit(FULL, JUNE, at=at(1) - timedelta(days=1), mode=mode) == FULL


@pytest.mark.parametrize("moment", [at(1) - timedelta(seconds=1), at(30) + timedelta(days=2)])
def test_outside_the_period_there_is_no_part(moment):
    with pytest.raises(OutsidePeriod) as caught:
        prorate(FULL, JUNE, at=moment)
    assert str(caught.value) == (
        f"{moment} is not within the period from {JUNE.starts_at} to {JUNE.ends_at}."
    )
