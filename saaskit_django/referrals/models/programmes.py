"""Programmes, and the codes that people share."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from saaskit_core import referrals as core
from saaskit_core.coupons import MAX_CODE_LENGTH
from saaskit_core.errors import SaasKitError
from saaskit_django.referrals.models.choices import choices, values

if TYPE_CHECKING:
    from collections.abc import Mapping

REWARD_KEYS = frozenset({"type", "amounts", "percent", "months", "feature", "days"})


def reward_of(document: Mapping[str, Any] | None) -> core.Reward | None:
    """Read a reward as a programme keeps it. Raises InvalidReward."""
    if document is None:
        return None
    name = str(document.get("type", "")) if isinstance(document, dict) else ""
    if name not in values(core.ReferralRewardType) or document.keys() - REWARD_KEYS:
        problem = f"a type of {values(core.ReferralRewardType)} and keys of {sorted(REWARD_KEYS)}"
        raise core.InvalidReward(type=name, problem=f"it has {problem}")
    read = dict(document) | {"type": core.ReferralRewardType(name)}
    try:
        if document.get("percent") is not None:
            read["percent"] = Decimal(str(document["percent"]))
        return core.Reward(**read)
    except (TypeError, AttributeError, InvalidOperation) as exc:
        raise core.InvalidReward(type=name, problem="a value of it has the wrong type") from exc


class ReferralProgramme(models.Model):
    """The conditions of a programme. New codes belong to the default one.

    A reward is a document such as `{"type": "credit", "amounts": {"USD": 1000}}`, in minor units.
    """

    key = models.SlugField(max_length=64, unique=True)
    referrer_reward = models.JSONField(null=True, blank=True)
    referred_reward = models.JSONField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False, help_text="New codes belong to it.")
    window_days = models.PositiveIntegerField(default=30, help_text="After signing up.")
    hold_days = models.PositiveIntegerField(default=14, help_text="How long a payment must stand.")
    minimums = models.JSONField(
        default=dict, blank=True, help_text='Least payment in minor units: {"USD": 500}.'
    )
    cycles = models.PositiveIntegerField(default=1, help_text="How many invoices are rewarded.")
    max_per_30_days = models.PositiveIntegerField(default=0, help_text="Per referrer; 0: any.")
    max_total = models.PositiveIntegerField(default=0, help_text="Per referrer; 0: any.")
    review_days = models.PositiveIntegerField(default=7)
    when_review_lapses = models.CharField(
        max_length=16,
        choices=choices(core.WhenReviewLapses),
        default=core.WhenReviewLapses.HOLD.value,
    )
    when_suspended = models.CharField(
        max_length=16,
        choices=choices(core.WhenSuspended),
        default=core.WhenSuspended.NO_REWARD.value,
    )
    free_month = models.CharField(
        max_length=16,
        choices=choices(core.FreeMonthPolicy),
        default=core.FreeMonthPolicy.EXTEND.value,
    )
    stacks_with_coupons = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="saaskit_referral_one_default",
            ),
            models.CheckConstraint(
                condition=Q(referrer_reward__isnull=False) | Q(referred_reward__isnull=False),
                name="saaskit_referral_some_reward",
            ),
            models.CheckConstraint(
                condition=Q(window_days__gte=1, cycles__gte=1), name="saaskit_referral_days"
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return self.key

    def clean(self) -> None:
        """Refuse in forms what the core would refuse."""
        try:
            self.to_core()
        except SaasKitError as exc:
            raise ValidationError(str(exc)) from exc

    def to_core(self) -> core.Programme:
        """Return the row as the core's value. Raises InvalidReward or InvalidProgramme."""
        if not isinstance(self.minimums, dict):
            raise core.InvalidProgramme(key=self.key, problem="its minimums are no object")
        return core.Programme(
            key=self.key,
            referrer=reward_of(self.referrer_reward),
            referred=reward_of(self.referred_reward),
            window_days=self.window_days,
            hold_days=self.hold_days,
            minimums=self.minimums,
            cycles=self.cycles,
            max_per_30_days=self.max_per_30_days,
            max_total=self.max_total,
            review_days=self.review_days,
            when_review_lapses=core.WhenReviewLapses(self.when_review_lapses),
            when_suspended=core.WhenSuspended(self.when_suspended),
            free_month=core.FreeMonthPolicy(self.free_month),
            stacks_with_coupons=self.stacks_with_coupons,
            is_active=self.is_active,
        )


class ReferralCode(models.Model):
    """The code a user shares; what it earns goes to `customer`. Kept in its one spelling."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    customer = models.ForeignKey(
        "saaskit_customers.Customer", on_delete=models.PROTECT, related_name="referral_codes"
    )
    programme = models.ForeignKey(ReferralProgramme, on_delete=models.PROTECT, related_name="codes")
    code = models.CharField(max_length=MAX_CODE_LENGTH, unique=True)
    max_uses = models.PositiveIntegerField(default=0, help_text="0: as often as one likes.")
    current_uses = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Excluded itself.")
    is_active = models.BooleanField(default=True)
    ip_hash = models.CharField(max_length=32, blank=True, default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(is_active=True), name="saaskit_referral_code_one"
            ),
            models.CheckConstraint(
                condition=Q(code=Upper("code"), code__gt=""), name="saaskit_referral_code_spelling"
            ),
            models.CheckConstraint(
                condition=Q(max_uses=0) | Q(current_uses__lte=F("max_uses")),
                name="saaskit_referral_code_uses",
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return self.code

    @property
    def reward(self) -> core.Reward | None:
        """What its owner gets per referral."""
        return reward_of(self.programme.referrer_reward)

    @property
    def reward_type(self) -> str | None:
        """What kind of reward its owner gets."""
        return self.reward.type.value if self.reward else None

    def to_core(self) -> core.ReferralCode:
        """Return the row as the core's value. Needs `programme` loaded."""
        return core.ReferralCode(
            code=self.code,
            owner=str(self.customer_id),
            programme=self.programme.key,
            max_uses=self.max_uses,
            uses=self.current_uses,
            expires_at=self.expires_at,
            is_active=self.is_active,
        )
