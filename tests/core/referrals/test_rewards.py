from datetime import UTC, datetime
from decimal import Decimal

import pytest

from saaskit_core.money import Money
from saaskit_core.periods import INTERVALS, BillingFrequency
from saaskit_core.referrals import (
    FreeMonthPolicy,
    KeptPending,
    MonthsCredited,
    PaidTime,
    PeriodExtended,
    ReferralRewardType,
    Reward,
    RewardIsNoDiscount,
    Worth,
    discount_coupon,
    free_months,
    worth,
)
from tests.core.referrals.builders import credit, usd

CREDIT, DISCOUNT, FREE_MONTH, FEATURE = ReferralRewardType
MONTHLY = INTERVALS[BillingFrequency.MONTHLY]


@pytest.mark.parametrize(
    ("reward", "base", "expected"),
    [
        (credit(1000), usd(1), Worth(unit="USD", units=1000)),
        (credit(1000), Money(1, "EUR"), None),
        (
            Reward(type=CREDIT, percent=Decimal("12.5")),
            usd(100),
            Worth(unit="USD", units=13, base=100),
        ),
        (Reward(type=CREDIT, percent=Decimal(1)), usd(49), None),
        (Reward(type=CREDIT, percent=Decimal(1)), usd(50), Worth(unit="USD", units=1, base=50)),
        (
            Reward(type=DISCOUNT, amounts={"USD": 300}),
            usd(1),
            Worth(unit="discount:USD", units=300),
        ),
        (Reward(type=DISCOUNT, amounts={"USD": 300}), Money(1, "JPY"), None),
        (
            Reward(type=DISCOUNT, percent=Decimal("100.00")),
            usd(1),
            Worth(unit="discount:100%", units=1),
        ),
        (
            Reward(type=DISCOUNT, percent=Decimal("12.50")),
            usd(1),
            Worth(unit="discount:12.5%", units=1),
        ),
        (Reward(type=FREE_MONTH, months=2), usd(1), Worth(unit="month", units=2)),
        (
            Reward(type=FEATURE, feature="reports.export", days=30),
            usd(1),
            Worth(unit="feature:reports.export", units=30),
        ),
    ],
)
def test_what_a_reward_is_worth(reward, base, expected):
    assert worth(reward, base) == expected


def paid_time(**more):
    ends = more.pop("ends", datetime(2026, 3, 15, tzinfo=UTC))
    return PaidTime(**{"price": usd(1000), "interval": MONTHLY, "period_ends_at": ends, **more})


@pytest.mark.parametrize(
    "subscription",
    [None, paid_time(price=usd(0)), paid_time(interval=None), paid_time(is_ours=False)],
    ids=["none", "free", "one-time", "billed by a store"],
)
@pytest.mark.parametrize("policy", FreeMonthPolicy)
def test_what_cannot_be_made_longer_keeps_the_month_waiting(subscription, policy):
    assert free_months(1, subscription, policy=policy) == KeptPending()


@pytest.mark.parametrize(
    ("months", "ends", "to"),
    [
        (1, datetime(2024, 1, 31, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC)),
        (2, datetime(2024, 1, 31, tzinfo=UTC), datetime(2024, 3, 31, tzinfo=UTC)),
        (12, datetime(2024, 2, 29, tzinfo=UTC), datetime(2025, 2, 28, tzinfo=UTC)),
    ],
)
def test_months_are_added_at_once_and_clamped(months, ends, to):
    found = free_months(months, paid_time(ends=ends), policy=FreeMonthPolicy.EXTEND)
    assert found == PeriodExtended(to=to)


def test_a_month_longer_is_one_on_the_customers_calendar():
    ends = datetime(2026, 2, 28, 23, tzinfo=UTC)  # 1 March in Berlin
    time = paid_time(ends=ends, zone="Europe/Berlin")
    found = free_months(1, time, policy=FreeMonthPolicy.EXTEND)
    assert found == PeriodExtended(to=datetime(2026, 3, 31, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    ("frequency", "months", "credited"),
    [
        (BillingFrequency.MONTHLY, 3, 3000),
        (BillingFrequency.YEARLY, 1, 83),
        (BillingFrequency.SEMI_ANNUALLY, 1, 167),
        (BillingFrequency.WEEKLY, 1, 4345),
    ],
)
def test_as_credit_a_month_is_its_part_of_the_price(frequency, months, credited):
    time = paid_time(interval=INTERVALS[frequency])
    found = free_months(months, time, policy=FreeMonthPolicy.CREDIT)
    assert found == MonthsCredited(amount=usd(credited))


def test_a_discount_is_a_coupon_for_one_purchase():
    percent = discount_coupon(Reward(type=DISCOUNT, percent=Decimal(10)), code="friend")
    assert (percent.code, percent.percent, percent.max_uses) == ("FRIEND", Decimal(10), 1)
    assert (percent.max_uses_per_customer, percent.stackable) == (1, False)
    fixed = discount_coupon(
        Reward(type=DISCOUNT, amounts={"USD": 5}), code="friend", stackable=True
    )
    assert (fixed.amounts, fixed.stackable) == ({"USD": 5}, True)
    with pytest.raises(RewardIsNoDiscount, match="A reward of the type credit is not given"):
        discount_coupon(credit(1), code="friend")
