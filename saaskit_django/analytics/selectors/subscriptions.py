"""How many subscriptions there are, in which state, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.db.models.functions import TruncMonth

from saaskit_core.analytics.months import Month
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_django.checkout.selectors import expiring_soon
from saaskit_django.subscriptions.models import Subscription

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from saaskit_core.analytics.months import Calendar

MOST_PLANS = 100
ACTIVE = Q(status=SubscriptionStatus.ACTIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How a month compares with the one before; those `at_start` were live as it began."""

    this_month_new: int
    last_month_new: int
    at_start: int
    ended: int


def shown() -> QuerySet[Subscription]:
    """Return all subscriptions but the deleted ones."""
    return Subscription.objects.filter(deleted_at__isnull=True).order_by()


def overview(*, now: datetime) -> dict[str, int]:
    """Count subscriptions by what a person looks for, in one query."""
    status = SubscriptionStatus
    return shown().aggregate(
        total=Count("pk"),
        active=Count("pk", filter=ACTIVE),
        trial=Count("pk", filter=Q(status=status.TRIAL)),
        pending=Count("pk", filter=Q(status=status.PENDING)),
        renewal_pending=Count("pk", filter=Q(status=status.RENEWAL_PENDING)),
        expired=Count("pk", filter=Q(status=status.EXPIRED)),
        cancelled=Count("pk", filter=Q(status=status.CANCELLED)),
        suspended=Count("pk", filter=Q(status=status.SUSPENDED)),
        auto_renew_enabled=Count("pk", filter=ACTIVE & Q(auto_renew=True)),
        expiring_soon=Count("pk", filter=expiring_soon(now=now)),
    )


def active_by_plan() -> list[dict[str, object]]:
    """Count the active subscriptions of each plan, the most first."""
    rows = shown().filter(ACTIVE).values("subscription_plan_id", "subscription_plan__name")
    counted = rows.annotate(count=Count("pk")).order_by("-count", "subscription_plan_id")
    return [
        {
            "plan_id": row["subscription_plan_id"],
            "plan_name": row["subscription_plan__name"],
            "count": row["count"],
        }
        for row in counted[:MOST_PLANS]
    ]


def active_by_frequency() -> dict[str, int]:
    """Count the active subscriptions of each billing frequency; "" is a custom interval."""
    rows = shown().filter(ACTIVE).values("price__frequency").annotate(count=Count("pk"))
    return {row["price__frequency"]: row["count"] for row in rows.order_by("price__frequency")}


def new_by_month(calendar: Calendar) -> list[tuple[Month, int]]:
    """Count how many began in each month of a calendar in UTC."""
    rows = (
        shown()
        .filter(start_date__gte=calendar.bounds[0], start_date__lt=calendar.bounds[-1])
        .annotate(month=TruncMonth("start_date"))
        .values("month")
        .annotate(count=Count("pk"))
    )
    found = {Month.of(row["month"]): row["count"] for row in rows}
    return [(month, found.get(month, 0)) for month in calendar.months]


def growth(calendar: Calendar) -> Growth:
    """Compare the last month of a calendar with the one before, in one query."""
    last, this, end = calendar.bounds[-3:]
    counts = shown().aggregate(
        this_month_new=Count("pk", filter=Q(start_date__gte=this, start_date__lt=end)),
        last_month_new=Count("pk", filter=Q(start_date__gte=last, start_date__lt=this)),
        at_start=Count("pk", filter=_live_at(this)),
        ended=Count("pk", filter=_live_at(this) & Q(ended_at__lt=end)),
    )
    return Growth(**counts)


def _live_at(at: datetime) -> Q:
    return Q(start_date__lt=at) & (Q(ended_at__isnull=True) | Q(ended_at__gte=at))
