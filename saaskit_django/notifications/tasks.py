"""The Celery task that notifies a user. It needs the extra `celery`."""

from __future__ import annotations

from typing import Any

from celery import Task, shared_task
from django.contrib.auth import get_user_model
from django.db import transaction

from saaskit_django.notifications.models import NotificationDelivery
from saaskit_django.notifications.services import ChannelNotDelivered, deliver, notify

RETRIES = 3
RETRY_AFTER_SECONDS = 60


@shared_task(bind=True, name="saaskit.send_notification", max_retries=RETRIES)
def send_notification_task(
    self: Task, *, user_id: Any, title: str, message: str, channels: tuple[str, ...] = (), **_: Any
) -> int:
    """Notify a user on `channels`; one that failed is tried again, one that succeeded isn't.

    The task's own id is the key of the notification, so running it twice notifies once.
    """
    with transaction.atomic(durable=True):
        row = notify(
            user=get_user_model()._default_manager.get(pk=user_id),
            title=title,
            message=message,
            channels=channels,
            key=f"task:{self.request.id}",
        )
    failed = [
        each for each in NotificationDelivery.objects.filter(notification=row) if _fails(each)
    ]
    if failed:
        raise self.retry(countdown=RETRY_AFTER_SECONDS)
    return int(row.pk)


def _fails(delivery: NotificationDelivery) -> bool:
    try:
        deliver(delivery_id=delivery.pk)
    except ChannelNotDelivered:
        return True
    return False
