"""Confirming a payment with the payer's method, and asking the provider how one stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import (
    ConfirmRequest,
    Outcome,
    PaymentDeclined,
    Payments,
    ProviderError,
    UnsupportedOperation,
)
from saaskit_django import registry
from saaskit_django.customers.services import refuse_parked
from saaskit_django.identifiers import new_uuid
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.charge import submit
from saaskit_django.payments.services.reserve import PAYABLE
from saaskit_django.payments.services.settle import (
    settle,
    settle_declined,
    settle_retriable,
    settle_unanswered,
)

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.providers import PaymentResult

_CONFIRMABLE = (PaymentState.REQUIRES_ACTION,)


class PaymentNotConfirmable(SaasKitError):
    code = "payment_not_confirmable"
    kind = ErrorKind.CONFLICT
    template = "This payment can't be confirmed: it is %(status)s."


def confirm(payment: Payment, *, method_ref: str, idempotency_key: str, now: datetime) -> Payment:
    """Charge a registered payment with the payer's method and write the answer.

    Confirming a payment that is paid already returns it. Raises PaymentDeclined (402; the payer
    may try another method), PaymentNotConfirmable and CustomerParked (409) and what the provider
    raises.
    """
    payment = _fresh(payment)
    if payment.state == PaymentState.SUCCEEDED:
        return payment
    refuse_parked(payment.customer)
    if payment.state not in _CONFIRMABLE or payment.invoice.status not in PAYABLE:
        raise PaymentNotConfirmable(status=payment.status.value)
    result = _confirm(payment, method_ref=method_ref, key=idempotency_key, now=now)
    follow_up(settle(payment_id=payment.pk, result=result, now=now), now=now)
    return _fresh(payment)


def refresh(payment: Payment, *, now: datetime) -> Payment:
    """Ask the provider how the payment stands and write the answer. Raises ProviderError."""
    if PaymentState(payment.state).is_terminal or not payment.provider_ref:
        return payment
    result = _payments(payment).get_payment(payment.provider_ref)
    follow_up(settle(payment_id=payment.pk, result=result, now=now), now=now)
    return _fresh(payment)


def follow_up(payment_ids: list[int], *, now: datetime) -> None:
    """Send the payments that settling another has led to."""
    for payment_id in payment_ids:
        submit(payment_id, now=now)


def _confirm(payment: Payment, *, method_ref: str, key: str, now: datetime) -> PaymentResult:
    provider = _payments(payment)
    request = ConfirmRequest(
        idempotency_key=f"{payment.idempotency_key}:confirm:{key or new_uuid()}",
        transaction_id=payment.provider_ref,
        method_ref=method_ref,
    )
    try:
        return provider.confirm_payment(request)
    except PaymentDeclined as exc:
        _note_decline(payment, provider, exc, now=now)
        raise
    except ProviderError as exc:
        if exc.outcome is Outcome.UNKNOWN:
            settle_unanswered(payment_id=payment.pk, state=PaymentState.UNKNOWN, now=now)
        raise


def _note_decline(
    payment: Payment, provider: Payments, exc: PaymentDeclined, *, now: datetime
) -> None:
    """Write a decline as the provider sees it: the end of the payment, or one try of several."""
    standing = provider.get_payment(payment.provider_ref)
    if standing.state.is_terminal:
        follow_up(settle_declined(payment_id=payment.pk, reason=exc.reason, now=now), now=now)
    else:
        settle_retriable(payment_id=payment.pk, reason=exc.reason, now=now)


def _payments(payment: Payment) -> Payments:
    provider = registry.payment_provider(payment.provider)
    if not isinstance(provider, Payments):
        raise UnsupportedOperation(provider=payment.provider, operation="payments")
    return provider


def _fresh(payment: Payment) -> Payment:
    return Payment.objects.select_related("invoice", "customer").get(pk=payment.pk)
