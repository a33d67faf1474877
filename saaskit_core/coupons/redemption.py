"""Whether a coupon can be used now, and what it takes off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from saaskit_core.coupons.terms import Coupon, CouponCurrencyMismatch, CouponNotRedeemable
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import Money
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from saaskit_core.coupons.codes import CouponCodeInvalid


class CouponInactive(CouponNotRedeemable):
    code = "coupon_inactive"
    template = "The coupon %(code)s has been switched off."


class CouponNotStarted(CouponNotRedeemable):
    code = "coupon_not_started"
    template = "The coupon %(code)s is not valid yet."


class CouponExpired(CouponNotRedeemable):
    code = "coupon_expired"
    template = "The coupon %(code)s has expired."


class CouponUsedUp(CouponNotRedeemable):
    code = "coupon_used_up"
    template = "The coupon %(code)s has been used as often as it may be."


class CouponUsedByCustomer(CouponNotRedeemable):
    code = "coupon_used_by_customer"
    template = "You have already used the coupon %(code)s."


class CouponCustomerRequired(CouponNotRedeemable):
    code = "coupon_customer_required"
    template = "The coupon %(code)s can only be used by a signed-in customer."


class CouponFirstPurchaseOnly(CouponNotRedeemable):
    code = "coupon_first_purchase_only"
    template = "The coupon %(code)s is for a first purchase only."


class CouponNotForPlan(CouponNotRedeemable):
    code = "coupon_not_for_plan"
    template = "The coupon %(code)s is not for this plan."


class CouponMinimumNotReached(CouponNotRedeemable):
    code = "coupon_minimum_not_reached"
    template = "The coupon %(code)s needs a purchase of at least %(minimum)s."


class CouponHasNoEffect(CouponNotRedeemable):
    code = "coupon_has_no_effect"
    template = "There is nothing the coupon %(code)s could take off."


class CouponBudgetExceeded(CouponNotRedeemable):
    code = "coupon_budget_exceeded"
    template = "What the coupon %(code)s may take off in all has been spent."


class CouponUnusable(SaasKitError):
    """The one answer for everybody but the owner of the shop, whatever the reason is.

    It names neither the code nor the reason: unknown, expired, used up and not for this customer
    look alike, so that trying codes teaches nothing.
    """

    code = "coupon_unusable"
    kind = ErrorKind.CONFLICT
    template = "This code can't be used for this purchase."


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """How often a coupon is taken, reservations included; `by_customer` is None for a stranger.

    `has_purchased` counts every payment that ever succeeded, refunded or not. `spent` are the minor
    units per currency that the coupons of its campaign took off together.
    """

    total: int = 0
    by_customer: int | None = 0
    has_purchased: bool = False
    spent: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What one coupon takes off."""

    coupon_code: str
    amount: Money


def check_redeemable(coupon: Coupon, *, plan: str, price: Money, uses: Uses, now: datetime) -> None:
    """Raise the CouponNotRedeemable subclass that says why the coupon can't be used, if it can't.

    `plan` is the plan's key, `price` the amount before discounts. A purchase of nothing is
    refused too, so that it doesn't burn a use.
    """
    redeem(coupon, plan=plan, price=price, uses=uses, now=now)


def redeem(coupon: Coupon, *, plan: str, price: Money, uses: Uses, now: datetime) -> Discount:
    """Work out what the coupon takes off `price`. Raises a CouponNotRedeemable subclass."""
    check_terms(coupon, plan=plan, price=price, uses=uses, now=now)
    return take_off(coupon, price, spent=uses.spent)


def check_terms(coupon: Coupon, *, plan: str, price: Money, uses: Uses, now: datetime) -> None:
    """Check what doesn't depend on the other coupons of the purchase. Raises as `redeem` does."""
    _check_valid_at(coupon, utc(now))
    _check_uses(coupon, uses)
    if coupon.plans and plan not in coupon.plans:
        raise CouponNotForPlan(code=coupon.code)
    _check_price(coupon, price)


def take_off(coupon: Coupon, left: Money, *, spent: Mapping[str, int]) -> Discount:
    """Return what the coupon takes off what is left of a price, whole or not at all.

    Raises CouponHasNoEffect when that is nothing, CouponBudgetExceeded when the campaign has less
    than that to give, CouponCurrencyMismatch.
    """
    off = coupon.discount(left)
    if not off:
        raise CouponHasNoEffect(code=coupon.code)
    if coupon.campaign and coupon.campaign.budgets:
        budget = coupon.campaign.budgets.get(left.currency)
        if budget is None:
            raise CouponCurrencyMismatch(code=coupon.code, currency=left.currency)
        if spent.get(left.currency, 0) + off.minor > budget:
            raise CouponBudgetExceeded(code=coupon.code)
    return Discount(coupon_code=coupon.code, amount=off)


def public_answer(refused: CouponNotRedeemable | CouponCodeInvalid) -> CouponUnusable:
    """Return what a customer is told of any refusal; keep `refused` itself for the log."""
    answer = CouponUnusable()
    answer.__cause__ = refused
    return answer


def trial_days(plan_days: int, coupons: Iterable[Coupon]) -> int:
    """Return how long the trial is: the longest that the plan or any of the coupons gives."""
    return max([plan_days, *(coupon.trial_days for coupon in coupons)])


def _check_valid_at(coupon: Coupon, now: datetime) -> None:
    if not coupon.is_active:
        raise CouponInactive(code=coupon.code)
    if coupon.starts_at and now < coupon.starts_at:
        raise CouponNotStarted(code=coupon.code)
    if coupon.ends_at and now >= coupon.ends_at:
        raise CouponExpired(code=coupon.code)


def _check_uses(coupon: Coupon, uses: Uses) -> None:
    if coupon.max_uses and uses.total >= coupon.max_uses:
        raise CouponUsedUp(code=coupon.code)
    if uses.by_customer is None:
        if coupon.max_uses_per_customer or coupon.first_purchase_only:
            raise CouponCustomerRequired(code=coupon.code)
    elif coupon.max_uses_per_customer and uses.by_customer >= coupon.max_uses_per_customer:
        raise CouponUsedByCustomer(code=coupon.code)
    if coupon.first_purchase_only and uses.has_purchased:
        raise CouponFirstPurchaseOnly(code=coupon.code)


def _check_price(coupon: Coupon, price: Money) -> None:
    if coupon.amounts and price.currency not in coupon.amounts:
        raise CouponCurrencyMismatch(code=coupon.code, currency=price.currency)
    if coupon.minimums:
        if price.currency not in coupon.minimums:
            raise CouponCurrencyMismatch(code=coupon.code, currency=price.currency)
        minimum = Money(coupon.minimums[price.currency], price.currency)
        if price < minimum:
            raise CouponMinimumNotReached(code=coupon.code, minimum=str(minimum))
    if price.minor <= 0:
        raise CouponHasNoEffect(code=coupon.code)
