"""The row that stands before a provider is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F

from saaskit_core.money import CurrencyMismatch
from saaskit_core.payments.decisions import RefundTooLarge, check_refund, refundable
from saaskit_core.payments.states import OPEN, PaymentState
from saaskit_core.providers import RefundState
from saaskit_django import registry
from saaskit_django.billing.models import Invoice
from saaskit_django.billing.services.wallet import credit, has_entry
from saaskit_django.identifiers import new_reference
from saaskit_django.payments.models import Payment, Refund

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.money import Money
    from saaskit_django.payments.models import PaymentMethod

PAYABLE = (Invoice.Status.DRAFT, Invoice.Status.OPEN)
"""Invoices that money may still be collected for."""
UNUSED_TIME = "unused_time"
"""The reason of refunds that the engine owes: what can't be sent becomes credit."""
ABANDONED_AFTER = timedelta(minutes=5)
"""How long a payment may stay unsent before the janitor looks at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """How to collect an invoice: through whom, and with which kept method (None: ask the payer)."""

    provider: str
    user: Any = None
    method: PaymentMethod | None = None
    attempt: int = 0
    payment_method: str = ""
    description: str = ""


def open_payment(
    invoice: Invoice, collection: Collection, *, now: datetime, at: datetime
) -> Payment:
    """Write the payment of an invoice, or return the one that is under way, inside a transaction.

    Call it with the customer locked. The provider's idempotency key is fixed here, before any
    call; a new one is made only after the last attempt has definitely ended. `now` is real
    time, `at` the customer's. Raises ProviderNotFound, before anything is written.
    """
    registry.payment_provider(collection.provider)
    tried = list(invoice.payments.order_by("pk"))
    standing = next((each for each in tried if each.state in OPEN), None)
    if standing is not None:
        return standing
    number = len(tried) + 1
    return Payment.objects.create(
        customer_id=invoice.customer_id,
        user=collection.user,
        subscription_id=invoice.subscription_id,
        invoice=invoice,
        provider=collection.provider,
        transaction_id=new_reference("pay"),
        idempotency_key=f"saaskit:pay:{invoice.public_id}:{number}",
        state=PaymentState.CREATED,
        currency=invoice.currency,
        amount_minor=invoice.amount_due_minor,
        payment_method=collection.payment_method,
        method_ref=collection.method.method_ref if collection.method else "",
        is_off_session=collection.method is not None,
        attempt=collection.attempt,
        description=collection.description,
        payment_date=at,
        check_at=now + ABANDONED_AFTER,
    )


def open_payment_of(invoice: Invoice) -> Payment | None:
    """Return the invoice's payment that hasn't ended, or None; there is at most one."""
    return invoice.payments.filter(state__in=sorted(OPEN)).first()


def cancel_unsent(invoice: Invoice) -> None:
    """Give up the invoice's payment if nobody was asked for it yet, inside a transaction."""
    invoice.payments.filter(state=PaymentState.CREATED).update(
        state=PaymentState.CANCELLED, check_at=None
    )


def reserve_refund(
    payment: Payment,
    *,
    amount: Money,
    reason: str,
    at: datetime,
    check_at: datetime,
    requested_by: Any = None,
) -> Refund:
    """Write a refund and take its amount off what is left, inside a transaction.

    Call it with the customer locked. It is sent by its caller, or by the janitor at `check_at`.
    Money that came too late for its invoice and became credit is taken from the wallet. Raises
    RefundRefused, RefundTooLarge, CurrencyMismatch and WalletTooLow.
    """
    check_refundable(payment, amount)
    moved = Payment.objects.filter(
        pk=payment.pk,
        state=PaymentState.SUCCEEDED,
        received_minor__gte=F("refunded_minor") + F("refunding_minor") + amount.minor,
    ).update(refunding_minor=F("refunding_minor") + amount.minor)
    if not moved:
        left = refundable(Payment.objects.get(pk=payment.pk).to_core())
        raise RefundTooLarge(amount=str(amount), refundable=str(left))
    reference = new_reference("ref")
    _take_from_wallet(payment, amount, reference=reference, at=at)
    return Refund.objects.create(
        payment=payment,
        reference=reference,
        idempotency_key=f"saaskit:refund:{reference}",
        state=RefundState.PENDING,
        currency=amount.currency,
        amount_minor=amount.minor,
        reason=reason,
        requested_by=requested_by,
        check_at=check_at,
    )


def _take_from_wallet(payment: Payment, amount: Money, *, reference: str, at: datetime) -> None:
    if has_entry(late_money(payment)):
        credit(
            customer=payment.customer,
            amount=-amount,
            transaction=f"refund:{reference}",
            reason="refund",
            now=at,
        )


def late_money(payment: Payment) -> str:
    """Name the wallet's entry for money that came when its invoice took none any more."""
    return f"payment:{payment.pk}:surplus"


def check_refundable(payment: Payment, amount: Money) -> None:
    """Raise RefundRefused, RefundTooLarge or CurrencyMismatch unless it can be given back."""
    if amount.currency != payment.currency:
        raise CurrencyMismatch(left=amount.currency, right=payment.currency)
    check_refund(payment.to_core(), amount)
