"""The Celery tasks of periodic work. They need the extra `celery`; else `saaskit worker` does it.

A slot's row says who runs a job, and what a killed worker leaves is taken over from the rows. So a
message may be lost, come twice or come late, and be given back when its worker dies.
"""

from __future__ import annotations

import logging

from celery import shared_task

from saaskit_django import clock
from saaskit_django.jobs import UnknownJob, job_named
from saaskit_django.renewals.services.slots import run_slot
from saaskit_django.renewals.services.tick import tick

logger = logging.getLogger("saaskit.jobs")


@shared_task(name="saaskit.run_job", ignore_result=True, acks_late=True, reject_on_worker_lost=True)
def run_job(*, job: str, **_: object) -> None:
    """Run a job for the slot that is due, unless that was done."""
    try:
        due = job_named(job)
    except UnknownJob as exc:
        logger.warning("%s", exc)  # The beat's list is older or longer than this site's.
        return
    run_slot(due, now=clock.now())


@shared_task(
    name="saaskit.auto_renew_subscriptions",
    ignore_result=True,
    acks_late=True,
    reject_on_worker_lost=True,
)
def auto_renew_subscriptions_task(**_: object) -> None:
    """Bring every due subscription up to now, sharing the work with who is at it."""
    run_slot(job_named("auto_renew_subscriptions"), now=clock.now())


@shared_task(name="saaskit.tick", ignore_result=True)
def tick_task(**_: object) -> None:
    """Run everything that is due."""
    tick(now=clock.now())
