"""What coupons take off an invoice: which periods, which lines, to the minor unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.coupons.terms import Coupon, CouponDuration
from saaskit_core.money import Money
from saaskit_core.periods import add_months, utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


class CouponOnPlanChange(StrEnum):
    """What becomes of a coupon when its subscription moves to a plan that it isn't for.

    It rests until the subscription is on one of its plans again, goes on there too, or is gone.
    """

    REST = "rest"
    KEEP = "keep"
    DROP = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedCoupon:
    """A coupon on a subscription, and when the first period it applied to began (None: not yet)."""

    coupon: Coupon
    first_period_start: datetime | None = None


def applies_to(applied: AppliedCoupon, period_start: datetime, *, tz: str = "UTC") -> bool:
    """Tell whether the coupon discounts the period that begins at `period_start`.

    Counted by period starts only: three months from 1 January cover the starts in
    [1 January, 1 April), whatever the frequency. A coupon that has not applied yet applies to
    the first period it meets.
    """
    first = applied.first_period_start
    if first is None:
        return True
    first, start = utc(first), utc(period_start)
    match applied.coupon.duration:
        case CouponDuration.ONCE:
            return start == first
        case CouponDuration.REPEATING:
            return first <= start < add_months(first, applied.coupon.duration_months or 0, tz)
        case CouponDuration.FOREVER:
            return start >= first


def after_plan_change(
    applied: Iterable[AppliedCoupon],
    *,
    plan: str,
    policy: CouponOnPlanChange = CouponOnPlanChange.REST,
) -> tuple[AppliedCoupon, ...]:
    """Return the coupons of a subscription that moves to `plan`, those that are dropped left out.

    One that rests stays and takes nothing off while the plan isn't its own; its months run on.
    """
    return tuple(
        _moved(each, plan, policy)
        for each in applied
        if policy is not CouponOnPlanChange.DROP or _is_for(each.coupon, plan)
    )


def discount_lines(amounts: Sequence[Money], coupons: Sequence[Coupon]) -> tuple[Money, ...]:
    """Return what all coupons together take off each line, at most the line itself.

    Each coupon in canonical order takes its part of what the ones before it left, rounded once
    over all lines and spread by largest remainder, so 33.33 % of [100, 100] is 67 in all.
    Credits (negative lines) are left alone. Raises CouponCurrencyMismatch for a fixed coupon
    without an amount in that currency.
    """
    zeros = [Money.zero(amount.currency) for amount in amounts]
    left = [max(amount, zero) for amount, zero in zip(amounts, zeros, strict=True)]
    for coupon in canonical({coupon.code: coupon for coupon in coupons}.values()):
        if not any(left):
            break
        off = coupon.discount(Money.total(left, left[0].currency))
        shares = off.allocate([amount.minor for amount in left])
        left = [amount - share for amount, share in zip(left, shares, strict=True)]
    return tuple(
        max(amount, zero) - rest for amount, zero, rest in zip(amounts, zeros, left, strict=True)
    )


def canonical(coupons: Iterable[Coupon]) -> tuple[Coupon, ...]:
    """Return coupons in the order they take effect: percentages first, then by code."""
    return tuple(sorted(coupons, key=lambda coupon: (coupon.percent is None, coupon.code)))


def _moved(applied: AppliedCoupon, plan: str, policy: CouponOnPlanChange) -> AppliedCoupon:
    if policy is not CouponOnPlanChange.KEEP or _is_for(applied.coupon, plan):
        return applied
    return replace(applied, coupon=replace(applied.coupon, plans=applied.coupon.plans | {plan}))


def _is_for(coupon: Coupon, plan: str) -> bool:
    return not coupon.plans or plan in coupon.plans
