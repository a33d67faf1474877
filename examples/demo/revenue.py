"""Recurring revenue out of the paid invoices: which subscription brought how much, from when."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saaskit_core.analytics.revenue import RevenueLine, recurring_amount
from saaskit_core.billing.invoices import LineKind
from saaskit_core.billing.quotes import coupons_in_effect
from saaskit_django.billing.models import AppliedCoupon, Invoice, InvoiceLine
from saaskit_django.conf import conf
from saaskit_django.plans.models import Price
from saaskit_django.subscriptions.models import Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from saaskit_core.money import Money
    from saaskit_core.plans import Price as CorePrice

CHARGES = (LineKind.PERIOD, LineKind.REMAINING_DEBIT)


def revenue_lines() -> list[RevenueLine]:
    """Return the stretches of time in which each subscription brought the same amount."""
    return [line for row in Subscription.objects.order_by("pk") for line in _stretches(row)]


def recurring(row: Subscription, price: CorePrice, quantity: int) -> Money:
    """Return what a price brings per interval after the subscription's lasting coupons."""
    applied = AppliedCoupon.objects.filter(subscription=row, is_released=False)
    coupons = coupons_in_effect([each.to_core() for each in applied], price=price, period=None)
    return recurring_amount(price, quantity, coupons=coupons, policy=conf().policies.coupons_in_mrr)


def _stretches(row: Subscription) -> list[RevenueLine]:
    lines: list[RevenueLine] = []
    for charged in _charges(row):
        current = _line(row, charged)
        if current is None:
            continue
        last = lines[-1] if lines else None
        if last and (last.amount, last.interval) == (current.amount, current.interval):
            continue
        if last:
            lines[-1] = replace(last, ends_at=current.starts_at)
        lines.append(current)
    if lines and row.ended_at is not None:
        lines[-1] = replace(lines[-1], ends_at=max(row.ended_at, lines[-1].starts_at))
    return lines


def _charges(row: Subscription) -> Iterator[InvoiceLine]:
    """Yield the lines that charged a price, in the order of time."""
    yield from InvoiceLine.objects.filter(
        invoice__subscription=row,
        invoice__status=Invoice.Status.PAID,
        kind__in=CHARGES,
        price_id__isnull=False,
    ).order_by("invoice__issued_at", "pk")


def _line(row: Subscription, charged: InvoiceLine) -> RevenueLine | None:
    price = Price.objects.select_related("plan").get(pk=charged.price_id).to_core()
    starts_at: datetime | None = charged.period_start
    if price.interval is None or starts_at is None:
        return None
    return RevenueLine(
        subscription_id=row.reference,
        customer_id=str(row.customer_id),
        amount=recurring(row, price, charged.quantity),
        interval=price.interval,
        starts_at=starts_at,
    )
