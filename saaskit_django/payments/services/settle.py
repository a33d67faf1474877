"""Writing what a provider answered: payment, invoice, coupon and subscription, one commit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction

from saaskit_core.payments.decisions import PaymentFacts, apply_result
from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import HARD_DECLINES, DeclineReason, PaymentResult
from saaskit_core.subscriptions.facts import (
    ChangeDropped,
    MethodChanged,
    PaymentActionRequired,
    PaymentFailed,
)
from saaskit_django.billing.models import Invoice
from saaskit_django.billing.services.coupons import release_coupons
from saaskit_django.billing.services.invoices import void
from saaskit_django.billing.services.wallet import credit
from saaskit_django.customers.services import billing_now, lock_customer_of, park
from saaskit_django.outbox.services import gathered, record
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.checking import UNANSWERED, schedule_check
from saaskit_django.payments.services.collect import (
    Work,
    carry_out,
    settle_invoice,
    tell_subscriptions,
)
from saaskit_django.payments.services.keep import keep_method
from saaskit_django.payments.services.reserve import late_money
from saaskit_django.subscriptions.selectors import with_prices
from saaskit_django.subscriptions.services import advance

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.payments.decisions import PaymentChange
    from saaskit_core.subscriptions.facts import Fact


@transaction.atomic(durable=True)
def settle(*, payment_id: int, result: PaymentResult, now: datetime) -> list[int]:
    """Write a provider's answer; returns the ids of payments to submit next (usually none)."""
    return apply_payment_result(payment_id=payment_id, result=result, now=now)


def apply_payment_result(*, payment_id: int, result: PaymentResult, now: datetime) -> list[int]:
    """Write a provider's answer, inside a transaction; see `settle`.

    An older answer than the one stored, or one that a terminal state forbids, changes nothing.
    An answer about another amount or currency parks the customer and grants nothing.
    """
    payment, work = _locked(payment_id, now=now)
    change = apply_result(_known(payment), result)
    if change.mismatch is not None:
        park(payment.customer, change.mismatch.code, now=now)
        return []
    if change.applied:
        with gathered():
            _apply(payment, change, result, work)
    return work.to_submit


def _apply(payment: Payment, change: PaymentChange, result: PaymentResult, work: Work) -> None:
    _write(payment, change, result, work)
    record(*change.events)
    is_new = payment.state == PaymentState.SUCCEEDED and keep_method(payment, result)
    _go_on(payment, work)
    if is_new:
        tell_subscriptions(payment.customer, MethodChanged(), work)


@transaction.atomic(durable=True)
def settle_unanswered(*, payment_id: int, state: PaymentState, now: datetime) -> None:
    """Note that a call gave no answer (`unknown`) or never left (`created`)."""
    payment, _ = _locked(payment_id, now=now)
    is_stale = state is PaymentState.CREATED and payment.state != PaymentState.SUBMITTING
    if not PaymentState(payment.state).is_terminal and not is_stale:
        _move(payment, state, now=now)


@transaction.atomic(durable=True)
def settle_declined(
    *, payment_id: int, reason: DeclineReason, transaction_id: str = "", now: datetime
) -> list[int]:
    """Write a decline that ends the payment; returns the ids of payments to submit next."""
    payment, _ = _locked(payment_id, now=now)
    return _decline(payment, reason, transaction_id, now=now)


@transaction.atomic(durable=True)
def give_up_unsent(*, payment_id: int, now: datetime) -> list[int]:
    """End a payer's payment that its provider doesn't know, unless it was heard of since."""
    payment, _ = _locked(payment_id, now=now)
    if payment.provider_ref or payment.state not in UNANSWERED:
        return []
    return _decline(payment, DeclineReason.PROCESSING_ERROR, "", now=now)


def _decline(
    payment: Payment, reason: DeclineReason, transaction_id: str, *, now: datetime
) -> list[int]:
    declined = PaymentResult(
        provider=payment.provider,
        transaction_id=payment.provider_ref or transaction_id,
        reference=payment.transaction_id,
        state=PaymentState.FAILED,
        amount=payment.amount,
        received=payment.received,
        refunded=payment.refunded,
        occurred_at=now,
        version=payment.provider_version,
        decline=reason,
    )
    return apply_payment_result(payment_id=payment.pk, result=declined, now=now)


