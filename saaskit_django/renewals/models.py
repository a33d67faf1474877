"""The record of each renewal, and who does which periodic work just now."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Renewal(models.Model):
    """A subscription's step into its next period."""

    subscription = models.ForeignKey(
        "saaskit_subscriptions.Subscription", on_delete=models.PROTECT, related_name="renewals"
    )
    invoice = models.OneToOneField(
        "saaskit_billing.Invoice", on_delete=models.PROTECT, related_name="renewal"
    )
    renewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the engine.",
    )
    renewal_date = models.DateTimeField()
    renewal_cost_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    payment = models.ForeignKey(
        "saaskit_payments.Payment",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    notes = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(renewal_cost_minor__gte=0), name="saaskit_renewal_cost"
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.subscription_id} on {self.renewal_date:%Y-%m-%d}"


class Slot(models.Model):
    """One run of a periodic job: the row is what makes it run once.

    A unique row per job and time, and a unique unfinished row per job: taken by a conditional
    INSERT, given up by its lease.
    """

    job = models.CharField(max_length=64)
    scheduled_for = models.DateTimeField()
    leased_by = models.CharField(max_length=32, blank=True)
    leased_until = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)
    error = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "scheduled_for"], name="saaskit_slot_once"),
            models.UniqueConstraint(
                fields=["job"],
                condition=models.Q(finished_at__isnull=True),
                name="saaskit_slot_one_running",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["finished_at"], name="saaskit_slot_finished"),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.job} at {self.scheduled_for:%Y-%m-%d %H:%M:%S}"


class SweepClaim(models.Model):
    """A due subscription that one worker of the sweep has in hand, until its lease is over."""

    subscription = models.OneToOneField(
        "saaskit_subscriptions.Subscription", on_delete=models.CASCADE, related_name="+"
    )
    leased_by = models.CharField(max_length=32)
    leased_until = models.DateTimeField()

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.subscription_id} until {self.leased_until:%H:%M:%S}"
