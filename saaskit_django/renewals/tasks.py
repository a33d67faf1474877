"""The Celery tasks of renewals. They need the extra `celery`; else `saaskit tick` does the same."""

from __future__ import annotations

from celery import shared_task

from saaskit_django import clock
from saaskit_django.renewals.services.sweep import sweep
from saaskit_django.renewals.services.tick import tick


@shared_task(name="saaskit.auto_renew_subscriptions", ignore_result=True)
def auto_renew_subscriptions_task(**_: object) -> None:
    """Bring every due subscription up to now."""
    sweep(now=clock.now())


@shared_task(name="saaskit.tick", ignore_result=True)
def tick_task(**_: object) -> None:
    """Run everything that is due."""
    tick(now=clock.now())
