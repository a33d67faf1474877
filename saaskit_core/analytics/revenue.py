"""What counts as recurring revenue, and how much of it a subscription is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from saaskit_core.coupons import Coupon, CouponDuration, canonical, discount_lines
from saaskit_core.money import Money
from saaskit_core.periods import InvalidPeriod, utc
from saaskit_core.subscriptions.policies import CouponsInMrr
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_core.subscriptions.terms import items

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from fractions import Fraction

    from saaskit_core.periods import Interval
    from saaskit_core.plans import Price
    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.terms import AddOn

COUNTED = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.RENEWAL_PENDING})
"""Past due counts; a trial, a first payment that is awaited, and every suspension don't."""


class RevenueRow(NamedTuple):
    """A revenue line as a plain tuple, as a database hands it out: nothing is checked.

    `minor` minor units `every` so many `unit`s (1 "month") from `starts_at` until `ends_at`.
    """

    customer_id: str
    currency: str
    minor: int
    unit: str
    every: int
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueLine:
    """A stretch of time in which a subscription brought `amount` per `interval`, without tax.

    `amount` is for all units, after the discounts that count. Without `ends_at` it goes on.
    """

    subscription_id: str
    customer_id: str
    amount: Money
    interval: Interval
    starts_at: datetime
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        """Bring the instants to UTC; an end before the start is refused with InvalidPeriod."""
        object.__setattr__(self, "starts_at", utc(self.starts_at))
        if self.ends_at is not None:
            object.__setattr__(self, "ends_at", utc(self.ends_at))
            if self.ends_at < self.starts_at:
                raise InvalidPeriod(starts_at=self.starts_at, ends_at=self.ends_at)

    @property
    def monthly(self) -> Fraction:
        """Minor units per month, exact."""
        return self.amount.minor / self.interval.months

    @property
    def row(self) -> RevenueRow:
        """The same as a plain tuple."""
        each = self.interval
        return RevenueRow(
            self.customer_id,
            self.amount.currency,
            self.amount.minor,
            each.unit.value,
            each.count,
            self.starts_at,
            self.ends_at,
        )

    def counts_at(self, at: datetime) -> bool:
        """Tell whether it brings revenue at an instant: its start counts, its end doesn't."""
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)


def is_counted(subscription: Subscription) -> bool:
    """Tell whether a subscription is recurring revenue now."""
    return subscription.status in COUNTED and subscription.price.is_recurring


def recurring_amount(
    price: Price,
    quantity: int = 1,
    *,
    add_ons: Iterable[AddOn] = (),
    coupons: Iterable[Coupon] = (),
    policy: CouponsInMrr = CouponsInMrr.FOREVER,
) -> Money:
    """Return what a price and its add-ons bring per interval, less the coupons that count.

    Raises AddOnDoesNotFit.
    """
    amounts = [item.amount for item in items(price, quantity, add_ons)]
    counting = canonical(coupon for coupon in coupons if _counts(coupon, policy))
    currency = price.amount.currency
    discount = Money.total(discount_lines(amounts, counting), currency)
    return Money.total(amounts, currency) - discount


def _counts(coupon: Coupon, policy: CouponsInMrr) -> bool:
    match policy:
        case CouponsInMrr.FOREVER:
            return coupon.duration is CouponDuration.FOREVER
        case CouponsInMrr.ALL:
            return True
        case CouponsInMrr.NONE:
            return False
