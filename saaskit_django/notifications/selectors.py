"""Reads of notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.notifiers import Channel
from saaskit_django.customers.selectors import email_of, profile_of
from saaskit_django.notifications.models import Notification

if TYPE_CHECKING:
    from django.db.models import QuerySet


class NotificationNotFound(SaasKitError):
    """The user has no such notification."""

    code = "notification_not_found"
    kind = ErrorKind.NOT_FOUND
    template = "There is no such notification."


def notifications_of(
    user: Any, *, is_read: bool | None = None, kind: str | None = None
) -> QuerySet[Notification]:
    """Return a user's notifications, newest first."""
    rows: QuerySet[Notification] = Notification.objects.filter(user=user).order_by("-id")
    if is_read is not None:
        rows = rows.filter(is_read=is_read)
    if kind is not None:
        rows = rows.filter(type=kind)
    return rows


def notification_of(user: Any, *, notification_id: int) -> Notification:
    """Return one notification of the user. Raises NotificationNotFound."""
    row = notifications_of(user).filter(pk=notification_id).first()
    if row is None:
        raise NotificationNotFound
    return row


def address_of(user: Any, *, channel: Channel) -> str:
    """Return where a channel reaches a user, "" when it can't."""
    match channel:
        case Channel.EMAIL:
            return email_of(user)
        case Channel.SMS:
            return profile_of(user).phone
        case Channel.PUSH:
            return profile_of(user).fcm_token


def language_of(user: Any) -> str:
    """Return the language a user wants to be written to in, "" for the site's own."""
    return profile_of(user).preferred_language
