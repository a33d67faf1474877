"""Deal out the due subscriptions in chunks, so that several workers share one sweep.

Claims only save workers from doing the same work: what keeps a subscription from being billed
twice is its customer's lock and the rows themselves. So a claim that ran out early does no harm.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from django.db import transaction

from saaskit_django.renewals.models import SweepClaim
from saaskit_django.renewals.selectors import due_on_test_clocks, due_page
from saaskit_django.subscriptions.models import Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

LEASE = timedelta(minutes=10)
CHUNK = 50


def claimed_subscriptions(*, now: datetime) -> Iterator[int]:
    """Yield the ids of due subscriptions that are this worker's, oldest first, each once.

    Those that others have in hand are passed over. Closing the iterator gives back what is left.
    """
    started = monotonic()
    after: tuple[datetime, int] | None = None
    is_last = False
    while not is_last:
        page = due_page(now=now, after=after, size=CHUNK)
        is_last = len(page) < CHUNK
        after = page[-1] if page else None
        yield from _held([pk for _, pk in page], now=_later(now, started))
    on_test_clocks = due_on_test_clocks(now=now)
    for start in range(0, len(on_test_clocks), CHUNK):
        yield from _held(on_test_clocks[start : start + CHUNK], now=_later(now, started))


def _later(now: datetime, started: float) -> datetime:
    """Leases count from when they are taken, and a sweep may have gone on for long."""
    return now + timedelta(seconds=monotonic() - started)


def _held(subscription_ids: Sequence[int], *, now: datetime) -> Iterator[int]:
    if not subscription_ids:
        return
    token = secrets.token_hex(16)
    mine = set(_claim(subscription_ids, token, now=now))
    try:
        yield from (pk for pk in subscription_ids if pk in mine)
    finally:
        SweepClaim.objects.filter(subscription__in=mine, leased_by=token).delete()


@transaction.atomic(durable=True)
def _claim(subscription_ids: Sequence[int], token: str, *, now: datetime) -> list[int]:
    """Take those of them that nobody has; on PostgreSQL without waiting for who takes others."""
    SweepClaim.objects.filter(subscription__in=subscription_ids, leased_until__lte=now).delete()
    free = Subscription.objects.filter(pk__in=subscription_ids)
    if transaction.get_connection().features.has_select_for_update_skip_locked:
        free = free.select_for_update(skip_locked=True, no_key=True)
    SweepClaim.objects.bulk_create(
        [
            SweepClaim(subscription_id=pk, leased_by=token, leased_until=now + LEASE)
            for pk in free.values_list("pk", flat=True)
        ],
        ignore_conflicts=True,
    )
    mine = SweepClaim.objects.filter(subscription__in=subscription_ids, leased_by=token)
    return list(mine.values_list("subscription_id", flat=True))
