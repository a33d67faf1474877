"""The Celery task of the inbox. It needs the extra `celery`; else `saaskit tick` acts."""

from __future__ import annotations

from celery import shared_task

from saaskit_django import clock
from saaskit_django.payments.services.inbox import process_due


@shared_task(name="saaskit.process_webhooks", ignore_result=True)
def process_webhooks(**_: object) -> None:
    """Act on what has been delivered and is due."""
    process_due(now=clock.now())
