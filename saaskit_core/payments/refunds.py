"""Refunds: reserved before the provider is asked, settled by its answer, never more than came in.

Several may be under way at once: what each reserves is out of the others' reach, so together they
stay within what was captured, whatever becomes of them and in whatever order that is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from saaskit_core.billing.invariants import BrokenInvariant
from saaskit_core.money import Money
from saaskit_core.payments.decisions import PaymentFacts, check_refund, refundable
from saaskit_core.payments.events import PaymentRefunded
from saaskit_core.providers import RefundResult, RefundState

if TYPE_CHECKING:
    from datetime import datetime

OPEN_REFUND = frozenset({RefundState.PENDING})


class RefundContradicted(BrokenInvariant):
    code = "refund_contradicted"
    template = "The refund %(refund)s is settled otherwise: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFacts:
    """What is stored of a refund. Pending covers asked, unanswered and unknown alike."""

    id: str
    payment_id: str
    amount: Money
    state: RefundState = RefundState.PENDING
    provider_ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundChange:
    """What an answer led to. With `mismatch` set nothing was applied: park the customer."""

    payment: PaymentFacts
    refund: RefundFacts
    events: tuple[PaymentRefunded, ...] = ()
    mismatch: RefundContradicted | None = None
    applied: bool = True


def reserve_refund(
    payment: PaymentFacts, *, refund_id: str, amount: Money | None = None
) -> tuple[PaymentFacts, RefundFacts]:
    """Set `amount` aside (None: all that is left) before the provider is asked.

    Raises RefundRefused, RefundTooLarge and CurrencyMismatch, as `check_refund` does.
    """
    wanted = refundable(payment) if amount is None else amount
    check_refund(payment, wanted)
    reserved = (payment.refund_reserved or Money.zero(wanted.currency)) + wanted
    refund = RefundFacts(id=refund_id, payment_id=payment.id, amount=wanted)
    return replace(payment, refund_reserved=reserved), refund


def apply_refund(payment: PaymentFacts, refund: RefundFacts, result: RefundResult) -> RefundChange:
    """Take in what the provider says of a refund. It never raises; the same again is no news.

    A success moves the reserved amount to what was given back, a failure frees it. An answer
    about another amount, or against an end already told, is a mismatch.
    """
    problem = _mismatch(payment, refund, result)
    if problem:
        mismatch = RefundContradicted(refund=refund.id, problem=problem)
        return RefundChange(payment=payment, refund=refund, mismatch=mismatch, applied=False)
    if result.state is refund.state or refund.state not in OPEN_REFUND:
        return RefundChange(payment=payment, refund=refund, applied=False)
    settled = replace(refund, state=result.state, provider_ref=result.refund_id)
    if result.state is RefundState.FAILED:
        return RefundChange(payment=_released(payment, refund), refund=settled)
    paid_back = replace(_released(payment, refund), refunded=payment.refunded + refund.amount)
    event = _event(paid_back, refund.amount, at=result.occurred_at)
    return RefundChange(payment=paid_back, refund=settled, events=(event,))


def release_refund(payment: PaymentFacts, refund: RefundFacts) -> RefundChange:
    """Give up a refund that certainly never reached the provider; another end stays."""
    if refund.state not in OPEN_REFUND:
        return RefundChange(payment=payment, refund=refund, applied=False)
    failed = replace(refund, state=RefundState.FAILED)
    return RefundChange(payment=_released(payment, refund), refund=failed)


def _mismatch(payment: PaymentFacts, refund: RefundFacts, result: RefundResult) -> str:
    if refund.payment_id != payment.id:
        return f"it is of the payment {refund.payment_id[:64]}"
    if result.reference and result.reference != refund.id:
        return f"the answer is about {result.reference[:64]}"
    if result.amount != refund.amount:
        return f"{result.amount} instead of {refund.amount}"
    if refund.provider_ref and result.refund_id not in ("", refund.provider_ref):
        return f"another refund there ({result.refund_id[:64]})"
    return _contradiction(payment, refund, result.state)


def _contradiction(payment: PaymentFacts, refund: RefundFacts, told: RefundState) -> str:
    is_open = refund.state in OPEN_REFUND
    if not is_open and told not in OPEN_REFUND and told is not refund.state:
        return f"{told} after {refund.state}"
    is_new = is_open and told is RefundState.SUCCEEDED
    if is_new and payment.refunded + refund.amount > payment.received:
        return f"more than the {payment.received} that came in"
    return ""


def _released(payment: PaymentFacts, refund: RefundFacts) -> PaymentFacts:
    reserved = (payment.refund_reserved or Money.zero(refund.amount.currency)) - refund.amount
    return replace(payment, refund_reserved=max(reserved, Money.zero(reserved.currency)))


def _event(payment: PaymentFacts, amount: Money, *, at: datetime) -> PaymentRefunded:
    return PaymentRefunded(
        aggregate=f"payment:{payment.id}",
        occurred_at=at,
        payment_id=payment.id,
        customer_id=payment.customer_id,
        invoice_id=payment.invoice_id,
        provider=payment.provider,
        currency=payment.amount.currency,
        amount_minor=payment.amount.minor,
        received_minor=payment.received.minor,
        refunded_minor=payment.refunded.minor,
        refund_minor=amount.minor,
    )
