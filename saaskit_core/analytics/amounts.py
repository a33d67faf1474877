"""What a subscription in an event brings: its price, its add-ons, the coupons that count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from saaskit_core.analytics.revenue import recurring_amount
from saaskit_core.errors import SaasKitError
from saaskit_core.subscriptions.policies import CouponsInMrr
from saaskit_core.subscriptions.terms import AddOn, Terms

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


class Sold(NamedTuple):
    """What a subscription has, or will have: a price, how many of it, and add-ons.

    Add-ons are written as events have them: "storage-monthly-500 × 2".
    """

    price_id: str
    quantity: int
    add_ons: tuple[str, ...] = ()


AmountOf = Callable[["SubscriptionEvent", Sold], Recurring | None]
"""Tells what is brought by what a subscription has as of an event; None: nothing recurring.

That is what is in force or, for committed revenue, what is planned.
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
    known: dict[Sold, Recurring | None] = {}

    def of(event: SubscriptionEvent, sold: Sold) -> Recurring | None:
        if coupons_of is not None:
            return _recurring(_terms(prices, sold, event), coupons_of(event), policy)
        if sold not in known:
            known[sold] = _recurring(_terms(prices, sold, event), (), policy)
        return known[sold]

    return of


def _terms(prices: Mapping[str, Price], sold: Sold, event: SubscriptionEvent) -> Terms:
    add_ons = []
    for named in sold.add_ons:
        price_id, _, quantity = named.rpartition(" × ")
        add_ons.append(AddOn(price=_price(prices, price_id, event), quantity=int(quantity)))
    price = _price(prices, sold.price_id, event)
    return Terms(price=price, quantity=sold.quantity, add_ons=tuple(add_ons))


def _price(prices: Mapping[str, Price], price_id: str, event: SubscriptionEvent) -> Price:
    try:
        return prices[price_id]
    except KeyError:
        raise PriceNotListed(price=price_id, subscription=event.subscription_id) from None


def _recurring(terms: Terms, coupons: Iterable[Coupon], policy: CouponsInMrr) -> Recurring | None:
    interval = terms.price.interval
    if interval is None:
        return None
    amount = recurring_amount(
        terms.price, terms.quantity, add_ons=terms.add_ons, coupons=coupons, policy=policy
    )
    return Recurring(amount, interval)
