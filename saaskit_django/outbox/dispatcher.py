"""Deliver what the outbox holds: leased, in order per aggregate, again after a failure, then dead.

Any number of workers may run at once. A lease is one conditional UPDATE, so it holds on SQLite and
on PostgreSQL; a worker that dies leaves leases that run out.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import local
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.module_loading import import_string

from saaskit_django import clock
from saaskit_django.conf import Dispatch, conf
from saaskit_django.outbox.messages import Message
from saaskit_django.outbox.models import Delivery, OutboxMessage
from saaskit_django.outbox.reactions import handler, runs_outside

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger("saaskit.outbox")

TASK = "saaskit_django.outbox.tasks.deliver_outbox"
LEASE = timedelta(minutes=2)
BATCH = 20
KICK_LIMIT = 50
"""A request delivers what it wrote itself and a little more, never a backlog."""
BACKOFF = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200)
)
"""How long to wait after the first, second … failure; after the last one a delivery is dead."""

_thread = local()


class LeaseLost(Exception):
    """Raised when another worker took the delivery over while we held it too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What one run did: reactions that ran, those that failed and wait, those given up."""

    done: int = 0
    failed: int = 0
    dead: int = 0

    def __add__(self, other: Delivered) -> Delivered:
        """Add up two runs."""
        return Delivered(
            done=self.done + other.done,
            failed=self.failed + other.failed,
            dead=self.dead + other.dead,
        )

    @property
    def total(self) -> int:
        """How many reactions were tried."""
        return self.done + self.failed + self.dead


def deliver_due(now: datetime | None = None, limit: int = 500) -> Delivered:
    """Deliver up to `limit` reactions that are due; call it with no transaction open."""
    total = Delivered(dead=_bury(now or clock.now()))
    while total.total < limit:
        leased = _lease(now or clock.now(), size=min(BATCH, limit - total.total))
        if not leased:
            break
        for delivery in leased:
            total += _deliver(delivery, now=now or clock.now())
    return total


def kick_after_commit() -> None:
    """Have the outbox delivered once this transaction has committed, as DISPATCH says."""
    connection = transaction.get_connection()
    if not any(function is _kick for _, function, _ in connection.run_on_commit):
        transaction.on_commit(_kick, robust=True)


def purge_delivered(*, now: datetime, kept_for: timedelta = timedelta(days=30)) -> int:
    """Delete messages whose every delivery was done `kept_for` ago; return how many."""
    recent = Q(status__in=["pending", "dead"]) | Q(delivered_at__gt=now - kept_for)
    open_ones = Delivery.objects.filter(recent, message=OuterRef("pk"))
    old = OutboxMessage.objects.filter(~Exists(open_ones), created_at__lte=now - kept_for)
    return old.delete()[1].get(OutboxMessage._meta.label, 0)


def _kick() -> None:
    mode = conf().dispatch
    if mode is Dispatch.INLINE and not getattr(_thread, "is_delivering", False):
        _thread.is_delivering = True
        try:
            deliver_due(limit=KICK_LIMIT)
        finally:
            _thread.is_delivering = False
    elif mode is Dispatch.CELERY:
        # A broker that is away keeps no request waiting: the row is there, beat sends again.
        import_string(TASK).apply_async(retry=False)


def _lease(now: datetime, *, size: int) -> list[Delivery]:
    """Take the oldest due delivery of each aggregate and handler that nobody holds.

    What a lost worker held is taken alone, and that counts as an attempt: if it is what kills
    workers, it takes no others along and is given up in the end.
    """
    token = secrets.token_hex(16)
    lease = {"leased_by": token, "leased_until": now + LEASE}
    fresh = Q(status=Delivery.Status.PENDING, leased_until__isnull=True)
    with transaction.atomic():
        count = _take(_lost(now), now=now, size=1, attempts=F("attempts") + 1, **lease)
        count = count or _take(fresh, now=now, size=size, **lease)
    if not count:
        return []
    mine = Delivery.objects.filter(leased_by=token).select_related("message")
    return list(mine.order_by("message", "pk"))


def _take(free: Q, *, now: datetime, size: int, **changes: Any) -> int:
    earlier = Delivery.objects.filter(
        status=Delivery.Status.PENDING,
        aggregate=OuterRef("aggregate"),
        handler=OuterRef("handler"),
        message__lt=OuterRef("message"),
    )
    due = Delivery.objects.filter(free, ~Exists(earlier), next_at__lte=now)
    oldest = due.order_by("next_at", "pk").values_list("pk", flat=True)
    chosen: Iterable[int]
    if transaction.get_connection().features.has_select_for_update_skip_locked:
        # As a subquery of the UPDATE it may run once per row there and take more than `size`.
        chosen = list(oldest.select_for_update(skip_locked=True, of=("self",))[:size])
    else:
        chosen = oldest[:size]
    return Delivery.objects.filter(free, pk__in=chosen).update(**changes)


def _lost(now: datetime) -> Q:
    """Say which deliveries are held by workers that are gone."""
    return Q(status=Delivery.Status.PENDING, leased_until__lte=now) & ~Q(leased_by="")


def _bury(now: datetime) -> int:
    """Give up what was lost with its worker once too often; return how many."""
    lost = Delivery.objects.filter(_lost(now), attempts__gte=len(BACKOFF))
    buried = lost.update(
        status=Delivery.Status.DEAD,
        attempts=F("attempts") + 1,
        leased_by="",
        leased_until=None,
        last_error="the worker was lost",
        updated_at=now,
    )
    if buried:
        logger.error("%s deliveries are dead: their workers were lost", buried)
    return buried


def _deliver(delivery: Delivery, *, now: datetime) -> Delivered:
    try:
        react = handler(delivery.handler)
        if runs_outside(delivery.handler):
            _still_mine(delivery)
            react(_message(delivery))
            _mark_done(delivery, now=now)
        else:
            with transaction.atomic(durable=True):
                _mark_done(delivery, now=now)
                react(_message(delivery))
    except LeaseLost:
        return Delivered()
    except Exception as exc:
        logger.exception("%s failed on message %s", delivery.handler, delivery.message_id)
        return _mark_failed(delivery, exc, now=now)
    return Delivered(done=1)


def _message(delivery: Delivery) -> Message:
    row = delivery.message
    return Message(
        id=row.pk,
        topic=row.topic,
        key=row.key,
        aggregate=row.aggregate,
        payload=row.payload,
        occurred_at=row.occurred_at,
        attempt=delivery.attempts + 1,
    )


def _held(delivery: Delivery) -> Q:
    return Q(pk=delivery.pk, leased_by=delivery.leased_by, status=Delivery.Status.PENDING)


def _still_mine(delivery: Delivery) -> None:
    if not Delivery.objects.filter(_held(delivery)).exists():
        raise LeaseLost


def _mark_done(delivery: Delivery, *, now: datetime) -> None:
    changed = Delivery.objects.filter(_held(delivery)).update(
        status=Delivery.Status.DELIVERED,
        delivered_at=now,
        attempts=F("attempts") + 1,
        leased_by="",
        leased_until=None,
        last_error="",
        updated_at=now,
    )
    if not changed:
        raise LeaseLost


def _mark_failed(delivery: Delivery, exc: Exception, *, now: datetime) -> Delivered:
    failures = delivery.attempts + 1
    is_dead = failures > len(BACKOFF)
    wait = BACKOFF[min(failures, len(BACKOFF)) - 1]
    Delivery.objects.filter(_held(delivery)).update(
        status=Delivery.Status.DEAD if is_dead else Delivery.Status.PENDING,
        attempts=failures,
        next_at=now + wait,
        leased_by="",
        leased_until=None,
        last_error=f"{type(exc).__name__}: {exc}"[:500],
        updated_at=now,
    )
    return Delivered(dead=1) if is_dead else Delivered(failed=1)
