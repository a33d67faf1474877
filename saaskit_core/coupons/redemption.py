"""Whether a coupon can be used now, alone and together with others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.coupons.discounts import canonical
from saaskit_core.coupons.terms import Coupon, CouponCurrencyMismatch, CouponNotRedeemable
from saaskit_core.money import Money
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MAX_COMBINED = 5


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


class CouponNotStackable(CouponNotRedeemable):
    code = "coupon_not_stackable"
    template = "The coupon %(code)s can't be combined with another one."


class TooManyCoupons(CouponNotRedeemable):
    code = "too_many_coupons"
    template = "At most %(most)s coupons can be combined."


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """How often a coupon is taken, reservations included; `by_customer` is None for a stranger."""

    total: int = 0
    by_customer: int | None = 0
    has_purchased: bool = False


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
    _check_valid_at(coupon, utc(now))
    _check_uses(coupon, uses)
    if coupon.plans and plan not in coupon.plans:
        raise CouponNotForPlan(code=coupon.code)
    _check_price(coupon, price)


def redeem(coupon: Coupon, *, plan: str, price: Money, uses: Uses, now: datetime) -> Discount:
    """Work out what the coupon takes off `price`. Raises a CouponNotRedeemable subclass."""
    check_redeemable(coupon, plan=plan, price=price, uses=uses, now=now)
    return Discount(coupon_code=coupon.code, amount=coupon.discount(price))


def check_combination(coupons: Sequence[Coupon]) -> tuple[Coupon, ...]:
    """Return the coupons in canonical order, each once; refuse those that don't go together.

    Percentages come before fixed amounts, then by code, so that the order they were given in never
    matters. Raises TooManyCoupons, or CouponNotStackable unless each allows the others.
    """
    distinct = {coupon.code: coupon for coupon in coupons}
    if len(distinct) > MAX_COMBINED:
        raise TooManyCoupons(code="", most=MAX_COMBINED)
    if len(distinct) > 1:
        for coupon in distinct.values():
            if not coupon.stackable:
                raise CouponNotStackable(code=coupon.code)
    return canonical(distinct.values())


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
