"""Looking after the outbox: list its deliveries, and give the dead ones another chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, F

from saaskit_django.outbox.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

BATCH = 1000


def listed(*, status: str, limit: int) -> list[dict[str, Any]]:
    """Return the newest deliveries of a status, without what their messages say."""
    rows = (
        Delivery.objects.filter(status=status)
        .order_by("-pk")
        .values(
            "id",
            "status",
            "attempts",
            "handler",
            "aggregate",
            "next_at",
            "last_error",
            topic=F("message__topic"),
        )
    )
    return [dict(row) for row in rows[:limit]]


def counts() -> dict[str, int]:
    """Return how many deliveries there are by status."""
    grouped = Delivery.objects.order_by("status").values_list("status")
    return dict(grouped.annotate(number=Count("pk")))


def dead(*, ids: Sequence[int] = (), topic: str = "") -> list[int]:
    """Return which deliveries are dead, of these ids or of one topic if given."""
    found = Delivery.objects.filter(status=Delivery.Status.DEAD)
    if ids:
        found = found.filter(pk__in=ids)
    if topic:
        found = found.filter(message__topic=topic)
    return list(found.order_by("pk").values_list("pk", flat=True))


def revive(*, delivery_ids: Sequence[int], now: datetime) -> int:
    """Make dead deliveries due again; return how many."""
    return sum(
        Delivery.objects.filter(
            pk__in=delivery_ids[start : start + BATCH], status=Delivery.Status.DEAD
        ).update(
            status=Delivery.Status.PENDING, attempts=0, next_at=now, last_error="", updated_at=now
        )
        for start in range(0, len(delivery_ids), BATCH)
    )
