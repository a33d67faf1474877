"""What requests about notifications contain, and how one is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework import serializers

from saaskit_core.notifications import NotificationType
from saaskit_django.rest.fields import UserIdField, instant_text, user_id
from saaskit_django.rest.serializers import InputSerializer

if TYPE_CHECKING:
    from saaskit_django.notifications.models import Notification

TYPES = [each.value for each in NotificationType]


class NotificationInput(InputSerializer):
    """A notice for oneself; an admin may name somebody else."""

    title = serializers.CharField(max_length=200)
    message = serializers.CharField(max_length=5000)
    type = serializers.ChoiceField(choices=TYPES)
    user_id = UserIdField(required=False)


class NotificationFilter(InputSerializer):
    """Which notifications are wanted."""

    is_read = serializers.BooleanField(required=False)
    type = serializers.ChoiceField(choices=TYPES, required=False)


def notification_data(row: Notification) -> dict[str, object]:
    """Render one notification."""
    return {
        "id": row.pk,
        "user": user_id(row.user_id),
        "title": row.title,
        "message": row.message,
        "type": row.type,
        "is_read": row.is_read,
        "read_at": instant_text(row.read_at) if row.read_at else None,
        "created_at": instant_text(row.created_at),
        "updated_at": instant_text(row.updated_at),
    }
