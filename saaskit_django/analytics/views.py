"""The dashboards of staff: they read and write nothing."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rest_framework.response import Response

from saaskit_core.analytics.months import Calendar, Month
from saaskit_core.features.documents import leaves
from saaskit_django import clock
from saaskit_django.analytics import serializers as render
from saaskit_django.analytics.selectors import plans, revenue, site, subscriptions
from saaskit_django.conf import conf
from saaskit_django.customers.permissions import IsAdmin
from saaskit_django.plans.selectors import feature_definitions
from saaskit_django.rest.serializers import NoInput, query_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from datetime import datetime

    from rest_framework.request import Request


class StaffDashboard(SaasKitView):
    """Base of the dashboards: for admins only."""

    permission_classes = (IsAdmin,)


class SiteStats(StaffDashboard):
    """The site at a glance."""

    def get(self, request: Request) -> Response:
        """Count users and active subscriptions, and what came in this month."""
        query_of(request, NoInput)
        now = clock.now()
        return Response(
            {
                "total_users": site.total_users(),
                "active_subscriptions": subscriptions.overview(now=now)["active"],
                "revenue_this_month": render.received_data(site.received(since=_month(now))),
                "subscription_distribution": subscriptions.active_by_plan(),
            }
        )


class RevenueDashboard(StaffDashboard):
    """Recurring revenue in one currency."""

    def get(self, request: Request) -> Response:
        """Show it as it is now, and what moved it month by month."""
        wanted, now = query_of(request, render.AnalyticsQuery), clock.now()
        currency = wanted.get("currency") or conf().default_currency
        calendar = _calendar(wanted, now=now)
        figures = revenue.month_figures(calendar, currency=currency)
        by_month = {each.month: each for each in figures}
        monthly = revenue.by_currency(revenue.mrr_by_plan()).get(currency, Fraction(0))
        subscribers = revenue.subscribers(currency=currency)
        latest = figures[-1] if figures else None
        return Response(
            {
                **render.revenue_data(monthly, subscribers, latest, currency=currency),
                "total_users": site.total_users(),
                "new_users_this_month": site.new_users(since=_month(now)),
                "movements": [
                    render.movement_data(month, by_month.get(month), currency=currency)
                    for month in calendar.months
                ],
            }
        )


class SubscriptionAnalytics(StaffDashboard):
    """All subscriptions in figures."""

    def get(self, request: Request) -> Response:
        """Count them by state, plan, frequency and calendar month."""
        query_of(request, NoInput)
        now = clock.now()
        months = subscriptions.new_by_month(Calendar.until(now))
        return Response(
            {
                "overview": subscriptions.overview(now=now),
                "revenue": {
                    "total": render.received_data(site.received()),
                    "average_payment": render.amounts_data(site.average_payments()),
                },
                "distributions": {
                    "by_plan": subscriptions.active_by_plan(),
                    "by_billing_frequency": subscriptions.active_by_frequency(),
                },
                "trends": {
                    "monthly_new_subscriptions": [
                        {"month": str(month), "count": count} for month, count in months
                    ]
                },
            }
        )


class SubscriptionDashboard(StaffDashboard):
    """Subscriptions of the present month against those of the one before."""

    def get(self, request: Request) -> Response:
        """Show the key figures, what came in, and growth."""
        query_of(request, NoInput)
        now = clock.now()
        counts = subscriptions.overview(now=now)
        mrr = revenue.by_currency(revenue.mrr_by_plan())
        growth = subscriptions.growth(Calendar.until(now, months=2))
        return Response(
            {
                "key_metrics": {**counts, "mrr": render.amounts_data(mrr)},
                "revenue": {"this_month": render.received_data(site.received(since=_month(now)))},
                "growth": render.growth_data(growth),
            }
        )


class PlanAnalytics(StaffDashboard):
    """All plans in figures."""

    def get(self, request: Request) -> Response:
        """Show prices, what is granted, and who has them."""
        query_of(request, NoInput)
        uses, known = plans.plan_uses(), feature_definitions()
        granted = Counter(path for use in uses for path, _ in leaves(use.plan.features, known))
        return Response(
            {
                "overview": plans.plan_counts(),
                "pricing": render.pricing_data(plans.monthly_prices()),
                "features": dict(sorted(granted.items())),
                "limits": render.limits_data(uses),
                "usage": [render.use_data(use) for use in uses],
            }
        )


class PlanDashboard(StaffDashboard):
    """The plans that matter most."""

    def get(self, request: Request) -> Response:
        """Show which plan most have and which brings most; revenue is MRR."""
        query_of(request, NoInput)
        uses = plans.plan_uses()
        currency = conf().default_currency
        return Response(
            {
                "overview": plans.plan_counts(),
                "top_performers": render.performers_data(uses, currency=currency),
                "plan_performance": [render.use_data(use) for use in uses[: render.PERFORMERS]],
            }
        )


def _month(now: datetime) -> datetime:
    return Month.of(now).starts_at()


def _calendar(wanted: dict[str, Any], *, now: datetime) -> Calendar:
    """Return the months asked for, by default the last twelve up to the given or present one."""
    to, start = wanted.get("to"), wanted.get("from")
    last = Month(to.year, to.month) if to else Month.of(now)
    first = Month(start.year, start.month) if start else last.plus(-11)
    return Calendar(first=first, last=last)
