"""Exceptions from what a plan grants. `FeatureFlags`, one per plan, stand with the plans."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from saaskit_core.features import Override, OverrideMode, OverrideScope
from saaskit_django.plans.models import FeatureFlags

__all__ = ["FeatureFlags", "FeatureOverride"]


class FeatureOverride(models.Model):
    """A feature that is otherwise for one customer, or for one user wherever he acts.

    With neither it is for everybody: a kill switch. In force within [starts_at, ends_at).
    """

    customer = models.ForeignKey(
        "saaskit_customers.Customer",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="feature_overrides",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    path = models.CharField(max_length=128)
    value = models.JSONField(null=True)
    mode = models.CharField(
        max_length=8,
        choices=[(mode.value, mode.value) for mode in OverrideMode],
        default=OverrideMode.REPLACE.value,
    )
    reason = models.CharField(max_length=255, blank=True, default="")
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(customer__isnull=True) | Q(user__isnull=True),
                name="saaskit_override_one_subject",
            ),
            models.CheckConstraint(
                condition=Q(mode__in=[mode.value for mode in OverrideMode]),
                name="saaskit_override_mode",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(ends_at__gt=F("starts_at")),
                name="saaskit_override_window",
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.path} for {self.scope}"

    @property
    def scope(self) -> OverrideScope:
        """Whom it is for."""
        if self.user_id is not None:
            return OverrideScope.USER
        return OverrideScope.GLOBAL if self.customer_id is None else OverrideScope.ORGANISATION

    def to_core(self) -> Override:
        """Return the row as the core's value."""
        return Override(
            path=self.path,
            value=self.value,
            scope=self.scope,
            mode=OverrideMode(self.mode),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            id=str(self.pk),
        )
