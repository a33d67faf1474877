"""What a provider's answer means for a payment: any order, any duplication ends in one state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from saaskit_core.billing.invariants import BrokenInvariant
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import Money, check_money
from saaskit_core.payments.events import (
    PaymentActionRequired,
    PaymentCancelled,
    PaymentDisputed,
    PaymentEvent,
    PaymentFailed,
    PaymentRefunded,
    PaymentSucceeded,
)
from saaskit_core.payments.states import PaymentState, is_allowed
from saaskit_core.provider_errors import HARD_DECLINES

if TYPE_CHECKING:
    from saaskit_core.providers import PaymentResult


class PaidIsNotAsked(BrokenInvariant):
    code = "paid_is_not_asked"
    template = "The provider reports %(problem)s: this is not what was asked."


class InvalidPaymentMove(SaasKitError):
    code = "invalid_payment_move"
    kind = ErrorKind.CONFLICT
    template = "A payment that is %(state)s can't become %(target)s."


class RefundRefused(SaasKitError):
    code = "refund_refused"
    kind = ErrorKind.CONFLICT
    template = "%(amount)s can't be refunded: %(problem)s."


class RefundTooLarge(RefundRefused):
    code = "refund_too_large"
    template = "%(amount)s can't be refunded: only %(refundable)s of the payment are left."


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFacts:
    """What is stored of a payment.

    `amount` was asked, `received` captured, `refunded` given back, `refund_reserved` is in our
    refunds under way (payments/refunds.py). `version` and `observed_at` are the provider's, of the
    newest answer applied. `is_open_amount` lets a transfer bring more or less than was asked; for
    all others that is a broken invariant.
    """

    id: str
    customer_id: str
    amount: Money
    received: Money
    refunded: Money
    refund_reserved: Money | None = None
    state: PaymentState = PaymentState.CREATED
    provider: str = ""
    transaction_id: str = ""
    invoice_id: str = ""
    version: int = 0
    observed_at: datetime | None = None
    is_disputed: bool = False
    is_open_amount: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentChange:
    """What an answer led to. Not `applied`: it was known or older than what is.

    With `mismatch` set nothing was applied, and the customer is to be parked.
    """

    facts: PaymentFacts
    events: tuple[PaymentEvent, ...] = ()
    mismatch: PaidIsNotAsked | None = None
    applied: bool = True


def apply_result(facts: PaymentFacts, result: PaymentResult) -> PaymentChange:
    """Take in what the provider says of the payment. It never raises.

    An older answer changes nothing, a terminal state never regresses (only what was given back
    still grows), and an answer about something else than was asked is a mismatch.
    """
    problem = _mismatch(facts, result)
    if problem:
        mismatch = PaidIsNotAsked(problem=problem)
        return PaymentChange(facts=facts, mismatch=mismatch, applied=False)
    after = _taken_in(facts, result)
    if after == facts:
        return PaymentChange(facts=facts, applied=False)
    return PaymentChange(facts=after, events=_events(facts, after, result))


def apply_dispute(
    facts: PaymentFacts, *, is_disputed: bool, version: int, occurred_at: datetime
) -> PaymentChange:
    """Take in that a dispute was opened or closed, unless something newer is known."""
    if is_disputed == facts.is_disputed or _rank(version, occurred_at) < _known(facts):
        return PaymentChange(facts=facts, applied=False)
    after = replace(
        facts, is_disputed=is_disputed, version=max(version, facts.version), observed_at=occurred_at
    )
    event = _event(PaymentDisputed, after, occurred_at, is_disputed=is_disputed)
    return PaymentChange(facts=after, events=(event,))


def move(facts: PaymentFacts, to: PaymentState) -> PaymentFacts:
    """Move the payment by our own decision: submitting, a timeout, giving up.

    Raises InvalidPaymentMove when the table of states doesn't allow it.
    """
    if not is_allowed(facts.state, to):
        raise InvalidPaymentMove(state=facts.state.value, target=to.value)
    return replace(facts, state=to)


_UNKNOWN_WAITS = (timedelta(minutes=5), timedelta(hours=1), *([timedelta(days=1)] * 5))
_PENDING_WAITS = (timedelta(hours=1), timedelta(days=1))
_WAITS: dict[PaymentState, tuple[timedelta, ...]] = {
    PaymentState.SUBMITTING: _UNKNOWN_WAITS,
    PaymentState.UNKNOWN: _UNKNOWN_WAITS,
    PaymentState.REQUIRES_ACTION: _PENDING_WAITS,
    PaymentState.PROCESSING: _PENDING_WAITS,
    PaymentState.AUTHORIZED: _PENDING_WAITS,
}
"""State → the waits between questions, as Kill Bill's janitor has them."""


def janitor_at(state: PaymentState, *, attempts: int, since: datetime) -> datetime | None:
    """Return when to ask the provider about a payment that is in `state` since `since`.

    `attempts` counts the questions asked so far. None: never, or the schedule is used up and a
    person must look.
    """
    waits = _WAITS.get(state, ())
    if attempts >= len(waits):
        return None
    return since + sum(waits[: attempts + 1], timedelta())


def refundable(facts: PaymentFacts) -> Money:
    """Return how much of the payment can still be given back."""
    nothing = Money.zero(facts.amount.currency)
    if facts.state is not PaymentState.SUCCEEDED:
        return nothing
    left = facts.received - facts.refunded - (facts.refund_reserved or nothing)
    return max(left, nothing)


