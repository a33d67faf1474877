"""Plans, versioned prices, and the feature document of each plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q

from saaskit_core import plans as core
from saaskit_core.features import Feature, FeatureDefinition, FeatureType, Merge
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency, Interval, Unit
from saaskit_django.rest.soft_deletion import SoftDeletable

if TYPE_CHECKING:
    from saaskit_core.features import JSON

FREQUENCIES = [(value.value, value.value) for value in BillingFrequency]
_ONE_TIME = BillingFrequency.ONE_TIME.value


class PriceChange(models.TextChoices):
    """What a new price version means for those who already subscribe."""

    NEXT_PERIOD = "next_period"
    NOW = "now"
    NEVER = "never"


class SubscriptionPlan(SoftDeletable):
    """What is sold. Its prices are rows of their own; what it grants stands in its FeatureFlags."""

    key = models.CharField(max_length=64, help_text="Its name in catalogues and settings.")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    feature_details = models.TextField(
        blank=True, default="", help_text="What it offers, in words for the pricing page."
    )
    group = models.CharField(max_length=64, default="main")
    currency = models.CharField(max_length=3, default="USD", help_text="Of the usual prices.")
    trial_days = models.PositiveSmallIntegerField(default=0)
    price_change = models.CharField(
        max_length=16, choices=PriceChange.choices, default=PriceChange.NEXT_PERIOD
    )
    is_active = models.BooleanField(default=True)
    is_public = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(deleted_at__isnull=True), name="saaskit_plan_key"
            ),
            models.CheckConstraint(
                condition=Q(trial_days__lte=core.MAX_TRIAL_DAYS), name="saaskit_plan_trial_days"
            ),
            models.CheckConstraint(
                condition=Q(price_change__in=PriceChange.values), name="saaskit_plan_price_change"
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return self.name

    @property
    def features(self) -> dict[str, JSON]:
        """Its feature document, empty when it has none."""
        flags = getattr(self, "feature_flags", None)
        return flags.features if flags else {}

    @property
    def current_prices(self) -> list[Price]:
        """The prices it is sold at now; prefetch `prices` for lists."""
        return [price for price in self.prices.all() if price.is_current]

    @property
    def monthly_price(self) -> Money | None:
        """What it costs monthly in its usual currency, None when it isn't sold so."""
        return self._usual_price(BillingFrequency.MONTHLY)

    @property
    def yearly_price(self) -> Money | None:
        """What it costs yearly in its usual currency, None when it isn't sold so."""
        return self._usual_price(BillingFrequency.YEARLY)

    def to_core(self) -> core.Plan:
        """Return the row as the core's value, with its current prices."""
        return core.Plan(
            key=self.key,
            name=self.name,
            description=self.description,
            group=self.group,
            trial_days=self.trial_days,
            features=self.features,
            prices=tuple(price.to_core() for price in self.current_prices),
            is_public=self.is_public,
            is_active=self.is_active,
        )

    def _usual_price(self, frequency: BillingFrequency) -> Money | None:
        for price in self.current_prices:
            if (price.currency, price.frequency) == (self.currency, frequency):
                return price.amount
        return None


class Price(models.Model):
    """One version of what a plan costs. Never edited: a new amount is a new version."""

    plan = models.ForeignKey(SubscriptionPlan, on_delete=models.PROTECT, related_name="prices")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    frequency = models.CharField(
        max_length=16, choices=FREQUENCIES, blank=True, default="", help_text="Empty: custom."
    )
    interval_unit = models.CharField(max_length=5, blank=True, default="")
    interval_count = models.PositiveSmallIntegerField(default=0, help_text="0: it never renews.")
    version = models.PositiveIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["plan", "currency", "interval_unit", "interval_count", "version"],
                name="saaskit_price_version",
            ),
            models.UniqueConstraint(
                fields=["plan", "currency", "interval_unit", "interval_count"],
                condition=Q(is_current=True),
                name="saaskit_price_current",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="saaskit_price_amount"),
            models.CheckConstraint(condition=Q(version__gte=1), name="saaskit_price_from_1"),
            models.CheckConstraint(
                condition=Q(frequency__in=["", *(f.value for f in BillingFrequency)]),
                name="saaskit_price_frequency",
            ),
            models.CheckConstraint(
                condition=Q(frequency=_ONE_TIME, interval_count=0, interval_unit="")
                | (
                    Q(interval_count__gte=1, interval_unit__in=[unit.value for unit in Unit])
                    & ~Q(frequency=_ONE_TIME)
                ),
                name="saaskit_price_interval",
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        often = self.frequency or f"every {self.interval_count} {self.interval_unit}"
        return f"{self.amount} {often} v{self.version}"

    @property
    def amount(self) -> Money:
        """The amount as money."""
        return Money(self.amount_minor, self.currency)

    def to_core(self) -> core.Price:
        """Return the row as the core's value. Needs `plan` loaded."""
        frequency = BillingFrequency(self.frequency) if self.frequency else None
        custom = None if frequency else Interval(Unit(self.interval_unit), self.interval_count)
        return core.Price(
            id=str(self.pk),
            plan=self.plan.key,
            amount=self.amount,
            frequency=frequency,
            interval=custom,
            version=self.version,
        )


class FeatureFlags(models.Model):
    """What a plan grants: a JSON object addressed by dotted paths."""

    subscription_plan = models.OneToOneField(
        SubscriptionPlan, on_delete=models.CASCADE, related_name="feature_flags"
    )
    features = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "feature flags"

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"features of {self.subscription_plan}"

    @property
    def max_api_calls_per_hour(self) -> JSON:
        """The alias of the feature api_access.calls_per_hour, None when the plan is silent."""
        return _leaf(self.features, Feature.API_CALLS_PER_HOUR)

    @property
    def max_operations(self) -> JSON:
        """The alias of the feature api_access.daily_limit, None when the plan is silent."""
        return _leaf(self.features, Feature.API_DAILY_LIMIT)


class CustomFeature(models.Model):
    """A feature that a catalogue defined, beside the built-in ones and those of plugins."""

    path = models.CharField(max_length=128, unique=True)
    type = models.CharField(max_length=8, choices=[(t.value, t.value) for t in FeatureType])
    default = models.JSONField(default=None, null=True)
    merge = models.CharField(
        max_length=8, choices=[(m.value, m.value) for m in Merge], default=Merge.MOST.value
    )
    choices = models.JSONField(default=list, blank=True)
    description = models.TextField(blank=True, default="")
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(type__in=[t.value for t in FeatureType]), name="saaskit_feature_type"
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return self.path

    def to_core(self) -> FeatureDefinition:
        """Return the row as the core's value."""
        return FeatureDefinition(
            path=self.path,
            type=FeatureType(self.type),
            default=self.default,
            merge=Merge(self.merge),
            choices=tuple(self.choices),
            description=self.description,
            is_enabled=self.is_enabled,
        )


def _leaf(document: dict[str, JSON], path: str) -> JSON:
    value: JSON = document
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
