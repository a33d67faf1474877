"""One round of everything periodic: what a worker or `saaskit tick` runs again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_django.audit.services import seal
from saaskit_django.coupons.services import release_expired
from saaskit_django.jobs import UNHURRIED, installed_jobs
from saaskit_django.outbox.dispatcher import Delivered, deliver_due
from saaskit_django.payments.services.inbox import process_due
from saaskit_django.payments.services.janitor import check_due
from saaskit_django.renewals.services.rounds import purge_all
from saaskit_django.renewals.services.slots import run_slot
from saaskit_django.renewals.services.sweep import Swept, sweep

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_django.jobs import Pace

OF_THE_ROUND = frozenset(
    {
        "process_webhooks",
        "check_payments",
        "auto_renew_subscriptions",
        "release_coupons",
        "deliver_outbox",
        "seal_audit",
        "purge",
    }
)
"""The jobs whose work every round does, whether their slots are due or not."""


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


def tick(*, now: datetime, pace: Pace = UNHURRIED) -> Ticked:
    """Run everything that is due once; again, or beside another, is safe.

    The round's own parts run whenever it is called; the jobs of other apps run once per slot.
    """
    ticked = Ticked(
        webhooks=process_due(now=now),
        payments=check_due(now=now),
        subscriptions=sweep(now=now, pace=pace),
        coupons_released=release_expired(now=now),
        messages=deliver_due(now=now),
        audit_sealed=seal(),
        rows_purged=purge_all(now=now),
    )
    for job in installed_jobs():
        if job.name not in OF_THE_ROUND:
            run_slot(job, now=now, should_stop=pace.should_stop)
    return ticked