def check_refund(facts: PaymentFacts, amount: Money) -> None:
    """Raise RefundRefused, RefundTooLarge or CurrencyMismatch unless `amount` can be given back."""
    check_money(amount)
    if facts.state is not PaymentState.SUCCEEDED:
        raise RefundRefused(amount=str(amount), problem=f"the payment is {facts.state}")
    if facts.is_disputed:
        raise RefundRefused(amount=str(amount), problem="the payment is disputed")
    if amount.minor <= 0:
        raise RefundRefused(amount=str(amount), problem="it must be more than zero")
    left = refundable(facts)
    if amount > left:
        raise RefundTooLarge(amount=str(amount), refundable=str(left))


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyUse:
    """Where received money goes: `applied` pays the invoice, `surplus` is the customer's credit."""

    applied: Money
    surplus: Money
    is_settled: bool


def use_of_money(received: Money, *, open_amount: Money, is_invoice_open: bool = True) -> MoneyUse:
    """Work out what received money pays; for an invoice that is void all of it becomes credit."""
    nothing = Money.zero(received.currency)
    if not is_invoice_open:
        return MoneyUse(applied=nothing, surplus=received, is_settled=False)
    applied = min(received, open_amount)
    return MoneyUse(applied=applied, surplus=received - applied, is_settled=applied == open_amount)


def _mismatch(facts: PaymentFacts, result: PaymentResult) -> str:
    """Name what the answer contradicts, "" when it fits."""
    asked = facts.amount.currency
    if {result.amount.currency, result.received.currency, result.refunded.currency} != {asked}:
        return f"{result.amount.currency} instead of {asked}"
    if result.amount != facts.amount:
        return f"{result.amount} instead of {facts.amount}"
    if result.reference and result.reference != facts.id:
        return f"another payment ({result.reference[:64]})"
    if facts.transaction_id and result.transaction_id not in ("", facts.transaction_id):
        return f"another transaction ({result.transaction_id[:64]})"
    return _wrong_sums(facts, result)


def _wrong_sums(facts: PaymentFacts, result: PaymentResult) -> str:
    is_paid = result.state is PaymentState.SUCCEEDED
    if is_paid and facts.state.is_terminal and facts.state is not PaymentState.SUCCEEDED:
        return f"success of a payment that is {facts.state}"
    if result.received.minor < 0 or not 0 <= result.refunded.minor <= result.received.minor:
        return f"{result.received} received and {result.refunded} refunded"
    if is_paid and result.received != result.amount and not facts.is_open_amount:
        return f"{result.received} received of {result.amount}"
    return ""


def _taken_in(facts: PaymentFacts, result: PaymentResult) -> PaymentFacts:
    """What has ended only lets refunds grow; else the newest wins, an end always."""
    if facts.state.is_terminal:
        if result.state is not facts.state:
            return facts
        return replace(facts, refunded=_given_back(facts, result))
    is_newer = _newest(result) > (*_known(facts), _ORDER[facts.state])
    if not is_newer and not result.state.is_terminal:
        return replace(facts, received=max(facts.received, result.received))
    return replace(
        facts,
        state=result.state,
        received=max(facts.received, result.received),
        refunded=_given_back(facts, result),
        provider=facts.provider or result.provider,
        transaction_id=facts.transaction_id or result.transaction_id,
        version=max(facts.version, result.version),
        observed_at=max(facts.observed_at or result.occurred_at, result.occurred_at),
    )


def _given_back(facts: PaymentFacts, result: PaymentResult) -> Money:
    """Count what was given back elsewhere; our own refunds under way are told by themselves."""
    if facts.refund_reserved:
        return max(facts.refunded, result.refunded - facts.refund_reserved)
    return max(facts.refunded, result.refunded)


_ORDER = {state: place for place, state in enumerate(PaymentState)}
_NEVER = datetime.min.replace(tzinfo=UTC)


def _rank(version: int, at: datetime | None) -> tuple[int, datetime]:
    return (version, at or _NEVER)


def _known(facts: PaymentFacts) -> tuple[int, datetime]:
    return _rank(facts.version, facts.observed_at)


def _newest(result: PaymentResult) -> tuple[int, datetime, int]:
    return (*_rank(result.version, result.occurred_at), _ORDER[result.state])


def _event(
    kind: type[PaymentEvent], facts: PaymentFacts, at: datetime, **extra: object
) -> PaymentEvent:
    return kind(
        aggregate=f"payment:{facts.id}",
        occurred_at=at,
        payment_id=facts.id,
        customer_id=facts.customer_id,
        invoice_id=facts.invoice_id,
        provider=facts.provider,
        currency=facts.amount.currency,
        amount_minor=facts.amount.minor,
        received_minor=facts.received.minor,
        refunded_minor=facts.refunded.minor,
        **extra,
    )


def _events(
    before: PaymentFacts, after: PaymentFacts, result: PaymentResult
) -> tuple[PaymentEvent, ...]:
    events = () if after.state is before.state else _state_events(after, result)
    given_back = after.refunded - before.refunded
    if not given_back:
        return events
    at = result.occurred_at
    return (*events, _event(PaymentRefunded, after, at, refund_minor=given_back.minor))


def _state_events(after: PaymentFacts, result: PaymentResult) -> tuple[PaymentEvent, ...]:
    at = result.occurred_at
    if after.state is PaymentState.FAILED:
        reason = result.decline.value if result.decline else ""
        is_hard = result.decline in HARD_DECLINES
        return (_event(PaymentFailed, after, at, reason=reason, is_hard=is_hard),)
    kind = _KINDS.get(after.state)
    return (_event(kind, after, at),) if kind else ()


_KINDS: dict[PaymentState, type[PaymentEvent]] = {
    PaymentState.SUCCEEDED: PaymentSucceeded,
    PaymentState.CANCELLED: PaymentCancelled,
    PaymentState.REQUIRES_ACTION: PaymentActionRequired,
}
