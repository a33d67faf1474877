from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.coupons import (
    AppliedCoupon,
    Coupon,
    CouponCurrencyMismatch,
    CouponDuration,
    CouponOnPlanChange,
    DiscountType,
    after_plan_change,
    applies_to,
    discount_lines,
)
from saaskit_core.money import Money
from saaskit_core.periods import INTERVALS, BillingFrequency, period_start


def percent(value, code="P", **terms):
    return Coupon(code=code, discount_type=DiscountType.PERCENTAGE, percent=Decimal(value), **terms)


def fixed(minor, code="F"):
    return Coupon(code=code, discount_type=DiscountType.FIXED, amounts={"USD": minor})


def lines(*minors):
    return [Money(minor, "USD") for minor in minors]


@pytest.mark.parametrize(
    ("amounts", "coupons", "discounts"),
    [
        ([100], [fixed(200)], [100]),
        ([300], [fixed(200)], [200]),
        ([300], [percent("20")], [60]),
        ([300], [fixed(12)], [12]),
        ([6], [fixed(12)], [6]),
        ([0], [fixed(12)], [0]),
        ([100, 200], [fixed(100)], [33, 67]),
        ([1000, 1000], [fixed(2500)], [1000, 1000]),
        ([100, 100], [percent("33.33")], [34, 33]),
        ([10000], [percent("10", "A"), percent("20", "B")], [2800]),
        ([10000], [percent("20", "B"), percent("10", "A")], [2800]),
        ([10000], [fixed(1000), percent("20")], [3000]),
        ([10000], [percent("20"), percent("20")], [2000]),
        ([-500, 1000], [percent("50")], [0, 500]),
        ([-500], [percent("50")], [0]),
        ([100], [], [0]),
        ([], [percent("50")], []),
        ([100], [percent("100"), fixed(50)], [100]),
    ],
)
def test_lines_are_discounted_to_the_cent(amounts, coupons, discounts):
    assert discount_lines(lines(*amounts), coupons) == tuple(lines(*discounts))


def test_a_fixed_coupon_of_another_currency_is_refused():
    with pytest.raises(CouponCurrencyMismatch):
        discount_lines([Money(100, "EUR")], [fixed(10)])


coupons_of_all_kinds = st.lists(
    st.one_of(
        st.builds(
            percent,
            st.decimals("0.01", "100", places=2),
            st.sampled_from(["P1", "P2", "P3"]),
        ),
        st.builds(fixed, st.integers(1, 10**6), st.sampled_from(["F1", "F2"])),
    ),
    max_size=4,
    unique_by=lambda coupon: coupon.code,
)


@given(st.lists(st.integers(-(10**4), 10**6), max_size=6), coupons_of_all_kinds)
def test_no_line_is_discounted_below_nothing(minors, coupons):
    amounts = lines(*minors)
    found = discount_lines(amounts, coupons)
    assert found == discount_lines(amounts, list(reversed(coupons)))
    for amount, off in zip(amounts, found, strict=True):
        assert 0 <= off.minor <= max(amount.minor, 0)


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=6), st.decimals("0.01", "100", places=2)
)
def test_the_parts_are_the_whole(minors, value):
    coupon = percent(value)
    whole = coupon.discount(Money(sum(minors), "USD"))
    assert sum(off.minor for off in discount_lines(lines(*minors), [coupon])) == whole.minor


def at(*date):
    return datetime(*date, tzinfo=UTC)


def repeating(months):
    return percent("10", duration=CouponDuration.REPEATING, duration_months=months)


@pytest.mark.parametrize(
    ("start", "applies"),
    [
        (at(2025, 12, 1), False),
        (at(2026, 1, 1), True),
        (at(2026, 2, 1), True),
        (at(2026, 3, 31), True),
        (at(2026, 4, 1), False),
    ],
)
def test_three_months_are_counted_by_period_starts(start, applies):
    assert (
        applies_to(AppliedCoupon(coupon=repeating(3), first_period_start=at(2026, 1, 1)), start)
        is applies
    )


@pytest.mark.parametrize("first_index", range(12))
@pytest.mark.parametrize("months", [1, 2, 3, 12])
def test_months_are_as_many_monthly_periods_whatever_the_anchor(first_index, months):
    monthly = INTERVALS[BillingFrequency.MONTHLY]
    starts = [period_start(at(2024, 1, 31), monthly, i) for i in range(30)]
    applied = AppliedCoupon(coupon=repeating(months), first_period_start=starts[first_index])
    covered = [i for i, start in enumerate(starts) if applies_to(applied, start)]
    assert covered == list(range(first_index, first_index + months))


def test_a_coupon_that_never_applied_applies_to_the_first_period_it_meets():
    for duration, months in [("once", None), ("repeating", 2), ("forever", None)]:
        coupon = percent("10", duration=CouponDuration(duration), duration_months=months)
        assert applies_to(AppliedCoupon(coupon=coupon), at(2026, 1, 1))


def test_once_is_one_period_and_forever_is_all_of_them():
    once = AppliedCoupon(coupon=percent("10"), first_period_start=at(2026, 1, 1))
    forever = AppliedCoupon(
        coupon=percent("10", duration=CouponDuration.FOREVER), first_period_start=at(2026, 1, 1)
    )
    assert applies_to(once, at(2026, 1, 1))
    assert not applies_to(once, at(2026, 2, 1))
    assert applies_to(forever, at(2036, 1, 1))
    assert not applies_to(forever, at(2025, 1, 1))


def on_plans(*plans):
    return AppliedCoupon(
        coupon=percent("10", plans=frozenset(plans)), first_period_start=at(2026, 1, 1)
    )


@pytest.mark.parametrize("policy", CouponOnPlanChange)
@pytest.mark.parametrize("plans", [(), ("team",), ("pro", "team")])
def test_a_coupon_for_the_new_plan_moves_along(policy, plans):
    applied = [on_plans(*plans)]
    assert list(after_plan_change(applied, plan="team", policy=policy)) == applied


def test_a_coupon_for_other_plans_rests_goes_on_or_is_gone():
    applied = [on_plans("pro")]
    assert after_plan_change(applied, plan="team") == (applied[0],)
    assert after_plan_change(applied, plan="team", policy=CouponOnPlanChange.DROP) == ()
    (kept,) = after_plan_change(applied, plan="team", policy=CouponOnPlanChange.KEEP)
    assert kept.coupon.plans == {"pro", "team"}
    assert kept.first_period_start == at(2026, 1, 1)


def test_months_end_on_the_customers_calendar():
    applied = AppliedCoupon(coupon=repeating(1), first_period_start=at(2026, 3, 28, 23))
    midnight = at(2026, 4, 28, 22)
    assert applies_to(applied, midnight - timedelta(seconds=1), tz="Europe/Berlin")
    assert not applies_to(applied, midnight, tz="Europe/Berlin")
    assert applies_to(applied, midnight)


def test_a_later_coupon_takes_its_part_of_each_line_that_is_left():
    assert discount_lines(lines(100, 300), [fixed(200), percent("50")]) == tuple(lines(100, 300))
    assert discount_lines(lines(100, 300), [fixed(100), percent("50")]) == tuple(lines(75, 225))
