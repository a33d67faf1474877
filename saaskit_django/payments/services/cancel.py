"""Giving up a payment that nobody has paid yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import InvalidProviderState, Payments
from saaskit_django import registry
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.confirm import follow_up
from saaskit_django.payments.services.settle import settle

if TYPE_CHECKING:
    from datetime import datetime


class PaymentUnderWay(SaasKitError):
    code = "payment_under_way"
    kind = ErrorKind.CONFLICT
    template = "Another payment for this is under way; wait until it has ended."


def cancel(payment: Payment, *, now: datetime) -> None:
    """End a payment at its provider and here. Raises PaymentUnderWay when it can't be ended now.

    One that turns out to be paid is settled as paid.
    """
    if _cancel_unsent(payment):
        return
    provider = registry.payment_provider(payment.provider)
    if payment.state != PaymentState.REQUIRES_ACTION or not isinstance(provider, Payments):
        raise PaymentUnderWay
    key = f"{payment.idempotency_key}:cancel"
    try:
        result = provider.cancel_payment(payment.provider_ref, idempotency_key=key)
    except InvalidProviderState:
        result = provider.get_payment(payment.provider_ref)
    follow_up(settle(payment_id=payment.pk, result=result, now=now), now=now)


@transaction.atomic(durable=True)
def _cancel_unsent(payment: Payment) -> bool:
    cancelled = Payment.objects.filter(pk=payment.pk, state=PaymentState.CREATED).update(
        state=PaymentState.CANCELLED, check_at=None
    )
    return bool(cancelled)
