"""Builders for the billing tests: prices, subscriptions, instants."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from saaskit_core.coupons import AppliedCoupon, Coupon, CouponDuration, DiscountType
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_core.plans import Price
from saaskit_core.subscriptions.commands import IssueInvoice
from saaskit_core.subscriptions.facts import PaymentSucceeded, Started
from saaskit_core.subscriptions.model import Subscription
from saaskit_core.subscriptions.policies import Policies
from saaskit_core.subscriptions.transitions import Transition, create, transition

MONTHLY = BillingFrequency.MONTHLY
YEARLY = BillingFrequency.YEARLY
WEEKLY = BillingFrequency.WEEKLY
ONE_TIME = BillingFrequency.ONE_TIME
DEFAULT = Policies()


def at(text: str) -> datetime:
    """An instant; UTC where no offset is given."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def price(minor: int = 1000, plan: str = "pro", frequency=MONTHLY, currency: str = "USD") -> Price:
    return Price(
        id=f"{plan}-{frequency.value}-{minor}".lower(),
        plan=plan,
        amount=Money(minor, currency),
        frequency=frequency,
    )


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def started(of: Price | None = None, **fields) -> Started:
    return Started(id="s1", customer_id="c1", price=of or price(), **fields)


def begin(of: Price | None = None, *, now: str = "2024-06-01", policies=DEFAULT, **fields):
    """Create a subscription; the whole transition."""
    return create(started(of, **fields), now=at(now), policies=policies)


def active(
    of: Price | None = None, *, now: str = "2024-06-01", policies=DEFAULT, **fields
) -> Subscription:
    """An Active subscription whose first period is paid and began at `now`."""
    return begin(of, now=now, policies=policies, is_paid=True, **fields).subscription


def go(subscription: Subscription, fact, now: str, policies=DEFAULT) -> Transition:
    return transition(subscription, fact, now=at(now), policies=policies)


def paid(moved: Transition, now: str, policies=DEFAULT) -> Subscription:
    """Report the one invoice that the transition issued as paid."""
    (issue,) = issued(moved)
    return go(
        moved.subscription, PaymentSucceeded(invoice_key=issue.key), now, policies
    ).subscription


def issued(moved: Transition) -> list[IssueInvoice]:
    return [command for command in moved.commands if isinstance(command, IssueInvoice)]


def topics(moved: Transition) -> list[str]:
    return [event.topic for event in moved.events]


def commands(moved: Transition) -> list[str]:
    return [type(command).__name__ for command in moved.commands]


def percent_off(percent: str, code: str = "SAVE", **fields) -> AppliedCoupon:
    fields.setdefault("duration", CouponDuration.FOREVER)
    return AppliedCoupon(
        coupon=Coupon(
            code=code, discount_type=DiscountType.PERCENTAGE, percent=Decimal(percent), **fields
        )
    )


def fixed_off(minor: int, code: str = "FIX", currency: str = "USD", **fields) -> AppliedCoupon:
    fields.setdefault("duration", CouponDuration.FOREVER)
    return AppliedCoupon(
        coupon=Coupon(
            code=code, discount_type=DiscountType.FIXED, amounts={currency: minor}, **fields
        )
    )


def with_policies(**fields) -> Policies:
    return replace(DEFAULT, **fields)
