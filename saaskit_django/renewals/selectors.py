"""Reads of what is due."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from saaskit_core.subscriptions.states import BilledBy
from saaskit_django.customers.services import billing_now
from saaskit_django.subscriptions.models import Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


def due_subscriptions(*, now: datetime, customer_id: int | None = None) -> Iterator[int]:
    """Yield the ids of the engine's subscriptions that time has something for, oldest first.

    Customers on hold are left out, and those with a test clock are judged by it.
    """
    rows = Subscription.objects.filter(
        billed_by=BilledBy.ENGINE, next_due_at__isnull=False, customer__parked_at__isnull=True
    )
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    on_real_time = rows.filter(customer__clock_offset=timedelta(), next_due_at__lte=now)
    ordered = on_real_time.order_by("next_due_at", "pk").values_list("pk", flat=True)
    yield from list(ordered)
    on_test_clocks = rows.exclude(customer__clock_offset=timedelta()).select_related("customer")
    for row in on_test_clocks.order_by("next_due_at", "pk"):
        if row.next_due_at is not None and row.next_due_at <= billing_now(row.customer, now):
            yield row.pk
