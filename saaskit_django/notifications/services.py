"""Tell users things, and send what goes out on other channels."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils.translation import override

from saaskit_core.errors import SaasKitError
from saaskit_core.notifications import NotificationQueued, NotificationType
from saaskit_core.notifiers import (
    Channel,
    DeliveryFailure,
    DeliveryResult,
    DeliveryState,
    Message,
)
from saaskit_django import clock
from saaskit_django.customers.models import Profile
from saaskit_django.notifications.models import Notification, NotificationDelivery
from saaskit_django.notifications.selectors import (
    NotificationNotFound,
    address_of,
    language_of,
    notifications_of,
)
from saaskit_django.outbox.services import record
from saaskit_django.registry import notifier_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saaskit_core.notifiers import Notifier

LEASE = timedelta(minutes=2)
Status = NotificationDelivery.Status


class ChannelNotDelivered(Exception):
    """Raised when sending failed for now; trying again later may help."""


def notify(
    *,
    user: Any,
    title: str,
    message: str,
    type: NotificationType = NotificationType.SYSTEM,  # noqa: A002 (the model's word)
    channels: Iterable[Channel | str] = (),
    key: str | None = None,
) -> Notification:
    """Put a notice into the user's list and send it on `channels` after commit.

    Inside a transaction. With a `key` the same notice is made once and sent once per channel,
    however often this is called.
    """
    row = _write(user=user, title=title, message=message, type=NotificationType(type), key=key)
    wanted = [Channel(channel) for channel in dict.fromkeys(channels)]
    NotificationDelivery.objects.bulk_create(
        [NotificationDelivery(notification=row, channel=each.value) for each in wanted],
        ignore_conflicts=True,
    )
    for delivery in NotificationDelivery.objects.filter(notification=row, channel__in=wanted):
        event = NotificationQueued(
            aggregate=f"notification:{row.pk}:{delivery.channel}",
            occurred_at=clock.now(),
            delivery_id=delivery.pk,
            channel=delivery.channel,
        )
        record(event, key=f"notification:{row.pk}:{delivery.channel}")
    return row


@transaction.atomic(durable=True)
def create_notification(
    *,
    user: Any,
    title: str,
    message: str,
    type: NotificationType,  # noqa: A002
) -> Notification:
    """Put a notice into the user's list."""
    return notify(user=user, title=title, message=message, type=type)


@transaction.atomic(durable=True)
def delete_notification(*, user: Any, notification_id: int) -> None:
    """Hide one notification of the user. Raises NotificationNotFound."""
    if not _hide(notifications_of(user).filter(pk=notification_id)):
        raise NotificationNotFound


@transaction.atomic(durable=True)
def clear_all(*, user: Any) -> int:
    """Hide all notifications of the user; return how many."""
    return _hide(notifications_of(user))


@transaction.atomic(durable=True)
def mark_as_read(*, user: Any, notification_id: int) -> Notification:
    """Mark one notification of the user as read. Raises NotificationNotFound."""
    rows = notifications_of(user).filter(pk=notification_id)
    now = clock.now()
    rows.filter(is_read=False).update(is_read=True, read_at=now, updated_at=now)
    row = rows.first()
    if row is None:
        raise NotificationNotFound
    return row


def deliver(*, delivery_id: int) -> str:
    """Send one notification on its channel, unless that was done; return the status.

    Opens no transaction around the sending. Raises ChannelNotDelivered when it should be tried
    again.
    """
    rows = NotificationDelivery.objects.filter(pk=delivery_id)
    now = clock.now()
    free = Q(status=Status.PENDING) | Q(status=Status.SENDING, leased_until__lte=now)
    taken = rows.filter(free).update(
        status=Status.SENDING, leased_until=now + LEASE, attempts=F("attempts") + 1
    )
    row = rows.select_related("notification__user__saaskit_profile").first()
    if row is None:
        return Status.SKIPPED.value
    if taken:
        _send(row, now=now)
    elif row.status == Status.SENDING:
        raise ChannelNotDelivered("another worker is sending it")
    return str(row.status)


def _write(
    *,
    user: Any,
    title: str,
    message: str,
    type: NotificationType,  # noqa: A002
    key: str | None,
) -> Notification:
    row = Notification(user=user, title=title[:200], message=message, type=type.value, key=key)
    if key is None:
        row.save(force_insert=True)
        return row
    Notification.with_deleted.bulk_create([row], ignore_conflicts=True)
    return Notification.with_deleted.get(key=key)


def _hide(rows: Any) -> int:
    now = clock.now()
    hidden: int = rows.update(deleted_at=now, updated_at=now)
    return hidden


def _send(row: NotificationDelivery, *, now: datetime) -> None:
    channel = Channel(row.channel)
    address = address_of(row.notification.user, channel=channel)
    if not address:
        _finish(row, status=Status.SKIPPED, last_error="the user has no address for it")
        return
    try:
        notifier = notifier_for(channel)
    except SaasKitError as exc:
        _finish(row, status=Status.FAILED, last_error=str(exc)[:255])
        return
    if notifier is None:
        _finish(row, status=Status.FAILED, last_error="no notifier is set up for it")
        return
    row.notifier = notifier.name
    result = _attempt(notifier, _message(row, channel=channel, address=address))
    _apply(row, result, now=now)


def _attempt(notifier: Notifier, message: Message) -> DeliveryResult:
    try:
        return notifier.send(message)
    except Exception:  # noqa: BLE001 (a stranger's code)
        return DeliveryResult(state=DeliveryState.FAILED, failure=DeliveryFailure.RETRYABLE)


def _apply(row: NotificationDelivery, result: DeliveryResult, *, now: datetime) -> None:
    if result.forget_address and row.channel == Channel.PUSH:
        Profile.objects.filter(user=row.notification.user).update(fcm_token="")
    if result.state is not DeliveryState.FAILED:
        sent = {"provider_message_id": result.provider_message_id[:255], "sent_at": now}
        _finish(row, status=Status.SENT, **sent)
        return
    reason = result.failure or DeliveryFailure.RETRYABLE
    if reason is DeliveryFailure.PERMANENT:
        _finish(row, status=Status.FAILED, last_error=reason.value)
        return
    _finish(row, status=Status.PENDING, last_error=reason.value)
    raise ChannelNotDelivered(f"{row.channel} by {row.notifier}: {reason.value}")


def _finish(
    row: NotificationDelivery, *, status: NotificationDelivery.Status, **values: Any
) -> None:
    row.status = status.value
    changes = {"last_error": "", **values, "notifier": row.notifier, "status": status.value}
    held = NotificationDelivery.objects.filter(pk=row.pk, status=Status.SENDING)
    held.update(**changes, leased_until=None, updated_at=clock.now())


def _message(row: NotificationDelivery, *, channel: Channel, address: str) -> Message:
    notification = row.notification
    language = language_of(notification.user) or settings.LANGUAGE_CODE
    html = ""
    if channel is Channel.EMAIL:
        with override(language):
            html = render_to_string(
                "saaskit/email/notification.html", {"notification": notification}
            )
    return Message(
        idempotency_key=f"notification:{notification.pk}:{channel.value}",
        channel=channel,
        address=address,
        subject=" ".join(notification.title.split()),
        text=notification.message,
        html=html,
        language=language,
    )
