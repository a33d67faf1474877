"""Which plans there are, what they cost, and who has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Avg, Count, Max, Min, Q

from saaskit_core.periods import BillingFrequency
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_django.analytics.selectors.revenue import mrr_by_plan
from saaskit_django.plans.models import Price, SubscriptionPlan

if TYPE_CHECKING:
    from fractions import Fraction

MOST_PLANS = 100
_UNDELETED = Q(subscriptions__deleted_at__isnull=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanUse:
    """A plan with its subscriptions and what they bring per month, by currency."""

    plan: SubscriptionPlan
    active: int
    total: int
    mrr: dict[str, Fraction]


def plan_counts() -> dict[str, int]:
    """Count the plans, in one query."""
    return SubscriptionPlan.objects.aggregate(
        total=Count("pk"),
        active=Count("pk", filter=Q(is_active=True)),
        public=Count("pk", filter=Q(is_active=True, is_public=True)),
        with_trial=Count("pk", filter=Q(trial_days__gt=0)),
    )


def monthly_prices() -> list[dict[str, object]]:
    """Return the lowest, highest and average monthly price of each currency, in minor units."""
    rows = Price.objects.filter(
        is_current=True, frequency=BillingFrequency.MONTHLY, plan__deleted_at__isnull=True
    )
    ranges = (
        rows.order_by("currency")
        .values("currency")
        .annotate(
            lowest=Min("amount_minor"), highest=Max("amount_minor"), average=Avg("amount_minor")
        )
    )
    return [dict(row) for row in ranges]


def plan_uses() -> list[PlanUse]:
    """Return plans with who has them, those with the most active subscriptions first."""
    is_active = Q(subscriptions__status=SubscriptionStatus.ACTIVE) & _UNDELETED
    rows = (
        SubscriptionPlan.objects.select_related("feature_flags")
        .annotate(
            active=Count("subscriptions", filter=is_active),
            total=Count("subscriptions", filter=_UNDELETED),
        )
        .order_by("-active", "pk")[:MOST_PLANS]
    )
    monthly = mrr_by_plan()
    return [
        PlanUse(
            plan=plan,
            active=plan.active,
            total=plan.total,
            mrr={
                currency: amount
                for (plan_id, currency), amount in sorted(monthly.items())
                if plan_id == plan.pk
            },
        )
        for plan in rows
    ]
