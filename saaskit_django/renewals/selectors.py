"""Reads of what is due."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from saaskit_core.subscriptions.states import BilledBy
from saaskit_django.customers.services import billing_now
from saaskit_django.renewals.models import SweepClaim
from saaskit_django.subscriptions.models import Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet


def due_subscriptions(*, now: datetime, customer_id: int | None = None) -> Iterator[int]:
    """Yield the ids of the engine's subscriptions that time has something for, oldest first.

    Customers on hold are left out, and those with a test clock are judged by it.
    """
    rows = _movable()
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    yield from list(_on_real_time(rows, now=now).values_list("pk", flat=True))
    yield from _on_test_clocks(rows, now=now)


def count_due(*, now: datetime) -> int:
    """Return how many subscriptions are due on real time."""
    return _on_real_time(_movable(), now=now).order_by().count()


def due_page(
    *, now: datetime, after: tuple[datetime, int] | None, size: int
) -> list[tuple[datetime, int]]:
    """Return when and which are due next on real time, behind `after`, that nobody has in hand."""
    rows = _on_real_time(_movable(), now=now).exclude(_is_claimed(now))
    if after is not None:
        at, pk = after
        rows = rows.filter(
            Q(next_due_at=at, pk__gt=pk) | Q(next_due_at__gt=at), next_due_at__gte=at
        )
    return [(at, pk) for at, pk in rows.values_list("next_due_at", "pk")[:size] if at is not None]


def due_on_test_clocks(*, now: datetime) -> list[int]:
    """Return the ids of those that are due on a customer's test clock, in nobody's hand."""
    return list(_on_test_clocks(_movable().exclude(_is_claimed(now)), now=now))


def _movable() -> QuerySet[Subscription]:
    return Subscription.objects.filter(
        billed_by=BilledBy.ENGINE, next_due_at__isnull=False, customer__parked_at__isnull=True
    )


def _is_claimed(now: datetime) -> Exists:
    return Exists(SweepClaim.objects.filter(subscription=OuterRef("pk"), leased_until__gt=now))


def _on_real_time(rows: QuerySet[Subscription], *, now: datetime) -> QuerySet[Subscription]:
    due = rows.filter(customer__clock_offset=timedelta(), next_due_at__lte=now)
    return due.order_by("next_due_at", "pk")


def _on_test_clocks(rows: QuerySet[Subscription], *, now: datetime) -> Iterator[int]:
    on_test_clocks = rows.exclude(customer__clock_offset=timedelta()).select_related("customer")
    for row in on_test_clocks.order_by("next_due_at", "pk"):
        if row.next_due_at is not None and row.next_due_at <= billing_now(row.customer, now):
            yield row.pk
