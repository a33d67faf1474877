"""Collecting: charges, answers that come late or twice, questions about what never answered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from saaskit_core.money import Money
from saaskit_core.payments.decisions import PaymentFacts, apply_result, janitor_at, move
from saaskit_core.payments.states import PaymentState
from saaskit_core.provider_errors import HARD_DECLINES, Outcome, ProviderUnavailable
from saaskit_core.simulation.books import receive
from saaskit_core.simulation.lives import Bill, Payment
from saaskit_core.simulation.payers import Charge
from saaskit_core.subscriptions.commands import InvoiceKind
from saaskit_core.subscriptions.facts import (
    ChangeDropped,
    MethodChanged,
    PaymentActionRequired,
    PaymentFailed,
)
from saaskit_core.subscriptions.states import SubscriptionStatus

if TYPE_CHECKING:
    from saaskit_core.providers import PaymentResult
    from saaskit_core.simulation.lives import Life

DAY = 86_400


def charge(life: Life, bill: Bill, attempt: int) -> None:
    """Charge an open bill, unless a payment for it is on its way: that stands for this one too."""
    if not bill.is_open:
        return
    if life.under_way is not None and life.under_way.bill is bill:
        life.under_way.attempt = attempt
        return
    if not life.method:
        _failed(life, bill, attempt, is_hard=True)
        return
    payment = _opened(life, bill, attempt)
    try:
        result = life.payer.charge(_request(life, payment))
    except ProviderUnavailable as exc:
        _unanswered(life, payment, is_unknown=exc.outcome is Outcome.UNKNOWN)
        return
    take_in(life, payment, result)
    if not payment.facts.state.is_terminal:
        _wait(life, payment)


def take_in(life: Life, payment: Payment, result: PaymentResult) -> None:
    """Apply what the provider says of a payment, whenever and however often it says it."""
    change = apply_result(payment.facts, result)
    if change.mismatch:
        life.stop(str(change.mismatch))
    if not change.applied:
        return
    received = change.facts.received.minor - payment.facts.received.minor
    before, payment.facts = payment.facts, change.facts
    if before.state is change.facts.state:
        return
    if change.facts.state.is_terminal and life.under_way is payment:
        life.under_way = None
    match change.facts.state:
        case PaymentState.SUCCEEDED:
            receive(life, payment, received)
        case PaymentState.FAILED:
            is_hard = result.decline in HARD_DECLINES
            _failed(life, payment.bill, payment.attempt, is_hard=is_hard)
        case PaymentState.REQUIRES_ACTION:
            key, attempt = payment.bill.key, payment.attempt
            life.inbox.append(PaymentActionRequired(invoice_key=key, attempt=attempt))


def bring_method(life: Life, _: object = None) -> None:
    """Let the customer bring another card; an invoice that failed is charged with it at once."""
    life.cards += 1
    life.method = life.cards
    life.count("new_methods")
    life.tell(f"card {life.cards}")
    if life.subscription is not None:
        life.inbox.append(MethodChanged())


def _opened(life: Life, bill: Bill, attempt: int) -> Payment:
    nothing = Money.zero(life.currency)
    facts = PaymentFacts(
        id=f"{life.id}/{len(life.bills)}/{len(bill.payments)}",
        customer_id=life.id,
        amount=Money(bill.draft.amount_due.minor - bill.received, life.currency),
        received=nothing,
        refunded=nothing,
        state=PaymentState.SUBMITTING,
        invoice_id=bill.key,
    )
    payment = Payment(bill=bill, facts=facts, attempt=attempt, since=life.now)
    bill.payments.append(payment)
    life.under_way = payment
    return payment


def _request(life: Life, payment: Payment) -> Charge:
    earlier = payment.bill.payments[-2:-1]
    return Charge(
        customer_id=life.id,
        reference=payment.facts.id,
        invoice_key=payment.bill.key,
        amount=payment.facts.amount,
        attempt=payment.attempt,
        method=life.method,
        at=life.now,
        is_repeat=bool(earlier) and earlier[0].facts.state is PaymentState.FAILED,
    )


def _unanswered(life: Life, payment: Payment, *, is_unknown: bool) -> None:
    """What surely wasn't sent has failed; of all else the janitor asks, and nothing is charged."""
    if not is_unknown:
        _give_up(life, payment)
        return
    payment.facts = move(payment.facts, PaymentState.UNKNOWN)
    life.count("timeouts")
    life.tell("timeout")
    _ask_later(life, payment)


def _wait(life: Life, payment: Payment) -> None:
    life.count("late_answers")
    for at in life.payer.deliveries(payment.facts.id):
        life.plan(at, _deliver, payment)


def _deliver(life: Life, payment: object) -> None:
    """A webhook comes; one that is known already changes nothing."""
    if isinstance(payment, Payment):
        result = life.payer.find(payment.facts.id, now=life.now)
        if result is not None:
            take_in(life, payment, result)


def _ask_later(life: Life, payment: Payment) -> None:
    at = janitor_at(payment.facts.state, attempts=payment.asked, since=payment.since)
    if at is not None:
        life.plan(at, _ask, payment)


def _ask(life: Life, payment: object) -> None:
    if not isinstance(payment, Payment) or payment.facts.state.is_terminal:
        return
    payment.asked += 1
    result = life.payer.find(payment.facts.id, now=life.now)
    if result is None:
        _give_up(life, payment)
        return
    take_in(life, payment, result)
    if not payment.facts.state.is_terminal:
        _ask_later(life, payment)


def _give_up(life: Life, payment: Payment) -> None:
    """It never arrived at the provider: the attempt has failed, and the next one may be made."""
    payment.facts = move(payment.facts, PaymentState.FAILED)
    life.under_way = None
    _failed(life, payment.bill, payment.attempt, is_hard=False)


def _failed(life: Life, bill: Bill, attempt: int, *, is_hard: bool) -> None:
    life.count("failed_charges")
    life.tell(f"failed {attempt} {'hard' if is_hard else 'soft'}")
    if is_hard:
        _lose_method(life)
    if not bill.is_open:
        return
    if bill.kind is InvoiceKind.CHANGE:
        life.inbox.append(ChangeDropped())
        return
    life.inbox.append(PaymentFailed(invoice_key=bill.key, attempt=attempt, is_hard=is_hard))
    subscription = life.subscription
    if subscription is not None and subscription.status is SubscriptionStatus.PENDING:
        _try_again(life, bill, attempt)
    elif not bill.has_failed:
        bill.has_failed = True
        life.count("dunning_entered")


def _lose_method(life: Life) -> None:
    """The card is dead; perhaps another one comes."""
    if life.happens("new_method"):
        later = timedelta(seconds=life.stream.between(3600, 10 * DAY))
        life.plan(life.now + later, _replace_method)


def _replace_method(life: Life, _: object) -> None:
    subscription = life.subscription
    if subscription is not None and subscription.status.is_live:
        bring_method(life)


def _try_again(life: Life, bill: Bill, attempt: int) -> None:
    """The buyer is still at the checkout: he tries once more with another card, or gives up."""
    if attempt == 0 and life.happens("second_try"):
        later = timedelta(seconds=life.stream.between(30, 900))
        life.plan(life.now + later, _second_try, bill)


def _second_try(life: Life, bill: object) -> None:
    subscription = life.subscription
    if isinstance(bill, Bill) and bill.is_open and subscription is not None:
        bring_method(life)
        charge(life, bill, subscription.attempt + 1)
