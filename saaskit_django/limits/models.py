"""Counters of use: one row per subject, meter and window."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class UsageCounter(models.Model):
    """How much a subject used of a meter in one window. The quota is no part of its key."""

    subject = models.CharField(max_length=64)
    meter = models.CharField(max_length=64)
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    used = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject", "meter", "window_start"], name="saaskit_usage_counter_window"
            ),
            models.CheckConstraint(condition=Q(used__gte=0), name="saaskit_usage_counter_used"),
            models.CheckConstraint(
                condition=Q(window_end__gt=F("window_start")), name="saaskit_usage_counter_order"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["window_end"], name="saaskit_usage_counter_ended"),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.subject} {self.meter}: {self.used}"
