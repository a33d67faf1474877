"""Who was referred by whom, by which payments, and what happened."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from saaskit_core import referrals as core
from saaskit_core.money import Money
from saaskit_core.referrals.model import Return, Step
from saaskit_django.referrals.models.choices import choices, values
from saaskit_django.referrals.models.programmes import ReferralCode, ReferralProgramme

_FLAGGED = core.ReferralStatus.FLAGGED.value


class ReferralTransaction(models.Model):
    """Who was sent by whom: at most one per customer and per user, for life.

    `due_at` is when time will do something to it, on the referred customer's billing clock.
    """

    Status = core.ReferralStatus

    reference = models.CharField(max_length=64, unique=True, help_text="Its name in events.")
    referral_code = models.ForeignKey(
        ReferralCode, on_delete=models.PROTECT, related_name="referrals"
    )
    programme = models.ForeignKey(ReferralProgramme, on_delete=models.PROTECT, related_name="+")
    referrer = models.ForeignKey(
        "saaskit_customers.Customer", on_delete=models.PROTECT, related_name="referrals_made"
    )
    referred = models.OneToOneField(
        "saaskit_customers.Customer", on_delete=models.PROTECT, related_name="referral"
    )
    referred_user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    status = models.CharField(
        max_length=16,
        choices=choices(core.ReferralStatus),
        default=core.ReferralStatus.PENDING.value,
    )
    signals = models.JSONField(default=list, blank=True)
    review_by = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    ip_hash = models.CharField(max_length=32, blank=True, default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(referrer=F("referred")), name="saaskit_referral_not_oneself"
            ),
            models.CheckConstraint(
                condition=Q(status__in=values(core.ReferralStatus)), name="saaskit_referral_status"
            ),
            models.CheckConstraint(
                condition=Q(status=_FLAGGED, review_by__isnull=False)
                | (~Q(status=_FLAGGED) & Q(review_by__isnull=True)),
                name="saaskit_referral_review",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False), name="saaskit_referral_due"
            ),
            models.Index(fields=["ip_hash", "created_at"], name="saaskit_referral_ip"),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.reference}: {self.status}"

    @property
    def referrer_rewarded(self) -> bool:
        """Whether who sent was rewarded."""
        return self._granted(core.Side.REFERRER) > 0

    @property
    def referred_rewarded(self) -> bool:
        """Whether who was sent was rewarded."""
        return self._granted(core.Side.REFERRED) > 0

    @property
    def referrer_reward_amount(self) -> int:
        """What who sent got and kept, in the ledger's units."""
        return self._granted(core.Side.REFERRER)

    @property
    def referred_reward_amount(self) -> int:
        """What who was sent got and kept, in the ledger's units."""
        return self._granted(core.Side.REFERRED)

    def _granted(self, side: core.Side) -> int:
        return sum(each.units for each in self.rewards.all() if each.side == side.value)

    def to_core(self) -> core.Referral:
        """Return the row as the core's value. Prefetch `payments` and `steps`."""
        payments = sorted(self.payments.all(), key=lambda each: (each.number or 0, each.pk))
        return core.Referral(
            id=self.reference,
            programme=self.programme.key,
            code=self.referral_code.code,
            referrer=str(self.referrer_id),
            referred=str(self.referred_id),
            status=core.ReferralStatus(self.status),
            signals=tuple(core.Signal(each) for each in self.signals),
            review_by=self.review_by,
            milestones=tuple(each.milestone() for each in payments if each.number is not None),
            returns=tuple(each.reported_return() for each in payments if each.is_returned),
            history=tuple(
                step.to_core() for step in sorted(self.steps.all(), key=lambda each: each.sequence)
            ),
        )


class ReferralPayment(models.Model):
    """What is known of one invoice of the referred: that it counts, and what was given back.

    Either may be reported first. `number` is set once it counts as a milestone.
    """

    referral = models.ForeignKey(
        ReferralTransaction, on_delete=models.PROTECT, related_name="payments"
    )
    invoice = models.CharField(max_length=64)
    currency = models.CharField(max_length=3, blank=True, default="")
    number = models.PositiveIntegerField(null=True, blank=True)
    paid_minor = models.BigIntegerField(default=0)
    returned_minor = models.BigIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, blank=True, default="")
    is_returned = models.BooleanField(default=False)
    reported_minor = models.BigIntegerField(
        null=True, blank=True, help_text="Sum given back as reported; none: all of it."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["referral", "invoice"], name="saaskit_referral_payment_invoice"
            ),
            models.UniqueConstraint(
                fields=["referral", "number"],
                condition=Q(number__isnull=False),
                name="saaskit_referral_payment_number",
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=True, state="")
                | Q(
                    number__gte=1,
                    paid_minor__gt=0,
                    due_at__isnull=False,
                    state__in=values(core.MilestoneState),
                ),
                name="saaskit_referral_payment_milestone",
            ),
            models.CheckConstraint(
                condition=Q(returned_minor__gte=0), name="saaskit_referral_payment_returned"
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"invoice {self.invoice}: {self.state or 'returned'}"

    def milestone(self) -> core.Milestone:
        """Return it as the core's milestone; it has a number."""
        if self.number is None or self.due_at is None:
            raise ValueError(f"invoice {self.invoice} is no milestone")
        return core.Milestone(
            number=self.number,
            invoice=self.invoice,
            paid=Money(self.paid_minor, self.currency),
            returned=Money(self.returned_minor, self.currency),
            due_at=self.due_at,
            state=core.MilestoneState(self.state),
        )

    def reported_return(self) -> Return:
        """Return what was reported to have been given back."""
        minor = self.reported_minor
        amount = None if minor is None else Money(minor, self.currency)
        return Return(invoice=self.invoice, amount=amount)


class ReferralStep(models.Model):
    """One line of a referral's history."""

    referral = models.ForeignKey(
        ReferralTransaction, on_delete=models.PROTECT, related_name="steps"
    )
    sequence = models.PositiveIntegerField()
    at = models.DateTimeField()
    status = models.CharField(max_length=16)
    note = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["referral", "sequence"], name="saaskit_referral_step_sequence"
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return self.note

    def to_core(self) -> Step:
        """Return the row as the core's value."""
        return Step(at=self.at, status=core.ReferralStatus(self.status), note=self.note)
