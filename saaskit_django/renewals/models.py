"""The record of each renewal."""

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
