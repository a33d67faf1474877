"""Looking after the inbox: find deliveries, have them acted upon again, forget old ones."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from saaskit_django.conf import Dispatch, conf
from saaskit_django.payments.models import RefusedDelivery, WebhookEvent
from saaskit_django.payments.services.inbox import HANDLED, process

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

KEPT_FOR = timedelta(days=90)
"""How long what is settled is kept; longer than any provider delivers again."""
BATCH = 1000
AT_ONCE = 50
"""How many replayed deliveries a site without workers acts upon within the request."""

_SETTLED = (WebhookEvent.Status.DONE, WebhookEvent.Status.IGNORED)


@transaction.atomic(durable=True)
def revive(event_ids: Sequence[int], *, now: datetime) -> int:
    """Let deliveries be acted upon again, whatever became of them; return how many can be.

    Always safe: a delivery only makes us ask the provider what is true now.
    """
    handled = WebhookEvent.objects.filter(pk__in=event_ids, kind__in=sorted(HANDLED))
    return handled.update(
        status=WebhookEvent.Status.RECEIVED,
        attempts=0,
        next_try_at=now,
        lease="",
        leased_until=None,
        done_at=None,
        error="",
    )


def replay(event_ids: Sequence[int], *, now: datetime) -> int:
    """Let deliveries be acted upon again; without workers, act on the first of them at once."""
    revived = sum(
        revive(event_ids[start : start + BATCH], now=now)
        for start in range(0, len(event_ids), BATCH)
    )
    if conf().dispatch is Dispatch.INLINE:
        for event_id in event_ids[:AT_ONCE]:
            process(event_id, now=now)
    return revived


def purge(*, older_than: datetime, limit: int | None = None) -> int:
    """Delete settled deliveries received before `older_than`; return how many.

    What waits and what is dead stays. A purged delivery that comes again is taken in again, and
    changes nothing that is newer.
    """
    deleted = 0
    while limit is None or deleted < limit:
        size = BATCH if limit is None else min(BATCH, limit - deleted)
        count = _purge_batch(older_than, size=size)
        deleted += count
        if count < size:
            break
    RefusedDelivery.objects.filter(day__lt=older_than.date()).delete()
    return deleted


def _purge_batch(older_than: datetime, *, size: int) -> int:
    old = WebhookEvent.objects.filter(status__in=_SETTLED, received_at__lt=older_than)
    batch = old.order_by("received_at", "pk").values("pk")[:size]
    return WebhookEvent.objects.filter(pk__in=batch).delete()[0]