@transaction.atomic(durable=True)
def settle_retriable(*, payment_id: int, reason: DeclineReason, now: datetime) -> None:
    """Note a decline after which the payer may try another method on the same payment."""
    payment, _ = _locked(payment_id, now=now)
    if not PaymentState(payment.state).is_terminal:
        payment.failure_reason = reason
        payment.save(update_fields=["failure_reason", "updated_at"])
        _move(payment, PaymentState.REQUIRES_ACTION, now=now)


def _known(payment: Payment) -> PaymentFacts:
    """Return the facts an answer is compared with: our own refunds under way are no news."""
    facts = payment.to_core()
    return replace(facts, refunded=payment.refunded + payment.refunding, refund_reserved=None)


def _locked(payment_id: int, *, now: datetime) -> tuple[Payment, Work]:
    customer = lock_customer_of(Payment.objects.filter(pk=payment_id))
    payment = Payment.objects.select_related("invoice__customer").get(pk=payment_id)
    payment.customer = customer
    return payment, Work(now=now, at=billing_now(customer, now))


def _write(payment: Payment, change: PaymentChange, result: PaymentResult, work: Work) -> None:
    facts = change.facts
    payment.provider_ref = result.transaction_id or payment.provider_ref
    payment.provider_version = facts.version
    payment.observed_at = facts.observed_at
    payment.received_minor = facts.received.minor
    payment.refunded_minor = facts.refunded.minor - payment.refunding_minor
    payment.is_hard_decline = result.decline in HARD_DECLINES
    payment.method_ref = result.method_ref or payment.method_ref
    payment.failure_reason = result.decline or payment.failure_reason
    payment.next_action = _next_action(result)
    if facts.state is PaymentState.SUCCEEDED:
        payment.payment_date = work.at
    _enter(payment, facts.state, now=work.now)
    payment.save()


def _move(payment: Payment, state: PaymentState, *, now: datetime) -> None:
    _enter(payment, state, now=now)
    payment.save(update_fields=["state", "checks", "check_at", "updated_at"])


def _enter(payment: Payment, state: PaymentState, *, now: datetime) -> None:
    if state != payment.state and not {state, payment.state} <= set(UNANSWERED):
        payment.checks = 0  # Another schedule begins.
    payment.state = state
    schedule_check(payment, now=now)


def _next_action(result: PaymentResult) -> dict[str, object] | None:
    action = result.next_action
    if action is None:
        return None
    secret = action.client_secret.get_secret_value() if action.client_secret else ""
    return {
        "kind": action.kind,
        "url": action.url,
        "client_secret": secret,
        "instructions": dict(action.instructions),
    }


def _go_on(payment: Payment, work: Work) -> None:
    match PaymentState(payment.state):
        case PaymentState.SUCCEEDED:
            _on_paid(payment, work)
        case PaymentState.FAILED | PaymentState.CANCELLED:
            _on_failed(payment, work)
        case PaymentState.REQUIRES_ACTION if payment.is_off_session:
            _tell(payment, PaymentActionRequired(**_attempt(payment)), work)
        case _:
            return


def _on_paid(payment: Payment, work: Work) -> None:
    invoice = payment.invoice
    if invoice.status in (Invoice.Status.DRAFT, Invoice.Status.OPEN):
        settle_invoice(invoice, work)
        return
    credit(
        customer=payment.customer,
        amount=payment.received,
        transaction=late_money(payment),
        reason="paid_twice" if invoice.status == Invoice.Status.PAID else "paid_late",
        now=work.at,
        invoice=invoice,
    )


def _on_failed(payment: Payment, work: Work) -> None:
    """Let go of what the payment held: a purchase's draft and coupon, or a change."""
    invoice = payment.invoice
    if invoice.status != Invoice.Status.DRAFT or payment.subscription_id is None:
        _tell(payment, PaymentFailed(**_attempt(payment), is_hard=payment.is_hard_decline), work)
        return
    row = with_prices().get(pk=payment.subscription_id)
    if row.pending_key == invoice.key:
        carry_out(row, advance(row, ChangeDropped(), now=work.at), work)
        return
    release_coupons(row, now=work.now)
    void(invoice, now=work.at)


def _attempt(payment: Payment) -> dict[str, Any]:
    return {"invoice_key": payment.invoice.key, "attempt": payment.attempt}


def _tell(payment: Payment, fact: Fact, work: Work) -> None:
    if payment.subscription_id is None:
        return
    row = with_prices().get(pk=payment.subscription_id)
    carry_out(row, advance(row, fact, now=work.at), work)
