"""Checks of coupons: those that can never take anything off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.coupons import DiscountType
from saaskit_core.money import Money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from saaskit_core.catalog.findings import Finding, Subject
    from saaskit_core.coupons import Coupon
    from saaskit_core.plans import Price


def check_coupons(subject: Subject) -> Iterator[Finding]:
    """Yield what is suspicious about the coupons that are active."""
    places = {
        each.code.strip().upper(): index
        for index, each in reversed(list(enumerate(subject.document.coupons)))
    }
    for coupon in subject.catalog.coupons:
        if coupon.is_active:
            yield from _coupon(subject, coupon, ("coupons", places.get(coupon.code, 0)))


def _coupon(subject: Subject, coupon: Coupon, where: tuple[str, int]) -> Iterator[Finding]:
    if coupon.ends_at is not None and coupon.ends_at <= subject.now:
        problem = f"{coupon.code} is over since {coupon.ends_at.isoformat()}"
        yield subject.warn("coupon_over", (*where, "valid_until"), problem)
    prices = _paid_prices(subject, coupon)
    if any(_is_redeemable(coupon, price) for price in prices):
        yield from _useless_parts(subject, coupon, where, prices)
    elif not coupon.trial_days:
        problem = f"{coupon.code} can never apply: {_why(coupon, prices)}"
        yield subject.warn("coupon_never_applies", where, problem)


def _useless_parts(
    subject: Subject, coupon: Coupon, where: tuple[str, int], prices: list[Price]
) -> Iterator[Finding]:
    sold = {price.amount.currency for price in prices}
    for currency in coupon.amounts:
        if currency not in sold:
            problem = f"{coupon.code} takes off {currency}, in which none of its plans is sold"
            yield subject.warn("coupon_currency_unused", (*where, "amounts", currency), problem)
    for currency, minor in coupon.minimums.items():
        of_currency = [price.amount.minor for price in prices if price.amount.currency == currency]
        if of_currency and max(of_currency) < minor:
            problem = f"{Money(minor, currency)} is more than any price that {coupon.code} is for"
            yield subject.warn("minimum_out_of_reach", (*where, "minimums", currency), problem)


def _paid_prices(subject: Subject, coupon: Coupon) -> list[Price]:
    return [
        price
        for plan in subject.active_plans
        if not coupon.plans or plan.key in coupon.plans
        for price in plan.prices
        if not price.is_free
    ]


def _is_redeemable(coupon: Coupon, price: Price) -> bool:
    currency = price.amount.currency
    has_amount = coupon.discount_type is DiscountType.PERCENTAGE or currency in coupon.amounts
    return has_amount and price.amount.minor >= coupon.minimums.get(currency, 0)


def _why(coupon: Coupon, prices: list[Price]) -> str:
    if not prices:
        return "none of its plans is active and costs anything"
    if coupon.amounts and not set(coupon.amounts) & {price.amount.currency for price in prices}:
        return "its plans are sold in other currencies"
    return "its minimum is above every price"
