"""Reads that put subscription, plans, features, usage and the next invoice together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from saaskit_core.billing.previews import UpcomingInvoice, upcoming
from saaskit_core.money import CurrencyMismatch
from saaskit_core.periods import BillingFrequency
from saaskit_core.plans import ChangeType, PriceNotForSale, change_type
from saaskit_core.subscriptions.states import LIVE, BilledBy, SubscriptionStatus
from saaskit_django import registry
from saaskit_django.billing.selectors import applied_coupons, settlement
from saaskit_django.conf import conf
from saaskit_django.plans.selectors import (
    PlanNotFound,
    current_price,
    plan_for_sale,
    plans_for_sale,
)
from saaskit_django.subscriptions.selectors import latest_subscription, with_prices

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from saaskit_core.money import Money
    from saaskit_core.plans import Price as CorePrice
    from saaskit_django.customers.models import Customer
    from saaskit_django.plans.models import Price, SubscriptionPlan
    from saaskit_django.subscriptions.models import Subscription

EXPIRING_DAYS = 7
_ENDED = (SubscriptionStatus.CANCELLED, SubscriptionStatus.EXPIRED)
_UNPAID = (
    SubscriptionStatus.PENDING,
    SubscriptionStatus.RENEWAL_PENDING,
    SubscriptionStatus.SUSPENDED,
)
_UNUSABLE = (SubscriptionStatus.PENDING, SubscriptionStatus.SUSPENDED)


SOON = timedelta(days=30)
"""What an admin calls soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFilter:
    """Which subscriptions to list; None leaves a condition out."""

    user_id: Any = None
    subscription_plan_id: int | None = None
    subscription_id: int | None = None
    payment_id: int | None = None
    status: str | None = None
    billing_frequency: str | None = None
    auto_renew: bool | None = None
    expiring_soon: bool | None = None


class Health(StrEnum):
    """How a subscription is doing, in one word."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    EXPIRING_SOON = "expiring_soon"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionHealth:
    """A subscription's health with its next renewal; without a subscription it is inactive."""

    health: Health
    subscription: Subscription | None
    days_until_renewal: int | None = None
    next_invoice: UpcomingInvoice | None = None

    @property
    def requires_payment(self) -> bool:
        """Whether the customer has to pay now to have or keep access."""
        return self.subscription is not None and self.subscription.status in _UNPAID


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A plan one could change to; `difference` per billing period, None if not sold likewise."""

    plan: SubscriptionPlan
    is_current: bool
    change: ChangeType
    difference: Money | None
    is_valid: bool


def subscription_health(customer: Customer, *, at: datetime) -> SubscriptionHealth:
    """Work out how the customer's subscription is doing at an instant of his clock."""
    row = latest_subscription(customer)
    if row is None:
        return SubscriptionHealth(health=Health.INACTIVE, subscription=None)
    days = (row.end_date - at).days if row.end_date is not None and row.end_date > at else None
    return SubscriptionHealth(
        health=_health(row, days),
        subscription=row,
        days_until_renewal=days,
        next_invoice=next_invoice(row),
    )


def next_invoice(row: Subscription) -> UpcomingInvoice | None:
    """Return the invoice that comes next, as it will be issued; None when none will."""
    if row.billed_by != BilledBy.ENGINE or row.status in _ENDED:
        return None
    provider = registry.payment_provider(row.provider or registry.default_provider())
    coming = upcoming(
        row.to_core(),
        1,
        policies=conf().policies,
        coupons=applied_coupons(row),
        settlement=settlement(row.customer, row.price.currency, limits=provider.limits),
    )
    return coming[0] if coming else None


def price_for_sale(*, plan_id: int | None, frequency: str | None) -> Price:
    """Return what a plan costs, monthly unless said otherwise; without a plan, the dearest one.

    Raises PlanNotFound and PriceNotForSale.
    """
    plan = plan_for_sale(plan_id) if plan_id else next(reversed(plans_for_sale()), None)
    if plan is None:
        raise PlanNotFound
    return current_price(plan, frequency=BillingFrequency(frequency or BillingFrequency.MONTHLY))


