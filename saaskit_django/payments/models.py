"""Payments, refunds, saved methods, and the inbox of what providers report."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from saaskit_core.money import Money
from saaskit_core.payments.decisions import PaymentFacts
from saaskit_core.payments.states import OPEN, PaymentState, PaymentStatus, wire_status
from saaskit_core.providers import RefundState


class Payment(models.Model):
    """One attempt to collect money, made before the provider is called."""

    State = PaymentState

    customer = models.ForeignKey(
        "saaskit_customers.Customer", on_delete=models.PROTECT, related_name="payments"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    subscription = models.ForeignKey(
        "saaskit_subscriptions.Subscription",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="payments",
    )
    invoice = models.ForeignKey(
        "saaskit_billing.Invoice", on_delete=models.PROTECT, related_name="payments"
    )
    provider = models.CharField(max_length=64, help_text="The alias it is collected through.")
    transaction_id = models.CharField(max_length=64, unique=True, help_text="Our reference.")
    idempotency_key = models.CharField(max_length=160, unique=True, help_text="The provider's.")
    provider_ref = models.CharField(max_length=255, blank=True, default="")
    provider_version = models.BigIntegerField(default=0)
    observed_at = models.DateTimeField(
        null=True, blank=True, help_text="The provider's time of the newest answer."
    )
    state = models.CharField(
        max_length=16, choices=[(str(state), str(state)) for state in PaymentState]
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    received_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    refunding_minor = models.BigIntegerField(default=0, help_text="Reserved by refunds under way.")
    payment_method = models.CharField(max_length=16, blank=True, default="")
    method_ref = models.CharField(max_length=255, blank=True, default="")
    is_off_session = models.BooleanField(default=False)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="The engine's charge number.")
    failure_reason = models.CharField(max_length=32, blank=True, default="")
    is_hard_decline = models.BooleanField(default=False)
    is_disputed = models.BooleanField(default=False)
    next_action = models.JSONField(null=True, blank=True)
    description = models.CharField(max_length=255, blank=True, default="")
    payment_date = models.DateTimeField(help_text="When it was asked for, then when it was paid.")
    submitted_at = models.DateTimeField(null=True, blank=True)
    check_at = models.DateTimeField(null=True, blank=True, help_text="When to ask the provider.")
    checks = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "provider_ref"],
                condition=~Q(provider_ref=""),
                name="saaskit_payment_provider_ref",
            ),
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(state__in=sorted(OPEN)),
                name="saaskit_payment_one_open",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="saaskit_payment_amount_positive"
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0, refunding_minor__gte=0)
                & Q(received_minor__gte=F("refunded_minor") + F("refunding_minor")),
                name="saaskit_payment_refunds_covered",
            ),
            models.CheckConstraint(
                condition=Q(received_minor__lte=F("amount_minor")),
                name="saaskit_payment_received_covered",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["check_at"],
                condition=Q(check_at__isnull=False),
                name="saaskit_payment_check",
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.transaction_id}: {self.state}"

    @property
    def amount(self) -> Money:
        """What is asked for."""
        return Money(self.amount_minor, self.currency)

    @property
    def received(self) -> Money:
        """What the provider captured."""
        return Money(self.received_minor, self.currency)

    @property
    def refunded(self) -> Money:
        """What went back."""
        return Money(self.refunded_minor, self.currency)

    @property
    def refunding(self) -> Money:
        """What refunds under way have reserved."""
        return Money(self.refunding_minor, self.currency)

    def to_core(self) -> PaymentFacts:
        """Return the row as the core's value."""
        return PaymentFacts(
            id=self.transaction_id,
            customer_id=str(self.customer_id),
            amount=self.amount,
            received=self.received,
            refunded=self.refunded,
            refund_reserved=self.refunding,
            state=PaymentState(self.state),
            provider=self.provider,
            transaction_id=self.provider_ref,
            invoice_id=str(self.invoice_id),
            version=self.provider_version,
            observed_at=self.observed_at,
            is_disputed=self.is_disputed,
        )

    @property
    def status(self) -> PaymentStatus:
        """The contract's status."""
        return wire_status(
            PaymentState(self.state),
            received_minor=self.received_minor,
            refunded_minor=self.refunded_minor,
        )


