"""Ending payments and refunds of unknown outcome: by asking, never by charging again."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from saaskit_core.payments.states import OPEN, PaymentState
from saaskit_core.providers import (
    Payments,
    ProviderError,
    Refunds,
    RefundState,
)
from saaskit_django import registry
from saaskit_django.customers.services import lock_customer_of
from saaskit_django.payments.models import Payment, Refund
from saaskit_django.payments.services.charge import submit
from saaskit_django.payments.services.checking import schedule_check
from saaskit_django.payments.services.refund import send_refund, settle_refund
from saaskit_django.payments.services.reserve import PAYABLE
from saaskit_django.payments.services.settle import give_up_unsent, settle

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from saaskit_core.providers import PaymentResult


logger = logging.getLogger(__name__)

REFUND_PAUSE = timedelta(hours=1)
"""How long to wait before the provider is asked about the same refund again."""


def check_due(*, now: datetime, limit: int = 100) -> int:
    """Ask about each payment and refund whose time has come; return how many there were."""
    due = Payment.objects.filter(check_at__lte=now, state__in=sorted(OPEN)).order_by("check_at")
    unsendable = Q(state=PaymentState.CREATED, customer__parked_at__isnull=False)
    payments = list(due.exclude(unsendable).values_list("pk", flat=True)[:limit])
    for payment_id in payments:
        _alone(partial(check_payment, payment_id, now=now), f"payment {payment_id}")
    refunds = Refund.objects.filter(check_at__lte=now, state=RefundState.PENDING)
    waiting = list(refunds.order_by("check_at").select_related("payment")[:limit])
    for refund in waiting:
        _alone(partial(_check_refund, refund, now=now), f"refund {refund.pk}")
    return len(payments) + len(waiting)


def _alone(check: Callable[[], None], what: str) -> None:
    """Let one that fails, whatever its provider's plugin does, stop none of the others."""
    try:
        check()
    except Exception:
        logger.exception("asking about %s failed", what)


def check_payment(payment_id: int, *, now: datetime) -> None:
    """Settle what is known of one payment now.

    One that the provider has is settled as the provider says. One that it never saw was not
    sent: the engine's own charge goes out under the same key; a payer's is given up.
    """
    payment = _count_question(payment_id, now=now)
    try:
        result = _ask(payment)
    except ProviderError:
        return
    if result is not None:
        follow_ups = settle(payment_id=payment.pk, result=result, now=now)
    elif payment.is_off_session:
        _reopen(payment.pk)
        follow_ups = [payment.pk]
    else:
        follow_ups = give_up_unsent(payment_id=payment.pk, now=now)
    for next_id in follow_ups:
        _submit_quietly(next_id, now=now)


@transaction.atomic(durable=True)
def _count_question(payment_id: int, *, now: datetime) -> Payment:
    """Note that the provider is asked now, and when next if it doesn't answer."""
    customer = lock_customer_of(Payment.objects.filter(pk=payment_id))
    payment = Payment.objects.get(pk=payment_id)
    payment.customer = customer
    if not PaymentState(payment.state).is_terminal:
        payment.checks += 1
        schedule_check(payment, now=now)
        payment.save(update_fields=["checks", "check_at", "updated_at"])
    return payment


def _ask(payment: Payment) -> PaymentResult | None:
    provider = registry.payment_provider(payment.provider)
    if not isinstance(provider, Payments):
        return None
    if payment.provider_ref:
        return provider.get_payment(payment.provider_ref)
    return provider.find_payment(payment.transaction_id)


@transaction.atomic(durable=True)
def _reopen(payment_id: int) -> None:
    """Let it be sent again; for an invoice that was given up meanwhile, never."""
    unsent = Payment.objects.filter(
        pk=payment_id,
        state__in=[PaymentState.SUBMITTING, PaymentState.UNKNOWN],
        provider_ref="",
    )
    unsent.update(state=PaymentState.CREATED)
    unpayable = Payment.objects.filter(pk=payment_id, state=PaymentState.CREATED)
    unpayable.exclude(invoice__status__in=PAYABLE).update(
        state=PaymentState.CANCELLED, check_at=None
    )


def _submit_quietly(payment_id: int, *, now: datetime) -> None:
    try:
        submit(payment_id, now=now)
    except ProviderError:
        return


def _check_refund(refund: Refund, *, now: datetime) -> None:
    Refund.objects.filter(pk=refund.pk).update(check_at=now + REFUND_PAUSE)
    provider = registry.payment_provider(refund.payment.provider)
    if not isinstance(provider, Refunds):
        return
    try:
        found = (
            provider.get_refund(refund.provider_ref)
            if refund.provider_ref
            else provider.find_refund(refund.reference)
        )
        if found is None:
            send_refund(refund, now=now, is_kept=True)
        else:
            settle_refund(refund_id=refund.pk, result=found, now=now)
    except ProviderError:
        return
