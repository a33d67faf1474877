"""What a reward is worth, and how it is paid out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from saaskit_core.coupons import Coupon, DiscountType
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.periods import add_months
from saaskit_core.referrals.programmes import FreeMonthPolicy, ReferralRewardType, Reward

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.money import Money
    from saaskit_core.periods import Interval


class RewardIsNoDiscount(SaasKitError):
    code = "reward_is_no_discount"
    kind = ErrorKind.CONFLICT
    template = "A reward of the type %(type)s is not given as a coupon."


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """How many units of what, as the ledger counts them; `base` as in its entries."""

    unit: str
    units: int
    base: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidTime:
    """The subscription a free month is for: its list price times quantity, per interval.

    `is_ours` tells whether we bill it: what an app store bills can't be made longer.
    """

    price: Money
    interval: Interval | None
    period_ends_at: datetime
    zone: str = "UTC"
    is_ours: bool = True

    @property
    def can_take_months(self) -> bool:
        """Whether a free month means anything here: paid, recurring and billed by us."""
        return self.is_ours and self.interval is not None and self.price.minor > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodExtended:
    """The paid period ends later, and the schedule goes on from there."""

    to: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthsCredited:
    """The price of the months goes to the wallet."""

    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPending:
    """There is nothing yet that could be made longer: the reward waits."""


FreeTime: TypeAlias = PeriodExtended | MonthsCredited | KeptPending


def worth(reward: Reward, base: Money) -> Worth | None:
    """Return what a reward comes to for a payment of which `base` was kept.

    None when that is nothing, or when the reward has no amount in the payment's currency: amounts
    are never converted.
    """
    match reward.type:
        case ReferralRewardType.CREDIT:
            return _credit(reward, base)
        case ReferralRewardType.DISCOUNT if reward.percent is not None:
            return Worth(unit=f"discount:{reward.percent.normalize():f}%", units=1)
        case ReferralRewardType.DISCOUNT:
            return _amount(f"discount:{base.currency}", reward, base)
        case ReferralRewardType.FREE_MONTH:
            return Worth(unit="month", units=reward.months)
        case ReferralRewardType.FEATURE_UNLOCK:
            return Worth(unit=f"feature:{reward.feature}", units=reward.days)


def free_months(months: int, subscription: PaidTime | None, *, policy: FreeMonthPolicy) -> FreeTime:
    """Turn free months into a longer period, or into their price as credit.

    The period ends that many calendar months later in the customer's zone, the day clamped to the
    month's end, whatever the frequency. As credit, a month of a yearly plan is a twelfth of its
    price, rounded half away from zero. Without a subscription that can take them they are kept.
    """
    if subscription is None or not subscription.can_take_months or subscription.interval is None:
        return KeptPending()
    if policy is FreeMonthPolicy.EXTEND:
        return PeriodExtended(to=add_months(subscription.period_ends_at, months, subscription.zone))
    part = Fraction(months) / subscription.interval.months
    return MonthsCredited(amount=subscription.price.scaled(part))


def discount_coupon(reward: Reward, *, code: str, stackable: bool = False) -> Coupon:
    """Return a discount as a coupon for one purchase of its owner, so that coupons' rules hold.

    `stackable` is the programme's `stacks_with_coupons`. Raises RewardIsNoDiscount, InvalidCoupon.
    """
    if reward.type is not ReferralRewardType.DISCOUNT:
        raise RewardIsNoDiscount(type=reward.type.value)
    is_percent = reward.percent is not None
    return Coupon(
        code=code,
        discount_type=DiscountType.PERCENTAGE if is_percent else DiscountType.FIXED,
        percent=reward.percent,
        amounts=reward.amounts,
        max_uses=1,
        stackable=stackable,
    )


def _credit(reward: Reward, base: Money) -> Worth | None:
    if reward.percent is None:
        return _amount(base.currency, reward, base)
    share = base.scaled(Fraction(reward.percent) / 100).minor
    return Worth(unit=base.currency, units=share, base=base.minor) if share > 0 else None


def _amount(unit: str, reward: Reward, base: Money) -> Worth | None:
    minor = reward.amounts.get(base.currency)
    return None if minor is None else Worth(unit=unit, units=minor)