class Refund(models.Model):
    """Money given back, reserved on the payment before the provider is called."""

    State = RefundState

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    reference = models.CharField(max_length=64, unique=True)
    idempotency_key = models.CharField(max_length=160, unique=True)
    provider_ref = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(
        max_length=16, choices=[(str(state), str(state)) for state in RefundState]
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=255, blank=True, default="")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    check_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="saaskit_refund_positive"),
            models.UniqueConstraint(
                fields=["provider_ref"],
                condition=~Q(provider_ref=""),
                name="saaskit_refund_provider_ref",
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.reference}: {self.state}"


class RefundRequest(models.Model):
    """A customer's wish for a refund, waiting for an admin."""

    class Status(models.TextChoices):
        REQUESTED = "requested"
        GRANTED = "granted"
        REFUSED = "refused"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refund_requests")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=255, blank=True, default="")
    status = models.CharField(max_length=16, choices=Status, default=Status.REQUESTED)
    refund = models.OneToOneField(
        Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="request"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(status="requested"),
                name="saaskit_refund_request_one_open",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="saaskit_refund_request_positive"
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.payment_id}: {self.status}"


class PaymentMethod(models.Model):
    """A method the provider keeps for later charges. Never card data."""

    customer = models.ForeignKey(
        "saaskit_customers.Customer", on_delete=models.PROTECT, related_name="payment_methods"
    )
    provider = models.CharField(max_length=64)
    customer_ref = models.CharField(max_length=255)
    method_ref = models.CharField(max_length=255)
    kind = models.CharField(max_length=16, default="card")
    brand = models.CharField(max_length=32, blank=True, default="")
    last4 = models.CharField(max_length=4, blank=True, default="")
    expires = models.CharField(max_length=7, blank=True, default="")
    is_default = models.BooleanField(default=False)
    removed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer", "provider", "method_ref"], name="saaskit_payment_method_ref"
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(is_default=True, removed_at__isnull=True),
                name="saaskit_payment_method_default",
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.brand} {self.last4}".strip() or self.kind


class WebhookEvent(models.Model):
    """A verified delivery, stored before it is acted upon.

    Unique per provider (the alias it is configured under), endpoint there, and event.
    """

    class Status(models.TextChoices):
        RECEIVED = "received"
        DONE = "done"
        DEFERRED = "deferred"
        IGNORED = "ignored"
        DEAD = "dead"

    provider = models.CharField(max_length=64)
    endpoint = models.CharField(
        max_length=255, blank=True, default="", help_text="The provider's account, if it has many."
    )
    event_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=48)
    object_ref = models.CharField(max_length=255, blank=True, default="")
    reference = models.CharField(max_length=64, blank=True, default="")
    version = models.BigIntegerField(
        default=0, help_text="Grows with the object at the provider; 0 when it has none."
    )
    body = models.BinaryField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    status = models.CharField(max_length=16, choices=Status, default=Status.RECEIVED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    lease = models.CharField(max_length=36, blank=True, default="")
    leased_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=255, blank=True, default="")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "endpoint", "event_id"], name="saaskit_webhook_event_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(next_try_at__isnull=False),
                name="saaskit_webhook_due",
            ),
            models.Index(fields=["received_at"], name="saaskit_webhook_received"),
            models.Index(fields=["lease"], condition=~Q(lease=""), name="saaskit_webhook_lease"),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.provider} {self.event_id}"

    @property
    def is_ignored(self) -> bool:
        """Whether it tells of nothing that matters here."""
        return self.status == self.Status.IGNORED


class RefusedDelivery(models.Model):
    """How many deliveries were refused on a day and why; the deliveries themselves are not kept."""

    provider = models.CharField(max_length=64)
    code = models.CharField(max_length=64)
    day = models.DateField()
    count = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "refused deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "code", "day"], name="saaskit_refused_delivery_once"
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.provider} {self.day}: {self.count} × {self.code}"
