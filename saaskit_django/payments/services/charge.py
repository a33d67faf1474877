"""Sending one reserved payment to its provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import (
    DeclineReason,
    IntentRequest,
    Outcome,
    PaymentDeclined,
    Payments,
    ProviderError,
    ProviderObjectNotFound,
    SavedChargeRequest,
    SavedMethods,
    UnsupportedOperation,
)
from saaskit_django import registry
from saaskit_django.payments.models import Payment, PaymentMethod
from saaskit_django.payments.services.provider_customers import customer_ref_at
from saaskit_django.payments.services.reserve import ABANDONED_AFTER, PAYABLE
from saaskit_django.payments.services.settle import settle, settle_declined, settle_unanswered

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.providers import PaymentProvider, PaymentResult


def submit(payment_id: int, *, now: datetime, return_url: str = "") -> Payment:
    """Send a reserved payment to its provider, with no transaction open, and write the answer.

    Of several callers one sends; the others get the row as it stands. A decline is written and
    returned as the row's failure, not raised. Raises ProviderError when the provider could not
    be asked at all; an unknown outcome is no error: the payment stays `unknown` and is asked
    about later, never sent anew. Nothing is sent for an invoice that was given up, nor while the
    customer is on hold.
    """
    payment = Payment.objects.select_related("customer").get(pk=payment_id)
    if payment.state == PaymentState.CREATED:
        provider = registry.payment_provider(payment.provider)
        customer_ref = _customer_ref(provider, payment)
        if _claim(payment_id, now=now):
            sending = _Sending(
                provider=provider,
                payment=payment,
                customer_ref=customer_ref,
                return_url=return_url,
            )
            for next_id in _send(sending, now=now):
                submit(next_id, now=now)
    return Payment.objects.select_related("invoice", "customer").get(pk=payment_id)


def raise_declined(payment: Payment) -> None:
    """Raise PaymentDeclined when the payment failed, so that its payer is answered 402."""
    if payment.state == PaymentState.FAILED:
        raise PaymentDeclined(
            reason=DeclineReason(payment.failure_reason or DeclineReason.UNKNOWN),
            provider=payment.provider,
            transaction_id=payment.transaction_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    provider: PaymentProvider
    payment: Payment
    customer_ref: str
    return_url: str


@transaction.atomic(durable=True)
def _claim(payment_id: int, *, now: datetime) -> bool:
    """Take the sending of it, unless its invoice was given up or the customer is on hold."""
    sendable = Payment.objects.filter(
        pk=payment_id,
        state=PaymentState.CREATED,
        customer__parked_at__isnull=True,
        invoice__status__in=PAYABLE,
    )
    claimed = sendable.update(
        state=PaymentState.SUBMITTING, submitted_at=now, check_at=now + ABANDONED_AFTER
    )
    return bool(claimed)


def _send(sending: _Sending, *, now: datetime) -> list[int]:
    payment_id = sending.payment.pk
    try:
        result = _call(sending)
    except PaymentDeclined as exc:
        return settle_declined(
            payment_id=payment_id, reason=exc.reason, transaction_id=exc.transaction_id, now=now
        )
    except ProviderObjectNotFound:
        return _on_unknown_object(sending, now=now)
    except ProviderError as exc:
        _note_failure(payment_id, exc, now=now)
        return []
    return settle(payment_id=payment_id, result=result, now=now)


def _on_unknown_object(sending: _Sending, *, now: datetime) -> list[int]:
    """A kept method that the provider has no more is a hard decline: only a new one helps."""
    payment = sending.payment
    if not payment.is_off_session:
        settle_unanswered(payment_id=payment.pk, state=PaymentState.CREATED, now=now)
        raise ProviderObjectNotFound(provider=payment.provider)
    return settle_declined(payment_id=payment.pk, reason=DeclineReason.CARD_NOT_SUPPORTED, now=now)


def _note_failure(payment_id: int, exc: ProviderError, *, now: datetime) -> None:
    """Write what is known after a call that raised: nothing was sent, or nobody knows."""
    if exc.outcome is Outcome.UNKNOWN:
        settle_unanswered(payment_id=payment_id, state=PaymentState.UNKNOWN, now=now)
        return
    settle_unanswered(payment_id=payment_id, state=PaymentState.CREATED, now=now)
    raise exc


def _call(sending: _Sending) -> PaymentResult:
    provider, payment = sending.provider, sending.payment
    if payment.is_off_session:
        return _charge_saved(provider, payment)
    if not isinstance(provider, Payments):
        raise UnsupportedOperation(provider=payment.provider, operation="payments")
    return provider.create_payment(
        IntentRequest(
            idempotency_key=payment.idempotency_key,
            reference=payment.transaction_id,
            amount=payment.amount,
            description=payment.description,
            customer_ref=sending.customer_ref,
            customer_email=payment.customer.email,
            save_method=bool(sending.customer_ref),
            return_url=sending.return_url,
        )
    )


def _customer_ref(provider: PaymentProvider, payment: Payment) -> str:
    """Return under whom the provider may keep the method for renewals, "" when it need not."""
    is_kept = payment.subscription_id is not None and not payment.is_off_session
    if not is_kept or not isinstance(provider, SavedMethods):
        return ""
    return customer_ref_at(payment.customer, provider, alias=payment.provider)


def _charge_saved(provider: PaymentProvider, payment: Payment) -> PaymentResult:
    if not isinstance(provider, SavedMethods):
        raise UnsupportedOperation(provider=payment.provider, operation="saved_methods")
    method = PaymentMethod.objects.get(
        customer=payment.customer, provider=payment.provider, method_ref=payment.method_ref
    )
    return provider.charge_saved(
        SavedChargeRequest(
            idempotency_key=payment.idempotency_key,
            reference=payment.transaction_id,
            amount=payment.amount,
            customer_ref=method.customer_ref,
            method_ref=method.method_ref,
            description=payment.description,
        )
    )
