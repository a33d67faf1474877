"""One round of everything periodic: what a worker or `saaskit tick` runs again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_django.audit.services import seal
from saaskit_django.coupons.services import release_expired
from saaskit_django.limits.services import forget_ended
from saaskit_django.outbox.dispatcher import Delivered, deliver_due, purge_delivered
from saaskit_django.payments.services.janitor import check_due
from saaskit_django.payments.services.webhook import process_due
from saaskit_django.renewals.services.sweep import Swept, sweep
from saaskit_django.rest.idempotency import purge_expired

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """How many of each were looked at."""

    webhooks: int
    payments: int
    subscriptions: Swept
    coupons_released: int
    messages: Delivered
    audit_sealed: int
    rows_purged: int


def tick(*, now: datetime) -> Ticked:
    """Run everything that is due once; again, or beside another, is safe."""
    return Ticked(
        webhooks=process_due(now=now),
        payments=check_due(now=now),
        subscriptions=sweep(now=now),
        coupons_released=release_expired(now=now),
        messages=deliver_due(now=now),
        audit_sealed=seal(),
        rows_purged=_purge(now=now),
    )


def _purge(*, now: datetime) -> int:
    """Delete what has served its time: idempotency keys, sent messages, ended counters."""
    return purge_expired(now=now) + purge_delivered(now=now) + forget_ended(now=now)
