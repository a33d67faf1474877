"""Invoices, their lines and numbers; coupons applied to subscriptions; the wallet's ledger."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from saaskit_core.billing.quotes import InvoiceKind
from saaskit_core.coupons import AppliedCoupon as CoreAppliedCoupon
from saaskit_core.money import Money
from saaskit_core.subscriptions.policies import UnusedTime


class InvoiceStatus(models.TextChoices):
    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


class InvoiceSeries(models.Model):
    """The counter behind gap-free numbers; one row per series."""

    name = models.CharField(max_length=32, primary_key=True)
    last_number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return self.name


class Invoice(models.Model):
    """A bill. Its lines never change once it is open; whether it is paid is a status apart."""

    Status = InvoiceStatus

    public_id = models.UUIDField(unique=True)
    customer = models.ForeignKey(
        "saaskit_customers.Customer", on_delete=models.PROTECT, related_name="invoices"
    )
    subscription = models.ForeignKey(
        "saaskit_subscriptions.Subscription",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="invoices",
    )
    kind = models.CharField(max_length=16, choices=[(str(kind), str(kind)) for kind in InvoiceKind])
    key = models.CharField(max_length=200, help_text="What it bills: once only, unless voided.")
    status = models.CharField(max_length=16, choices=InvoiceStatus, default=InvoiceStatus.OPEN)
    series = models.CharField(max_length=32, blank=True, default="")
    number = models.PositiveBigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    subtotal_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField()
    credit_minor = models.BigIntegerField(default=0, help_text="Paid from the wallet.")
    amount_due_minor = models.BigIntegerField()
    to_wallet_minor = models.BigIntegerField(default=0, help_text="Credited when it is settled.")
    surplus_to = models.CharField(
        max_length=16,
        choices=[(each.value, each.value) for each in UnusedTime],
        default=UnusedTime.WALLET,
        help_text="Where a credit goes that no line uses up.",
    )
    carried_minor = models.BigIntegerField(default=0, help_text="Too small to charge; billed next.")
    carried_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="carried_from"
    )
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    issued_at = models.DateTimeField()
    due_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    seller = models.JSONField(default=dict)
    buyer = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["series", "number"],
                condition=Q(number__isnull=False),
                name="saaskit_invoice_number",
            ),
            models.UniqueConstraint(
                fields=["key"], condition=~Q(status="void"), name="saaskit_invoice_key"
            ),
            models.UniqueConstraint(
                fields=["subscription", "kind", "period_start"],
                condition=Q(kind__in=["first", "renewal"]) & ~Q(status="void"),
                name="saaskit_invoice_one_per_period",
            ),
            models.CheckConstraint(
                condition=Q(total_minor=F("subtotal_minor") - F("discount_minor") + F("tax_minor")),
                name="saaskit_invoice_total",
            ),
            models.CheckConstraint(
                condition=Q(total_minor__gte=0, amount_due_minor__gte=0, credit_minor__gte=0),
                name="saaskit_invoice_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(
                    amount_due_minor=F("total_minor") - F("credit_minor") - F("carried_minor")
                ),
                name="saaskit_invoice_due",
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return self.number_text or f"invoice {self.pk}"

    @property
    def number_text(self) -> str:
        """The number as printed, "INV-000042"; empty before it is taken."""
        return f"{self.series}-{self.number:06d}" if self.number is not None else ""

    @property
    def amount_due(self) -> Money:
        """What a provider is asked for."""
        return Money(self.amount_due_minor, self.currency)

    @property
    def total(self) -> Money:
        """What is billed, before the wallet pays its share."""
        return Money(self.total_minor, self.currency)


class InvoiceLine(models.Model):
    """One line, with the sentence that explains its amount."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=24)
    description = models.CharField(max_length=255)
    quantity = models.PositiveIntegerField(default=1)
    unit_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    price = models.ForeignKey(
        "saaskit_plans.Price", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    explanation = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["invoice", "position"], name="saaskit_line_position"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="saaskit_line_quantity"),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return self.description


class AppliedCoupon(models.Model):
    """A coupon that discounts a subscription's invoices; the terms are the coupon's."""

    subscription = models.ForeignKey(
        "saaskit_subscriptions.Subscription", on_delete=models.PROTECT, related_name="coupons"
    )
    coupon = models.ForeignKey("saaskit_coupons.Coupon", on_delete=models.PROTECT, related_name="+")
    usage = models.OneToOneField(
        "saaskit_coupons.CouponUsage", on_delete=models.PROTECT, related_name="applied"
    )
    first_period_start = models.DateTimeField(
        null=True, blank=True, help_text="Start of the first period it discounted."
    )
    is_released = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subscription", "coupon"],
                condition=Q(is_released=False),
                name="saaskit_applied_coupon_once",
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.coupon_id} on {self.subscription_id}"

    def to_core(self) -> CoreAppliedCoupon:
        """Return it as the core's value. Needs `coupon` loaded."""
        return CoreAppliedCoupon(
            coupon=self.coupon.to_core(), first_period_start=self.first_period_start
        )


class WalletAccount(models.TextChoices):
    WALLET = "wallet"
    CREDIT_GRANTED = "credit_granted"
    INVOICES = "invoices"


class WalletEntry(models.Model):
    """One leg of a double entry. Append-only: the legs of a transaction add up to zero."""

    customer = models.ForeignKey(
        "saaskit_customers.Customer", on_delete=models.PROTECT, related_name="wallet_entries"
    )
    transaction = models.CharField(max_length=200)
    account = models.CharField(max_length=16, choices=WalletAccount)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=32)
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="wallet_entries"
    )
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["transaction", "account"], name="saaskit_wallet_leg"),
            models.CheckConstraint(
                condition=~Q(amount_minor=0), name="saaskit_wallet_entry_not_zero"
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.transaction} {self.account} {self.amount_minor}"


class WalletBalance(models.Model):
    """The running balance of a customer's wallet in one currency; never below zero."""

    customer = models.ForeignKey(
        "saaskit_customers.Customer", on_delete=models.PROTECT, related_name="wallet_balances"
    )
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer", "currency"], name="saaskit_wallet_balance_one"
            ),
            models.CheckConstraint(
                condition=Q(balance_minor__gte=0), name="saaskit_wallet_not_negative"
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.balance_minor} {self.currency}"


class CreditNote(models.Model):
    """Takes back part of an invoice, with a number of its own series."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_notes")
    key = models.CharField(max_length=200, unique=True)
    series = models.CharField(max_length=32)
    number = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=255, blank=True, default="")
    issued_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["series", "number"], name="saaskit_credit_note_number"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="saaskit_credit_note_positive"
            ),
        ]

    def __str__(self) -> str:
        """Name it in logs and the admin."""
        return f"{self.series}-{self.number:06d}"
