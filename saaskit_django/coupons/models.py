"""Coupons, their amounts per currency, and every use of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from saaskit_core import coupons as core
from saaskit_core.money import Money

if TYPE_CHECKING:
    from decimal import Decimal

DISCOUNT_TYPES = [(value.value, value.value) for value in core.DiscountType]
DURATIONS = [(value.value, value.value) for value in core.CouponDuration]
_PERCENTAGE = core.DiscountType.PERCENTAGE.value
_FIXED = core.DiscountType.FIXED.value
_REPEATING = core.CouponDuration.REPEATING.value


class UsageStatus(models.TextChoices):
    """A use is held for a purchase, then kept or given back."""

    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    RELEASED = "released"


TAKEN = [UsageStatus.RESERVED.value, UsageStatus.CONFIRMED.value]
"""States that count against the limits."""


class Coupon(models.Model):
    """The terms of a coupon, and how many uses are taken. `code` is kept in its one spelling."""

    code = models.CharField(max_length=core.MAX_CODE_LENGTH, unique=True)
    description = models.TextField(blank=True, default="")
    discount_type = models.CharField(max_length=16, choices=DISCOUNT_TYPES)
    percent = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    currency = models.CharField(
        max_length=3, blank=True, default="", help_text="Of the value that is shown first."
    )
    duration = models.CharField(
        max_length=16, choices=DURATIONS, default=core.CouponDuration.ONCE.value
    )
    duration_months = models.PositiveSmallIntegerField(null=True, blank=True)
    max_uses = models.PositiveIntegerField(default=0, help_text="0: as often as one likes.")
    current_uses = models.PositiveIntegerField(default=0, help_text="Reservations included.")
    max_uses_per_user = models.PositiveIntegerField(default=1, help_text="Per customer; 0: any.")
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True, help_text="Excluded itself.")
    first_purchase_only = models.BooleanField(default=False)
    applicable_plans = models.ManyToManyField(
        "saaskit_plans.SubscriptionPlan", blank=True, related_name="+"
    )
    stackable = models.BooleanField(default=False)
    trial_days = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    discount_type=_PERCENTAGE,
                    percent__isnull=False,
                    percent__gt=0,
                    percent__lte=100,
                )
                | Q(discount_type=_FIXED, percent__isnull=True),
                name="saaskit_coupon_percent",
            ),
            models.CheckConstraint(
                condition=Q(max_uses=0) | Q(current_uses__lte=F("max_uses")),
                name="saaskit_coupon_max_uses",
            ),
            models.CheckConstraint(
                condition=Q(current_uses__gte=0), name="saaskit_coupon_current_uses"
            ),
            models.CheckConstraint(
                condition=Q(
                    duration=_REPEATING, duration_months__isnull=False, duration_months__gte=1
                )
                | (~Q(duration=_REPEATING) & Q(duration_months__isnull=True)),
                name="saaskit_coupon_duration",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_until__gt=F("valid_from")),
                name="saaskit_coupon_window",
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return self.code

    @property
    def discount_value(self) -> Decimal | None:
        """What it takes off: the percent, or the amount in its first currency."""
        if self.percent is not None:
            return self.percent
        return next(
            (amount.discount.decimal for amount in self.amounts.all() if amount.discount), None
        )

    @property
    def duration_periods(self) -> int | None:
        """For how many months of period starts it repeats."""
        return self.duration_months

    def to_core(self) -> core.Coupon:
        """Return the row as the core's value. Prefetch `amounts` and `applicable_plans`."""
        amounts = list(self.amounts.all())
        return core.Coupon(
            code=self.code,
            discount_type=core.DiscountType(self.discount_type),
            percent=self.percent,
            amounts={a.currency: a.amount_minor for a in amounts if a.amount_minor is not None},
            duration=core.CouponDuration(self.duration),
            duration_months=self.duration_months,
            max_uses=self.max_uses,
            max_uses_per_customer=self.max_uses_per_user,
            starts_at=self.valid_from,
            ends_at=self.valid_until,
            minimums={a.currency: a.minimum_minor for a in amounts if a.minimum_minor is not None},
            plans=frozenset(plan.key for plan in self.applicable_plans.all()),
            first_purchase_only=self.first_purchase_only,
            stackable=self.stackable,
            is_active=self.is_active,
            trial_days=self.trial_days,
            description=self.description,
        )


class CouponAmount(models.Model):
    """What a fixed coupon takes off, and the least purchase, in one currency."""

    coupon = models.ForeignKey(Coupon, on_delete=models.CASCADE, related_name="amounts")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    minimum_minor = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["coupon", "currency"], name="saaskit_coupon_amount_currency"
            ),
            models.CheckConstraint(
                condition=(Q(amount_minor__isnull=True) | Q(amount_minor__gt=0))
                & (Q(minimum_minor__isnull=True) | Q(minimum_minor__gt=0)),
                name="saaskit_coupon_amount_positive",
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.coupon} in {self.currency}"

    @property
    def discount(self) -> Money | None:
        """What it takes off, None when it only sets a minimum."""
        return None if self.amount_minor is None else Money(self.amount_minor, self.currency)

    @property
    def minimum(self) -> Money | None:
        """The least purchase, None when there is none."""
        return None if self.minimum_minor is None else Money(self.minimum_minor, self.currency)


class CouponUsage(models.Model):
    """One use of a coupon by a customer.

    `reference` names the purchase it belongs to; while it is empty the use is only held for the
    customer, until `expires_at`. `slot` is which of his uses it is: two can't take the same one.
    """

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="usages")
    customer = models.ForeignKey(
        "saaskit_customers.Customer", on_delete=models.PROTECT, related_name="coupon_usages"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reference = models.CharField(max_length=128, blank=True, default="", db_index=True)
    slot = models.PositiveIntegerField(null=True, blank=True)
    status = models.CharField(
        max_length=16, choices=UsageStatus.choices, default=UsageStatus.RESERVED
    )
    currency = models.CharField(max_length=3)
    original_amount_minor = models.BigIntegerField()
    discount_applied_minor = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["coupon", "reference"],
                condition=Q(status__in=TAKEN) & ~Q(reference=""),
                name="saaskit_coupon_usage_purchase",
            ),
            models.UniqueConstraint(
                fields=["coupon", "customer", "slot"],
                condition=Q(status__in=TAKEN, slot__isnull=False),
                name="saaskit_coupon_usage_slot",
            ),
            models.CheckConstraint(
                condition=Q(status__in=UsageStatus.values), name="saaskit_coupon_usage_status"
            ),
            models.CheckConstraint(
                condition=Q(discount_applied_minor__gt=0)
                & Q(discount_applied_minor__lte=F("original_amount_minor")),
                name="saaskit_coupon_usage_amounts",
            ),
            models.CheckConstraint(
                condition=~Q(reference="") | Q(expires_at__isnull=False),
                name="saaskit_coupon_usage_expiry",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["expires_at"],
                condition=Q(status="reserved", expires_at__isnull=False),
                name="saaskit_coupon_usage_expiring",
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.coupon} for {self.reference or 'a purchase to come'}: {self.status}"

    @property
    def original_amount(self) -> Money:
        """The price before the discount."""
        return Money(self.original_amount_minor, self.currency)

    @property
    def discount_applied(self) -> Money:
        """What the coupon takes off."""
        return Money(self.discount_applied_minor, self.currency)

    @property
    def final_amount(self) -> Money:
        """What is left to pay."""
        return self.original_amount - self.discount_applied
