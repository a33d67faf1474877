"""Giving money back: reserved on the payment, asked of the provider, then settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import Money
from saaskit_core.payments.decisions import refundable
from saaskit_core.payments.events import PaymentRefunded
from saaskit_core.providers import (
    Outcome,
    ProviderError,
    RefundRequest,
    RefundResult,
    Refunds,
    RefundState,
    UnsupportedOperation,
)
from saaskit_django import registry
from saaskit_django.billing.services.invoices import issue_credit_note
from saaskit_django.billing.services.wallet import credit, has_entry
from saaskit_django.customers.services import billing_now, lock_customer, lock_customer_of
from saaskit_django.outbox.services import record
from saaskit_django.payments.models import Payment, Refund
from saaskit_django.payments.models import RefundRequest as RefundRequestRow
from saaskit_django.payments.services.reserve import (
    ABANDONED_AFTER,
    UNUSED_TIME,
    check_refundable,
    reserve_refund,
)

if TYPE_CHECKING:
    from datetime import datetime


class RefundRequestExists(SaasKitError):
    code = "refund_request_exists"
    kind = ErrorKind.CONFLICT
    template = "A refund of this payment was asked for already."


def refund(
    payment: Payment,
    *,
    amount: Money | None,
    reason: str,
    requested_by: Any,
    now: datetime,
) -> Refund:
    """Give back part of a payment, or all that is left of it.

    Never more than was received, concurrent calls included. Raises RefundRefused and
    RefundTooLarge (409), CurrencyMismatch, and what the provider raises; an unknown outcome
    stays pending and is asked about.
    """
    row = _reserve(payment.pk, amount=amount, reason=reason, requested_by=requested_by, now=now)
    send_refund(row, now=now)
    return Refund.objects.select_related("payment").get(pk=row.pk)


def send_refund(row: Refund, *, now: datetime, is_kept: bool = False) -> None:
    """Ask the provider for a reserved refund, under its own key, and write the answer.

    One that didn't reach the provider is given up, unless `is_kept`: then it is sent again later.
    """
    payment = row.payment
    provider = registry.payment_provider(payment.provider)
    if not isinstance(provider, Refunds):
        _release(row.pk, now=now)
        raise UnsupportedOperation(provider=payment.provider, operation="refunds")
    request = RefundRequest(
        idempotency_key=row.idempotency_key,
        reference=row.reference,
        transaction_id=payment.provider_ref,
        amount=Money(row.amount_minor, row.currency),
        reason=row.reason,
    )
    try:
        result = provider.refund(request)
    except ProviderError as exc:
        if exc.outcome is Outcome.UNKNOWN or (is_kept and exc.outcome is Outcome.NOT_SENT):
            return
        _release(row.pk, now=now)
        raise
    settle_refund(refund_id=row.pk, result=result, now=now)


@transaction.atomic(durable=True)
def request_refund(
    payment: Payment, *, amount: Money | None, reason: str, user: Any
) -> RefundRequestRow:
    """Note a customer's wish. Raises RefundRequestExists, RefundRefused, RefundTooLarge."""
    lock_customer(payment.customer_id)
    fresh = Payment.objects.get(pk=payment.pk)
    wanted = refundable(fresh.to_core()) if amount is None else amount
    check_refundable(fresh, wanted)
    if fresh.refund_requests.filter(status=RefundRequestRow.Status.REQUESTED).exists():
        raise RefundRequestExists
    return RefundRequestRow.objects.create(
        payment=fresh, user=user, amount_minor=wanted.minor, reason=reason
    )


@transaction.atomic(durable=True)
def settle_refund(*, refund_id: int, result: RefundResult, now: datetime) -> None:
    """Write the provider's answer about a refund."""
    apply_refund_result(refund_id=refund_id, result=result, now=now)


def apply_refund_result(*, refund_id: int, result: RefundResult, now: datetime) -> None:
    """Write the provider's answer about a refund, once, inside a transaction."""
    row = _locked_refund(refund_id)
    if row.state != RefundState.PENDING:
        return
    row.provider_ref = result.refund_id
    row.state = result.state
    row.check_at = None if result.state is not RefundState.PENDING else row.check_at
    row.save(update_fields=["provider_ref", "state", "check_at", "updated_at"])
    if result.state is RefundState.SUCCEEDED:
        _complete(row, at=billing_now(row.payment.customer, now))
    elif result.state is RefundState.FAILED:
        _unreserve(row, now=now)


@transaction.atomic(durable=True)
def _reserve(
    payment_id: int, *, amount: Money | None, reason: str, requested_by: Any, now: datetime
) -> Refund:
    customer = lock_customer_of(Payment.objects.filter(pk=payment_id))
    payment = Payment.objects.get(pk=payment_id)
    wanted = refundable(payment.to_core()) if amount is None else amount
    return reserve_refund(
        payment,
        amount=wanted,
        reason=reason,
        requested_by=requested_by,
        at=billing_now(customer, now),
        check_at=now + ABANDONED_AFTER,
    )


def _locked_refund(refund_id: int) -> Refund:
    lock_customer_of(Refund.objects.filter(pk=refund_id), path="payment__customer_id")
    return Refund.objects.select_related("payment__customer", "payment__invoice").get(pk=refund_id)


def _complete(row: Refund, *, at: datetime) -> None:
    payment = row.payment
    Payment.objects.filter(pk=payment.pk).update(
        refunding_minor=F("refunding_minor") - row.amount_minor,
        refunded_minor=F("refunded_minor") + row.amount_minor,
    )
    payment.refresh_from_db(fields=["refunding_minor", "refunded_minor"])
    issue_credit_note(
        invoice=payment.invoice,
        amount=Money(row.amount_minor, row.currency),
        key=f"refund:{row.reference}",
        reason=row.reason,
        now=at,
    )
    RefundRequestRow.objects.filter(
        payment=payment, status=RefundRequestRow.Status.REQUESTED
    ).update(status=RefundRequestRow.Status.GRANTED, refund=row)
    record(_refunded(row, at=at))


def _refunded(row: Refund, *, at: datetime) -> PaymentRefunded:
    payment = row.payment
    return PaymentRefunded(
        aggregate=f"payment:{payment.transaction_id}",
        occurred_at=at,
        payment_id=payment.transaction_id,
        customer_id=str(payment.customer_id),
        invoice_id=str(payment.invoice_id),
        provider=payment.provider,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        received_minor=payment.received_minor,
        refunded_minor=payment.refunded_minor,
        refund_minor=row.amount_minor,
    )


@transaction.atomic(durable=True)
def _release(refund_id: int, *, now: datetime) -> None:
    row = _locked_refund(refund_id)
    if row.state != RefundState.PENDING:
        return
    Refund.objects.filter(pk=row.pk).update(state=RefundState.FAILED, check_at=None, updated_at=now)
    _unreserve(row, now=now)


def _unreserve(row: Refund, *, now: datetime) -> None:
    """Free the amount again. What the engine owes, or took from the wallet, becomes credit."""
    Payment.objects.filter(pk=row.payment_id).update(
        refunding_minor=F("refunding_minor") - row.amount_minor
    )
    if row.reason == UNUSED_TIME or has_entry(f"refund:{row.reference}"):
        credit(
            customer=row.payment.customer,
            amount=Money(row.amount_minor, row.currency),
            transaction=f"refund:{row.reference}:failed",
            reason="refund_failed",
            now=billing_now(row.payment.customer, now),
        )
