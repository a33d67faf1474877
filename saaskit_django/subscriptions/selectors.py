"""Reads of subscriptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.subscriptions.due import has_access
from saaskit_core.subscriptions.states import LIVE, SubscriptionStatus
from saaskit_django.conf import conf
from saaskit_django.plans.selectors import default_plan
from saaskit_django.subscriptions.models import Subscription

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from saaskit_django.customers.models import Customer
    from saaskit_django.plans.models import SubscriptionPlan


class SubscriptionNotFound(SaasKitError):
    """There is no such subscription."""

    code = "subscription_not_found"
    kind = ErrorKind.NOT_FOUND
    template = "There is no such subscription."


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentPlan:
    """The plan a customer may use now; `is_stale` while a payment is overdue."""

    plan: SubscriptionPlan | None
    subscription: Subscription | None
    is_stale: bool = False


def with_prices() -> QuerySet[Subscription]:
    """Return subscriptions with everything `to_core()` needs, in one query."""
    return Subscription.objects.select_related(
        "customer", "subscription_plan", "price__plan", "pending_price__plan", "previous"
    )


def subscription_by_reference(reference: str) -> Subscription | None:
    """Return the subscription of that name in events, or None."""
    return with_prices().filter(reference=reference).first()


def live_subscription(customer: Customer, *, group: str = "main") -> Subscription | None:
    """Return the one live subscription of the customer in a product group, or None."""
    return (
        with_prices().filter(customer_id=customer.pk, group=group, status__in=sorted(LIVE)).first()
    )


def live_subscriptions(customer: Customer) -> QuerySet[Subscription]:
    """Return the customer's live subscriptions, at most one per product group."""
    return with_prices().filter(customer_id=customer.pk, status__in=sorted(LIVE))


def had_trial(customer: Customer, *, group: str) -> bool:
    """Tell whether the customer ever had a trial in a product group: there is one only."""
    return Subscription.objects.filter(
        customer_id=customer.pk, group=group, trial_start__isnull=False
    ).exists()


def latest_subscription(customer: Customer, *, group: str = "main") -> Subscription | None:
    """Return the live subscription, or else the one that ended last, or None."""
    return live_subscription(customer, group=group) or ended_subscription(customer, group=group)


def ended_subscription(customer: Customer, *, group: str = "main") -> Subscription | None:
    """Return the subscription that ended last, of a customer who has no live one, or None."""
    return (
        with_prices()
        .filter(customer_id=customer.pk, group=group, deleted_at__isnull=True)
        .order_by("-pk")
        .first()
    )


def current_plan(customer: Customer, *, now: datetime, group: str = "main") -> CurrentPlan:
    """Return the plan the customer may use now: his subscription's, or the default plan."""
    row = live_subscription(customer, group=group)
    if row is None or not has_access(row.to_core(), now=now, policies=conf().policies):
        return CurrentPlan(plan=default_plan(), subscription=row)
    is_stale = row.status == SubscriptionStatus.RENEWAL_PENDING
    return CurrentPlan(plan=row.subscription_plan, subscription=row, is_stale=is_stale)
