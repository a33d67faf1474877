"""Subscriptions and the append-only log of what moved them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from saaskit_core.periods import Period
from saaskit_core.subscriptions.documents import add_ons_of, next_prices_of
from saaskit_core.subscriptions.model import Pause, PendingChange
from saaskit_core.subscriptions.model import Subscription as CoreSubscription
from saaskit_core.subscriptions.policies import ChangeTiming
from saaskit_core.subscriptions.states import (
    LIVE,
    BilledBy,
    Collection,
    StatusReason,
    SubscriptionStatus,
)


def _choices(values: type[StrEnum]) -> list[tuple[str, str]]:
    return [(value.value, value.value) for value in values if value.value]


if TYPE_CHECKING:
    from enum import StrEnum

SAME_NAMED = (
    "group",
    "anchor",
    "period_index",
    "auto_renew",
    "trial_start",
    "trial_end",
    "term_end",
    "pending_until",
    "cancel_at",
    "cancel_requested_at",
    "ended_at",
    "awaiting_key",
    "past_due_since",
    "grace_until",
    "retry_step",
    "attempt",
    "failed_attempt",
    "is_retry_stopped",
    "dispute_id",
    "provider_version",
    "lock_version",
)
"""The columns that are fields of the core's value, name for name."""


class Subscription(models.Model):
    """One customer's subscription to one plan; `status` is the cache of its transition log."""

    reference = models.CharField(max_length=64, unique=True, help_text="Its name in events.")
    customer = models.ForeignKey(
        "saaskit_customers.Customer", on_delete=models.PROTECT, related_name="subscriptions"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    subscription_plan = models.ForeignKey(
        "saaskit_plans.SubscriptionPlan", on_delete=models.PROTECT, related_name="subscriptions"
    )
    price = models.ForeignKey("saaskit_plans.Price", on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(default=1)
    add_ons = models.JSONField(
        default=list, blank=True, help_text="Further prices billed with it, written out whole."
    )
    next_prices = models.JSONField(
        default=list, blank=True, help_text="Newer versions of its prices, and from when on."
    )
    group = models.CharField(max_length=64, default="main")
    status = models.CharField(max_length=16, choices=_choices(SubscriptionStatus))
    status_reason = models.CharField(
        max_length=24, blank=True, default="", choices=_choices(StatusReason)
    )
    billed_by = models.CharField(max_length=8, choices=_choices(BilledBy), default=BilledBy.ENGINE)
    collection = models.CharField(
        max_length=16, choices=_choices(Collection), default=Collection.AUTOMATIC
    )
    provider = models.CharField(max_length=64, blank=True, default="")
    provider_subscription_id = models.CharField(max_length=255, blank=True, default="")
    provider_version = models.BigIntegerField(default=0)

    start_date = models.DateTimeField(help_text="When the subscription began.")
    anchor = models.DateTimeField(help_text="Every period is computed from here.")
    timezone = models.CharField(max_length=64, default="UTC")
    period_index = models.PositiveIntegerField(default=0)
    period_start = models.DateTimeField(null=True, blank=True)
    end_date = models.DateTimeField(null=True, blank=True, help_text="When the period ends.")
    trial_start = models.DateTimeField(null=True, blank=True)
    trial_end = models.DateTimeField(null=True, blank=True)
    term_end = models.DateTimeField(null=True, blank=True)
    pending_until = models.DateTimeField(null=True, blank=True)
    cancel_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=24, blank=True, default="")
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    pause_starts_at = models.DateTimeField(null=True, blank=True)
    pause_resumes_at = models.DateTimeField(null=True, blank=True)

    auto_renew = models.BooleanField(default=True)
    renewal_count = models.PositiveIntegerField(default=0)
    last_renewed_at = models.DateTimeField(null=True, blank=True)
    past_due_since = models.DateTimeField(null=True, blank=True)
    grace_until = models.DateTimeField(null=True, blank=True)
    awaiting_key = models.CharField(max_length=200, blank=True, default="")
    retry_step = models.PositiveSmallIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    failed_attempt = models.SmallIntegerField(default=-1)
    is_retry_stopped = models.BooleanField(default=False)
    held_status = models.CharField(max_length=16, blank=True, default="")
    held_reason = models.CharField(max_length=24, blank=True, default="")
    dispute_id = models.CharField(max_length=255, blank=True, default="")
    next_due_at = models.DateTimeField(
        null=True, blank=True, help_text="When time will next move it, on the customer's clock."
    )

    pending_price = models.ForeignKey(
        "saaskit_plans.Price", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    pending_quantity = models.PositiveIntegerField(null=True, blank=True)
    pending_add_ons = models.JSONField(default=list, blank=True)
    pending_key = models.CharField(max_length=200, blank=True, default="")
    pending_timing = models.CharField(max_length=24, blank=True, default="")
    pending_requested_at = models.DateTimeField(null=True, blank=True)
    pending_at = models.DateTimeField(null=True, blank=True)

    previous = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="successors"
    )
    lock_version = models.PositiveIntegerField(default=0)
    deleted_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Hidden from people since; the books stay."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer", "group"],
                condition=Q(status__in=sorted(LIVE)),
                name="saaskit_subscription_one_live",
            ),
            models.UniqueConstraint(
                fields=["provider", "provider_subscription_id"],
                condition=~Q(provider_subscription_id=""),
                name="saaskit_subscription_provider_ref",
            ),
            models.CheckConstraint(
                condition=Q(end_date__isnull=True) | Q(end_date__gt=F("period_start")),
                name="saaskit_subscription_period_order",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1), name="saaskit_subscription_quantity"
            ),
            models.CheckConstraint(
                condition=Q(billed_by=BilledBy.ENGINE) | ~Q(provider_subscription_id=""),
                name="saaskit_subscription_billed_by",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[str(s) for s in SubscriptionStatus]),
                name="saaskit_subscription_status",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_due_at"],
                condition=Q(next_due_at__isnull=False, billed_by=BilledBy.ENGINE),
                name="saaskit_subscription_due",
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.pk}: {self.status}"

    @property
    def aggregate(self) -> str:
        """The name under which its events are ordered."""
        return f"subscription:{self.reference}"

    def to_core(self) -> CoreSubscription:
        """Return the row as the core's value. Needs its prices with their plans loaded."""
        return CoreSubscription(
            id=self.reference,
            customer_id=str(self.customer_id),
            price=self.price.to_core(),
            quantity=self.quantity,
            status=SubscriptionStatus(self.status),
            status_reason=StatusReason(self.status_reason),
            billed_by=BilledBy(self.billed_by),
            collection=Collection(self.collection),
            zone=self.timezone,
            period=self._period(),
            cancel_reason=StatusReason(self.cancel_reason),
            pause=self._pause(),
            held_status=SubscriptionStatus(self.held_status) if self.held_status else None,
            held_reason=StatusReason(self.held_reason),
            pending_change=self._pending_change(),
            provider_ref=self.provider_subscription_id,
            previous_id=self.previous.reference if self.previous else "",
            add_ons=add_ons_of(self.add_ons),
            next_prices=next_prices_of(self.next_prices),
            **{name: getattr(self, name) for name in SAME_NAMED},
        )

    def _period(self) -> Period | None:
        if self.period_start is None or self.end_date is None:
            return None
        return Period(self.period_start, self.end_date)

    def _pause(self) -> Pause | None:
        if self.pause_starts_at is None:
            return None
        return Pause(starts_at=self.pause_starts_at, resumes_at=self.pause_resumes_at)

    def _pending_change(self) -> PendingChange | None:
        if self.pending_price is None or self.pending_requested_at is None:
            return None
        return PendingChange(
            key=self.pending_key,
            price=self.pending_price.to_core(),
            quantity=self.pending_quantity or self.quantity,
            timing=ChangeTiming(self.pending_timing),
            requested_at=self.pending_requested_at,
            effective_at=self.pending_at,
            add_ons=add_ons_of(self.pending_add_ons),
        )


class SubscriptionTransition(models.Model):
    """One line of a subscription's history. Append-only."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, related_name="transitions"
    )
    sequence = models.PositiveIntegerField()
    event = models.CharField(max_length=48)
    from_status = models.CharField(max_length=16, blank=True, default="")
    to_status = models.CharField(max_length=16)
    reason = models.CharField(max_length=24, blank=True, default="")
    actor = models.CharField(max_length=64, default="engine")
    occurred_at = models.DateTimeField(help_text="On the customer's clock.")
    detail = models.JSONField(default=dict, help_text="The fact: its name and its fields.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subscription", "sequence"], name="saaskit_transition_sequence"
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.subscription_id}#{self.sequence} {self.event}"
