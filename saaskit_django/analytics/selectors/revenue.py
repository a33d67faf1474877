"""Recurring revenue from rows: what it is now, and what moved it month by month."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, Q, Sum

from saaskit_core.analytics.history import history_of_rows
from saaskit_core.analytics.revenue import COUNTED, RevenueRow, recurring_amount
from saaskit_core.coupons import CouponDuration
from saaskit_core.periods import Interval, Unit
from saaskit_core.subscriptions.policies import CouponsInMrr
from saaskit_django.analytics.models import RevenueStretch
from saaskit_django.billing.models import AppliedCoupon
from saaskit_django.conf import conf
from saaskit_django.subscriptions.models import Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from saaskit_core.analytics.figures import MonthFigures
    from saaskit_core.analytics.months import Calendar

BY_PLAN = ("subscription_plan_id", "price__currency")

Monthly = dict[tuple[int, str], Fraction]
"""Minor units per month by plan and currency, exact."""


def mrr_by_plan() -> Monthly:
    """Return the recurring revenue of now, exactly as the core counts it.

    One aggregate for whatever is price × quantity; only subscriptions with add-ons or with
    coupons that count are looked at one by one.
    """
    total: defaultdict[tuple[int, str], Fraction] = defaultdict(Fraction)
    for plan_id, currency, unit, count, minor in _sums():
        total[plan_id, currency] += minor / Interval(Unit(unit), count).months
    for row in _special():
        coupons = [each.coupon.to_core() for each in row.coupons.all() if not each.is_released]
        core = row.to_core()
        amount = recurring_amount(
            core.price,
            core.quantity,
            add_ons=core.add_ons,
            coupons=coupons,
            policy=conf().policies.coupons_in_mrr,
        )
        if core.price.interval is not None:
            key = (row.subscription_plan_id, amount.currency)
            total[key] += amount.minor / core.price.interval.months
    return dict(total)


def by_currency(monthly: Monthly) -> dict[str, Fraction]:
    """Add up what the plans bring, by currency."""
    total: defaultdict[str, Fraction] = defaultdict(Fraction)
    for (_, currency), amount in monthly.items():
        total[currency] += amount
    return dict(sorted(total.items()))


def month_figures(calendar: Calendar, *, currency: str) -> tuple[MonthFigures, ...]:
    """Return the months of one currency with what moved its revenue; empty where nothing did."""
    rows = RevenueStretch.objects.filter(
        currency=currency, starts_at__lt=calendar.bounds[-1]
    ).order_by("customer_id")
    history = history_of_rows(_rows(rows), calendar=calendar)
    return history.months.get(currency, ())


def subscribers(*, currency: str) -> int:
    """Count the customers who bring recurring revenue in a currency now."""
    rows = counted().filter(price__currency=currency, price__amount_minor__gt=0)
    return rows.order_by().values("customer_id").distinct().count()


def counted() -> QuerySet[Subscription]:
    """Return the subscriptions that are recurring revenue now."""
    return Subscription.objects.filter(status__in=sorted(COUNTED)).exclude(price__interval_unit="")


def _rows(rows: QuerySet[RevenueStretch]) -> Iterator[RevenueRow]:
    columns = (
        *("customer_id", "currency", "amount_minor", "interval_unit", "interval_count"),
        *("starts_at", "ends_at"),
    )
    for customer_id, *others in rows.values_list(*columns).iterator():
        yield RevenueRow(str(customer_id), *others)


def _sums() -> Iterator[tuple[int, str, str, int, int]]:
    columns = (*BY_PLAN, "price__interval_unit", "price__interval_count")
    sums = counted().exclude(_is_special()).order_by().values(*columns)
    for row in sums.annotate(minor=Sum(F("price__amount_minor") * F("quantity"))):
        yield (*(row[name] for name in columns), row["minor"])


def _special() -> QuerySet[Subscription]:
    return (
        counted()
        .filter(_is_special())
        .select_related("price__plan", "pending_price__plan", "previous", "subscription_plan")
        .prefetch_related(
            "coupons__coupon__amounts", "coupons__coupon__applicable_plans", "coupons__coupon"
        )
    )


def _is_special() -> Q:
    """Return the condition that it takes more than price × quantity to know the amount."""
    applied = AppliedCoupon.objects.filter(subscription=OuterRef("pk"), is_released=False)
    match conf().policies.coupons_in_mrr:
        case CouponsInMrr.NONE:
            return ~Q(add_ons=[])
        case CouponsInMrr.FOREVER:
            applied = applied.filter(coupon__duration=CouponDuration.FOREVER)
    return ~Q(add_ons=[]) | Q(Exists(applied))