def plan_options(
    row: Subscription | None, current: SubscriptionPlan | None, *, currency: str | None
) -> list[Option]:
    """List the plans for sale, compared with what the customer has now."""
    plans = plans_for_sale(currency=currency)
    if current is not None and all(plan.pk != current.pk for plan in plans):
        plans = [current, *plans]
    price = row.price.to_core() if row is not None else _price_of(current, None, currency)
    return [_option(plan, current, price, currency) for plan in plans]


def _health(row: Subscription, days: int | None) -> Health:
    if row.status in _ENDED:
        return Health.EXPIRED
    if row.status in _UNUSABLE:
        return Health.INACTIVE
    if days is not None and days <= EXPIRING_DAYS:
        return Health.EXPIRING_SOON
    return Health.ACTIVE


def _option(
    plan: SubscriptionPlan,
    current: SubscriptionPlan | None,
    price: CorePrice | None,
    currency: str | None,
) -> Option:
    is_current = current is not None and plan.pk == current.pk
    new = _price_of(plan, price, currency)
    if price is None or new is None:
        return Option(
            plan=plan,
            is_current=is_current,
            change=ChangeType.UPGRADE if price is None else ChangeType.SAME_LEVEL,
            difference=None,
            is_valid=new is not None and not is_current,
        )
    return _compared(plan, price, new, is_current=is_current)


def _compared(
    plan: SubscriptionPlan, price: CorePrice, new: CorePrice, *, is_current: bool
) -> Option:
    try:
        change = change_type(price, new)
        same_money = price.amount.currency == new.amount.currency
        difference = new.amount - price.amount if same_money else new.amount
    except CurrencyMismatch:
        return Option(
            plan=plan,
            is_current=is_current,
            change=ChangeType.SAME_LEVEL,
            difference=None,
            is_valid=False,
        )
    return Option(
        plan=plan,
        is_current=is_current,
        change=change,
        difference=difference,
        is_valid=not is_current,
    )


def _price_of(
    plan: SubscriptionPlan | None, like: CorePrice | None, currency: str | None
) -> CorePrice | None:
    """Return the plan's price that compares with `like`: same frequency, else any it has."""
    if plan is None:
        return None
    wanted = currency or (like.amount.currency if like and not like.is_free else None)
    frequencies = [like.frequency] if like and like.frequency else []
    for frequency in [*frequencies, BillingFrequency.MONTHLY, BillingFrequency.YEARLY]:
        try:
            return current_price(plan, frequency=frequency, currency=wanted).to_core()
        except PriceNotForSale:
            continue
    return None


def subscriptions_within(wanted: SubscriptionFilter, *, now: datetime) -> QuerySet[Subscription]:
    """Return the subscriptions an admin asks for, newest first, deleted ones left out.

    A user's are those he bought and those of his personal customer.
    """
    columns = {
        "subscription_plan_id": wanted.subscription_plan_id,
        "pk": wanted.subscription_id,
        "payments__pk": wanted.payment_id,
        "status": wanted.status,
        "price__frequency": wanted.billing_frequency,
        "auto_renew": wanted.auto_renew,
    }
    given = {name: value for name, value in columns.items() if value is not None}
    rows = with_prices().filter(deleted_at__isnull=True, **given)
    if wanted.user_id is not None:
        rows = rows.filter(Q(user_id=wanted.user_id) | Q(customer__user_id=wanted.user_id))
    if wanted.expiring_soon is not None:
        soon = expiring_soon(now=now)
        rows = rows.filter(soon) if wanted.expiring_soon else rows.exclude(soon)
    return rows.order_by("-pk")


def expiring_soon(*, now: datetime) -> Q:
    """Return the condition that a live subscription's period ends within 30 days."""
    return Q(status__in=sorted(LIVE), end_date__gte=now, end_date__lte=now + SOON)
