"""What a subscription in an event brings: its price, its quantity, the coupons that count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from saaskit_core.analytics.revenue import recurring_amount
from saaskit_core.errors import SaasKitError
from saaskit_core.subscriptions.policies import CouponsInMrr

if TYPE_CHECKING:
    from fractions import Fraction

    from saaskit_core.coupons import Coupon
    from saaskit_core.money import Money
    from saaskit_core.periods import Interval
    from saaskit_core.plans import Price
    from saaskit_core.subscriptions.events import SubscriptionEvent


class PriceNotListed(SaasKitError):
    code = "price_not_listed"
    template = "There is no price %(price)s, which the subscription %(subscription)s has."


class Recurring(NamedTuple):
    """An amount per interval, for all units, after the discounts that count, without tax."""

    amount: Money
    interval: Interval

    @property
    def monthly(self) -> Fraction:
        """Minor units per month, exact."""
        return self.amount.minor / self.interval.months


AmountOf = Callable[["SubscriptionEvent", str, int], Recurring | None]
"""Tells what a price and a quantity bring a subscription as of an event; None: nothing recurring.

The price is the one in force or, for committed revenue, the one that is planned.
"""


def amounts_of(
    prices: Mapping[str, Price],
    *,
    coupons_of: Callable[[SubscriptionEvent], Iterable[Coupon]] | None = None,
    policy: CouponsInMrr = CouponsInMrr.FOREVER,
) -> AmountOf:
    """Return a way to tell amounts by prices, which are given by id.

    `coupons_of` tells the coupons that a subscription has in effect as of an event; `policy` which
    of them lower the MRR. What it returns raises PriceNotListed.
    """
    known: dict[tuple[str, int], Recurring | None] = {}

    def of(event: SubscriptionEvent, price_id: str, quantity: int) -> Recurring | None:
        if coupons_of is not None:
            price = _price(prices, price_id, event)
            return _recurring(price, quantity, coupons_of(event), policy)
        if (price_id, quantity) not in known:
            price = _price(prices, price_id, event)
            known[price_id, quantity] = _recurring(price, quantity, (), policy)
        return known[price_id, quantity]

    return of


def _price(prices: Mapping[str, Price], price_id: str, event: SubscriptionEvent) -> Price:
    try:
        return prices[price_id]
    except KeyError:
        raise PriceNotListed(price=price_id, subscription=event.subscription_id) from None


def _recurring(
    price: Price, quantity: int, coupons: Iterable[Coupon], policy: CouponsInMrr
) -> Recurring | None:
    if price.interval is None:
        return None
    amount = recurring_amount(price, quantity, coupons=coupons, policy=policy)
    return Recurring(amount, price.interval)
