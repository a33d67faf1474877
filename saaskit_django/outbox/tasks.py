"""The Celery task of the outbox. It needs the extra `celery`; else `saaskit tick` delivers."""

from __future__ import annotations

from celery import shared_task

from saaskit_django.outbox.dispatcher import deliver_due


@shared_task(name="saaskit.deliver_outbox", ignore_result=True)
def deliver_outbox(**_: object) -> None:
    """Deliver what is due."""
    deliver_due()
