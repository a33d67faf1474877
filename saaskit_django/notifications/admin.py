"""Admin pages of notifications and their deliveries."""

from __future__ import annotations

from django.contrib import admin

from saaskit_django.notifications.models import Notification, NotificationDelivery
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """Shows what users were told."""

    list_display = ("title", "user", "type", "is_read", "created_at")
    list_filter = ("type", "is_read")
    list_select_related = ("user",)


@admin.register(NotificationDelivery)
class NotificationDeliveryAdmin(ReadOnlyAdmin):
    """Shows what was sent, and what wasn't."""

    list_display = ("notification", "channel", "status", "notifier", "attempts", "last_error")
    list_filter = ("status", "channel")
    list_select_related = ("notification",)
