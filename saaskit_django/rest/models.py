"""The rows of idempotency keys."""

from __future__ import annotations

from django.db import models


class IdempotencyKey(models.Model):
    """One key a caller sent: who runs it now, or what was answered."""

    scope = models.CharField(max_length=128)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    locked_by = models.CharField(max_length=32, blank=True)
    locked_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "idempotency key"
        constraints = [
            models.UniqueConstraint(fields=["scope", "key"], name="saaskit_idempotency_key_once"),
            models.CheckConstraint(
                condition=models.Q(status__isnull=True) | models.Q(locked_at__isnull=True),
                name="saaskit_idempotency_done_or_locked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"
