"""Looking after the inbox: find deliveries, have them acted upon again, forget old ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from saaskit_django.conf import Dispatch, conf
from saaskit_django.payments.models import RefusedDelivery, WebhookEvent
from saaskit_django.payments.services.inbox import HANDLED, process

if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT_FOR = timedelta(days=90)
"""How long what is settled is kept; longer than any provider delivers again."""
BATCH = 1000
AT_ONCE = 50
"""How many replayed deliveries a site without workers acts upon within the request."""

_SETTLED = (WebhookEvent.Status.DONE, WebhookEvent.Status.IGNORED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which deliveries are meant; what is empty doesn't matter.

    `ids` are the provider's event ids or ours; `since` is when they were received.
    """

    ids: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    provider: str = ""
    kind: str = ""
    since: datetime | None = None


def matching(wanted: Wanted) -> QuerySet[WebhookEvent]:
    """Return the deliveries that are meant, the oldest first, without their bodies."""
    found = WebhookEvent.objects.defer("body").order_by("received_at", "pk")
    if wanted.ids:
        ours = [int(each) for each in wanted.ids if each.isdecimal() and len(each) <= 18]
        found = found.filter(Q(event_id__in=wanted.ids) | Q(pk__in=ours))
    if wanted.statuses:
        found = found.filter(status__in=wanted.statuses)
    if wanted.provider:
        found = found.filter(provider=wanted.provider)
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.since is not None:
        found = found.filter(received_at__gte=wanted.since)
    return found


def counts(found: QuerySet[WebhookEvent]) -> dict[str, int]:
    """Return how many of them there are by status."""
    grouped = found.order_by("status").values_list("status").annotate(number=Count("pk"))
    return dict(grouped)


def refusals(*, since: datetime) -> list[RefusedDelivery]:
    """Return how many deliveries were refused, by provider, reason and day."""
    recent = RefusedDelivery.objects.filter(day__gte=since.date())
    return list(recent.order_by("-day", "provider", "code"))


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
