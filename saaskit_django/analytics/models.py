"""Stretches of recurring revenue: what each subscription brought, from when until when."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class RevenueStretch(models.Model):
    """A time in which a subscription brought one amount per interval. The open one has no end.

    Written by the events of subscriptions, in their order; closed stretches are never edited.
    """

    subscription_reference = models.CharField(max_length=64)
    customer = models.ForeignKey(
        "saaskit_customers.Customer", on_delete=models.PROTECT, related_name="+"
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="For all units, after lasting discounts.")
    interval_unit = models.CharField(max_length=5)
    interval_count = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "revenue stretches"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subscription_reference"],
                condition=Q(ends_at__isnull=True),
                name="saaskit_stretch_one_open",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="saaskit_stretch_amount"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
                name="saaskit_stretch_order",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["currency", "customer"], name="saaskit_stretch_customers"),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.subscription_reference} from {self.starts_at:%Y-%m-%d}"
