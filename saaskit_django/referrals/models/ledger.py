"""The ledger of rewards."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from saaskit_core import referrals as core
from saaskit_django.referrals.models.choices import choices, values
from saaskit_django.referrals.models.transactions import ReferralTransaction

DECISIONS = [
    core.RewardEntryKind.GRANT.value,
    core.RewardEntryKind.CAPPED.value,
    core.RewardEntryKind.WITHHELD.value,
]
_NOTHING = DECISIONS[1:]
_SPENT = [core.RewardEntryKind.CONSUME.value, core.RewardEntryKind.EXPIRE.value]


class ReferralReward(models.Model):
    """One entry of the ledger, append-only: a balance is the sum of its entries.

    `target` names what a grant was made into: "coupon:7", "override:3", "wallet".
    """

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=8, choices=choices(core.RewardEntryKind))
    customer = models.ForeignKey(
        "saaskit_customers.Customer", on_delete=models.PROTECT, related_name="referral_rewards"
    )
    referral = models.ForeignKey(
        ReferralTransaction,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="rewards",
    )
    side = models.CharField(max_length=8, blank=True, default="")
    milestone = models.PositiveIntegerField(default=0)
    reward_type = models.CharField(max_length=16, blank=True, default="")
    unit = models.CharField(max_length=160, blank=True, default="")
    units = models.BigIntegerField()
    base = models.BigIntegerField(default=0)
    shortfall = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=32, blank=True, default="")
    target = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["referral", "side", "milestone"],
                condition=Q(kind__in=DECISIONS),
                name="saaskit_referral_reward_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="grant", units__gt=0)
                | Q(kind__in=_NOTHING, units=0)
                | Q(kind__in=_SPENT, units__lt=0)
                | Q(kind="reverse", units__lte=0, shortfall__gte=0),
                name="saaskit_referral_reward_units",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=_SPENT)
                | Q(referral__isnull=False, side__in=values(core.Side), milestone__gte=1),
                name="saaskit_referral_reward_of_a_referral",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["customer", "unit"], name="saaskit_referral_reward_unit"),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.kind} {self.units} {self.unit}"

    def to_core(self) -> core.RewardEntry:
        """Return the row as the core's value. Needs `referral` loaded."""
        return core.RewardEntry(
            key=self.key,
            kind=core.RewardEntryKind(self.kind),
            account=str(self.customer_id),
            unit=self.unit,
            units=self.units,
            at=self.at,
            referral=self.referral.reference if self.referral else "",
            side=core.Side(self.side) if self.side else None,
            milestone=self.milestone,
            reward_type=core.ReferralRewardType(self.reward_type) if self.reward_type else None,
            base=self.base,
            shortfall=self.shortfall,
            reason=self.reason,
        )
