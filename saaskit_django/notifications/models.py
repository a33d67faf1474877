"""What a user was told, and on which channels."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from saaskit_core.notifications import NotificationType
from saaskit_core.notifiers import Channel
from saaskit_django.rest.soft_deletion import SoftDeletable


class Notification(SoftDeletable):
    """One notice in a user's list. `key` makes a notice that time starts appear once."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saaskit_notifications"
    )
    title = models.CharField(max_length=200)
    message = models.TextField()
    type = models.CharField(
        max_length=10, choices=[(each.value, each.value) for each in NotificationType]
    )
    is_read = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True, blank=True)
    key = models.CharField(max_length=200, null=True, unique=True, editable=False)  # noqa: DJ001
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(SoftDeletable.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=Q(type__in=[each.value for each in NotificationType]),
                name="saaskit_notification_type_known",
            ),
            models.CheckConstraint(
                condition=Q(is_read=True, read_at__isnull=False)
                | Q(is_read=False, read_at__isnull=True),
                name="saaskit_notification_read_at",
            ),
        ]
        indexes = [
            models.Index(
                fields=["user", "-id"],
                name="saaskit_notification_of_user",
                condition=Q(deleted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class NotificationDelivery(models.Model):
    """One notification on one channel: sent once, retried by itself alone."""

    class Status(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        SENT = "sent"
        SKIPPED = "skipped"
        FAILED = "failed"

    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="deliveries"
    )
    channel = models.CharField(
        max_length=10, choices=[(each.value, each.value) for each in Channel]
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    notifier = models.CharField(max_length=64, blank=True)
    provider_message_id = models.CharField(max_length=255, blank=True)
    last_error = models.CharField(max_length=255, blank=True)
    sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "notification deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "channel"], name="saaskit_notification_channel_once"
            ),
            models.CheckConstraint(
                condition=Q(channel__in=[each.value for each in Channel]),
                name="saaskit_notification_channel_known",
            ),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False)
                | (~Q(status="sent") & Q(sent_at__isnull=True)),
                name="saaskit_notification_sent_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.status}"
