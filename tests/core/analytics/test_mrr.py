from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.analytics.movements import (
    MovementKind,
    RevenueChange,
    UnsortedChanges,
    changes_of,
    movements,
    totals,
)
from saaskit_core.analytics.mrr import as_money, mrr
from saaskit_core.analytics.revenue import RevenueLine, is_counted, recurring_amount
from saaskit_core.coupons import CouponDuration
from saaskit_core.money import Money
from saaskit_core.periods import INTERVALS, InvalidPeriod
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.policies import CouponsInMrr
from saaskit_core.testing.strategies import instants, intervals
from tests.core.billing_builders import (
    MONTHLY,
    ONE_TIME,
    YEARLY,
    active,
    at,
    begin,
    go,
    percent_off,
    price,
    usd,
)

NOW = at("2024-06-15")


def line(minor, frequency=MONTHLY, *, start="2024-01-01", end=None, who="c1", currency="USD"):
    return RevenueLine(
        subscription_id="s",
        customer_id=who,
        amount=Money(minor, currency),
        interval=INTERVALS[frequency],
        starts_at=at(start),
        ends_at=at(end) if end else None,
    )


def moved(*lines):
    return [
        (movement.kind.value, as_money(movement.monthly, movement.currency).minor)
        for movement in movements(changes_of(lines))
    ]


def test_case_37_four_yearly_subscriptions():
    lines = [line(50000, YEARLY)] * 4
    assert moved(*lines) == [("new", 16667)]
    assert mrr(lines, at=NOW) == {"USD": Fraction(50000, 3)}


def test_case_38_expansion_and_then_contraction_not_churn():
    lines = [line(50000, YEARLY)] * 4 + [line(3000, start="2024-02-01", end="2024-05-01")] * 2
    assert moved(*lines) == [("new", 16667), ("expansion", 6000), ("contraction", -6000)]


def test_case_39_a_hundred_monthly_and_fifty_yearly():
    lines = (line(10000) if number < 100 else line(60000, YEARLY) for number in range(150))
    assert mrr(lines, at=NOW) == {"USD": 1_250_000}


@pytest.mark.parametrize(
    ("coupons", "policy", "monthly"),
    [
        ([], CouponsInMrr.FOREVER, 10000),
        ([percent_off("50")], CouponsInMrr.FOREVER, 5000),
        ([percent_off("50", duration=CouponDuration.ONCE)], CouponsInMrr.FOREVER, 10000),
        ([percent_off("50", duration=CouponDuration.ONCE)], CouponsInMrr.ALL, 5000),
        ([percent_off("50")], CouponsInMrr.NONE, 10000),
    ],
)
def test_case_40_coupons(coupons, policy, monthly):
    amount = recurring_amount(
        price(120000, frequency=YEARLY), coupons=[c.coupon for c in coupons], policy=policy
    )
    assert mrr([line(amount.minor, YEARLY)], at=NOW) == {"USD": monthly}


def test_case_40_what_counts():
    past_due = go(active(), facts.PeriodEnded(), "2024-07-01").subscription
    suspended = go(past_due, facts.GraceEnded(), "2024-07-08").subscription
    assert is_counted(active())
    assert is_counted(past_due)
    for other in (
        suspended,
        begin().subscription,
        begin(trial_days=5).subscription,
        active(price(frequency=ONE_TIME)),
    ):
        assert not is_counted(other)


def test_case_40_suspension_is_churn_and_the_return_a_reactivation():
    lines = [line(1000, end="2024-03-01"), line(1000, start="2024-05-01")]
    assert moved(*lines) == [("new", 1000), ("churn", -1000), ("reactivation", 1000)]


def test_a_change_at_one_instant_is_one_movement():
    lines = [line(1000, end="2024-03-01"), line(2500, start="2024-03-01")]
    assert moved(*lines) == [("new", 1000), ("expansion", 1500)]
    same = [line(1000, end="2024-03-01"), line(1000, start="2024-03-01")]
    assert moved(*same) == [("new", 1000)]


def test_nothing_is_no_movement_and_no_first_time():
    assert moved(line(0), line(700, start="2024-02-01")) == [("new", 700)]
    assert moved(line(500, end="2024-01-01")) == []


def test_currencies_stay_apart():
    lines = [
        line(1000),
        line(500, currency="JPY", who="c2"),
        line(1, currency="EUR", end="2024-02-01"),
    ]
    assert mrr(lines, at=NOW) == {"JPY": 500, "USD": 1000}
    assert mrr([], at=NOW) == {}


def test_an_end_before_the_start_is_refused():
    with pytest.raises(InvalidPeriod):
        line(1, start="2024-02-01", end="2024-01-01")


def test_changes_must_come_in_order():
    changes = [
        RevenueChange(at=at(day), customer_id="c", currency="USD", monthly=Fraction(1))
        for day in ("2024-02-01", "2024-01-01")
    ]
    with pytest.raises(UnsortedChanges):
        list(movements(changes))


REVENUE = st.builds(
    lambda customer, minor, interval, one, other, open_end: RevenueLine(
        subscription_id="s",
        customer_id=customer,
        amount=usd(minor),
        interval=interval,
        starts_at=min(one, other),
        ends_at=None if open_end else max(one, other),
    ),
    st.sampled_from("abc"),
    st.integers(0, 10**6),
    intervals(),
    instants(first_year=2024, last_year=2026),
    instants(first_year=2024, last_year=2026),
    st.booleans(),
)


@given(st.lists(REVENUE, max_size=12), instants(first_year=2023, last_year=2027))
def test_case_41_movements_add_up_to_the_revenue_per_customer_and_in_all(lines, now):
    until = [movement for movement in movements(changes_of(lines)) if movement.at <= now]
    for customer in "abc":
        found = sum(m.monthly for m in until if m.customer_id == customer)
        own = [revenue for revenue in lines if revenue.customer_id == customer]
        assert found == mrr(own, at=now).get("USD", 0)
    by_kind = totals(until).get("USD", dict.fromkeys(MovementKind, Fraction(0)))
    assert sum(by_kind.values()) == mrr(lines, at=now).get("USD", 0)
    assert by_kind[MovementKind.CHURN] <= 0 <= by_kind[MovementKind.NEW]
