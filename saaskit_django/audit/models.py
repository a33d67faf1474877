"""The rows of the audit trail and of the users' own activity."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class AuditLog(models.Model):
    """One change to money, status, role, plan, coupon or decision, made by staff or the engine.

    `position`, `previous_hash` and `hash` are set when the entry is sealed into the chain.
    Actors are references such as "user:7" or "engine", so that erasing a person keeps the chain.
    """

    position = models.PositiveBigIntegerField(null=True, unique=True, editable=False)
    actor = models.CharField(max_length=100, blank=True)
    on_behalf_of = models.CharField(max_length=100, blank=True)
    action = models.CharField(max_length=100)
    table_affected = models.CharField(max_length=100)
    record_id = models.CharField(max_length=64)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    recorded_at = models.DateTimeField()
    previous_hash = models.CharField(max_length=64, blank=True, editable=False)
    hash = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(position__isnull=True, hash="")
                | (models.Q(position__isnull=False) & ~models.Q(hash="")),
                name="saaskit_audit_sealed_with_hash",
            ),
        ]
        indexes = [
            models.Index(fields=["table_affected", "record_id"], name="saaskit_audit_record"),
            models.Index(
                fields=["id"],
                name="saaskit_audit_unsealed",
                condition=models.Q(position__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.table_affected}:{self.record_id}"


class ChainHead(models.Model):
    """The end of the chain, one row: what the next entry is joined to."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    position = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)
    lock_version = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="saaskit_audit_one_chain"),
        ]

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"


class ActivityLog(models.Model):
    """Something a user did himself: signed in, bought, cancelled, exported."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    activity_type = models.CharField(max_length=100)
    activity_details = models.JSONField(default=dict)
    activity_date = models.DateTimeField(db_index=True)
    ip = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "activity"
        verbose_name_plural = "activities"
        indexes = [
            models.Index(fields=["user", "activity_date"], name="saaskit_activity_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.activity_type} {self.activity_date:%Y-%m-%d %H:%M}"
