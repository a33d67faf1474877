"""Reconciliation: our record of a payment beside the provider's, and what to do where they differ.

A decision is data: what differs, what to do, about how much, and why. Whatever is adopted agrees
afterwards; what no rule can settle parks the customer for a person to look.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.money import Money
from saaskit_core.payments.states import PaymentState
from saaskit_core.subscriptions.policies import RefundAdjustment

if TYPE_CHECKING:
    from saaskit_core.payments.decisions import PaymentFacts
    from saaskit_core.providers import PaymentResult

MOST_QUESTIONS = 7
"""How often to ask about what the provider doesn't know, as often as the janitor does."""


class Difference(StrEnum):
    """What differs."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    ANOTHER_PAYMENT = "another_payment"
    CURRENCY = "currency"
    AMOUNT = "amount"
    STATE_BEHIND = "state_behind"
    STATE_CONTRADICTS = "state_contradicts"
    PAID_LATE = "paid_late"
    PAID_TWICE = "paid_twice"
    PAID_LESS = "paid_less"
    PAID_MORE = "paid_more"
    REFUNDED_THERE = "refunded_there"
    REFUND_MISSING_THERE = "refund_missing_there"


class Remedy(StrEnum):
    """What to do about it."""

    ADOPT = "adopt"
    ASK_AGAIN = "ask_again"
    CREDIT_WALLET = "credit_wallet"
    REFUND_DUPLICATE = "refund_duplicate"
    OPEN_REST = "open_rest"
    ISSUE_CREDIT_NOTE = "issue_credit_note"
    PARK = "park"


class InvoiceStanding(StrEnum):
    """Whether the payment's invoice can still take money."""

    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both records (None: there is none) and what stands around them.

    `invoice` is how the invoice stands without this payment, `open_amount` what it still asks.
    `can_refund` is the provider's ability, `questions` how often he was asked already.
    """

    ours: PaymentFacts | None
    theirs: PaymentResult | None
    invoice: InvoiceStanding = InvoiceStanding.OPEN
    open_amount: Money | None = None
    can_refund: bool = True
    refund: RefundAdjustment = RefundAdjustment.WITH_ITEM
    questions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One difference, its remedy, the amount that it is about, and why."""

    difference: Difference
    remedy: Remedy
    amount: Money
    explanation: str


def reconcile(both: Comparison) -> tuple[Discrepancy, ...]:
    """Decide what to do; nothing where both records agree. It never raises.

    The remedies are to be done in order: what is adopted first is what the later ones are about.
    """
    ours, theirs = both.ours, both.theirs
    if theirs is None:
        return () if ours is None else _missing_there(both, ours)
    if ours is None:
        return _missing_here(both, theirs)
    identity = _identity(ours, theirs)
    if identity:
        return identity
    if theirs.state is PaymentState.SUCCEEDED:
        money = _money(both, ours, theirs)
        is_placed = bool(money) and both.invoice is not InvoiceStanding.OPEN
        is_parked = any(each.remedy is Remedy.PARK for each in money)
        return money if is_placed or is_parked else (*money, *_refunds(both, ours, theirs))
    return _unpaid(both, ours, theirs)


def _missing_there(both: Comparison, ours: PaymentFacts) -> tuple[Discrepancy, ...]:
    if ours.state is PaymentState.SUCCEEDED:
        return _one(
            Difference.MISSING_THERE, Remedy.PARK, ours.received, "we have it as paid, and the "
            "provider knows nothing of it",
        )  # fmt: skip
    if ours.state.is_terminal or ours.state is PaymentState.CREATED:
        return ()
    return _ask(both, Difference.MISSING_THERE, ours.amount, "it was sent, and may have arrived")


def _missing_here(both: Comparison, theirs: PaymentResult) -> tuple[Discrepancy, ...]:
    if theirs.state is not PaymentState.SUCCEEDED:
        if theirs.state.is_terminal:
            return ()
        return _ask(both, Difference.MISSING_HERE, theirs.amount, "it may still be paid")
    if both.invoice is InvoiceStanding.UNKNOWN or both.open_amount is None:
        text = "it is paid, and no invoice of ours is known for it"
        return _one(Difference.MISSING_HERE, Remedy.PARK, theirs.received, text)
    told = _currencies(theirs)
    if told != {both.open_amount.currency}:
        text = f"{', '.join(sorted(told))} for an invoice in {both.open_amount.currency}"
        return _one(Difference.CURRENCY, Remedy.PARK, theirs.received, text)
    is_other = both.invoice is InvoiceStanding.OPEN and theirs.received != both.open_amount
    if is_other or _is_odd(theirs):
        text = (
            f"{theirs.received} received and {theirs.refunded} refunded for an invoice that asks "
            f"{both.open_amount}"
        )
        return _one(Difference.AMOUNT, Remedy.PARK, theirs.received, text)
    adopt = _one(
        Difference.MISSING_HERE, Remedy.ADOPT, theirs.received, "it is paid and its invoice is ours"
    )
    return (*adopt, *_placed(both, theirs))


def _identity(ours: PaymentFacts, theirs: PaymentResult) -> tuple[Discrepancy, ...]:
    if theirs.reference and theirs.reference != ours.id:
        text = f"the provider's record names {theirs.reference[:64]}"
        return _one(Difference.ANOTHER_PAYMENT, Remedy.PARK, ours.amount, text)
    if ours.transaction_id and theirs.transaction_id not in ("", ours.transaction_id):
        text = f"another transaction there: {theirs.transaction_id[:64]}"
        return _one(Difference.ANOTHER_PAYMENT, Remedy.PARK, ours.amount, text)
    told = _currencies(theirs)
    if told != {ours.amount.currency}:
        text = f"{', '.join(sorted(told))} instead of {ours.amount.currency}"
        return _one(Difference.CURRENCY, Remedy.PARK, ours.amount, text)
    if theirs.amount != ours.amount or _is_odd(theirs):
        text = (
            f"{theirs.amount} asked, {theirs.received} received, {theirs.refunded} refunded there; "
            f"we asked {ours.amount}"
        )
        return _one(Difference.AMOUNT, Remedy.PARK, theirs.amount, text)
    return ()


def _currencies(theirs: PaymentResult) -> set[str]:
    return {theirs.amount.currency, theirs.received.currency, theirs.refunded.currency}


def _is_odd(theirs: PaymentResult) -> bool:
    return theirs.received.minor < 0 or not 0 <= theirs.refunded.minor <= theirs.received.minor


def _unpaid(both: Comparison, ours: PaymentFacts, theirs: PaymentResult) -> tuple[Discrepancy, ...]:
    """Compare states where the provider has it unpaid, or partly."""
    if ours.state is theirs.state:
        return _more_arrived(ours, theirs)
    if not ours.state.is_terminal:
        text = f"{ours.state} here, {theirs.state} there"
        return _one(Difference.STATE_BEHIND, Remedy.ADOPT, theirs.amount, text)
    if theirs.state.is_terminal and ours.state is not PaymentState.SUCCEEDED:
        return ()
    text = f"{ours.state} here for good, {theirs.state} there"
    if theirs.state.is_terminal:
        return _one(Difference.STATE_CONTRADICTS, Remedy.PARK, ours.received, text)
    return _ask(both, Difference.STATE_CONTRADICTS, ours.amount, text)


def _more_arrived(ours: PaymentFacts, theirs: PaymentResult) -> tuple[Discrepancy, ...]:
    if ours.state.is_terminal or theirs.received <= ours.received:
        return ()
    text = f"{theirs.received} have arrived so far, we know of {ours.received}"
    return _one(Difference.STATE_BEHIND, Remedy.ADOPT, theirs.received, text)


def _money(both: Comparison, ours: PaymentFacts, theirs: PaymentResult) -> tuple[Discrepancy, ...]:
    """Compare what came in, where the provider has it paid."""
    if theirs.received != ours.amount and not ours.is_open_amount:
        difference = Difference.PAID_MORE if theirs.received > ours.amount else Difference.PAID_LESS
        text = f"{theirs.received} received of {ours.amount}, which no card can do"
        return _one(difference, Remedy.PARK, theirs.received, text)
    if ours.state is PaymentState.SUCCEEDED:
        if theirs.received == ours.received:
            return ()
        text = f"{theirs.received} received there, {ours.received} here, both for good"
        return _one(Difference.AMOUNT, Remedy.PARK, theirs.received, text)
    if ours.state.is_terminal and both.invoice is InvoiceStanding.OPEN:
        text = f"it is paid, but had ended here as {ours.state}"
        return _one(Difference.STATE_CONTRADICTS, Remedy.PARK, theirs.received, text)
    text = f"{ours.state} here, paid there"
    adopt = _one(Difference.STATE_BEHIND, Remedy.ADOPT, theirs.received, text)
    return (*adopt, *_placed(both, theirs))


def _placed(both: Comparison, theirs: PaymentResult) -> tuple[Discrepancy, ...]:
    """Say where money goes that has just become known; what was given back is nobody's."""
    kept = theirs.received - theirs.refunded
    if not kept:
        return ()
    match both.invoice:
        case InvoiceStanding.VOID:
            text = "its invoice was void when the money came"
            return _one(Difference.PAID_LATE, Remedy.CREDIT_WALLET, kept, text)
        case InvoiceStanding.PAID:
            remedy = Remedy.REFUND_DUPLICATE if both.can_refund else Remedy.CREDIT_WALLET
            text = "its invoice was paid already"
            return _one(Difference.PAID_TWICE, remedy, kept, text)
        case InvoiceStanding.UNKNOWN:
            text = "no invoice of ours is known for it"
            return _one(Difference.MISSING_HERE, Remedy.PARK, kept, text)
        case InvoiceStanding.OPEN:
            return _against_invoice(theirs, both.open_amount or theirs.amount)


def _against_invoice(theirs: PaymentResult, asked: Money) -> tuple[Discrepancy, ...]:
    over = theirs.received - asked
    if over.minor > 0:
        text = f"{theirs.received} for an invoice that asks {asked}"
        return _one(Difference.PAID_MORE, Remedy.CREDIT_WALLET, over, text)
    if over.minor < 0:
        text = f"{theirs.received} of the {asked} that the invoice asks"
        return _one(Difference.PAID_LESS, Remedy.OPEN_REST, -over, text)
    return ()


def _refunds(
    both: Comparison, ours: PaymentFacts, theirs: PaymentResult
) -> tuple[Discrepancy, ...]:
    """Compare what was given back; our own refunds under way are no news."""
    reserved = ours.refund_reserved or Money.zero(ours.amount.currency)
    there = theirs.refunded - ours.refunded - reserved
    if there.minor > 0 and both.invoice is not InvoiceStanding.OPEN:
        text = f"{there} were refunded at the provider of what had become the customer's credit"
        return _one(Difference.REFUNDED_THERE, Remedy.PARK, there, text)
    if there.minor > 0:
        takes_back = both.refund is RefundAdjustment.WITH_ITEM
        remedy = Remedy.ISSUE_CREDIT_NOTE if takes_back else Remedy.OPEN_REST
        text = f"{there} were refunded at the provider, not by us"
        return _one(Difference.REFUNDED_THERE, remedy, there, text)
    missing = ours.refunded - theirs.refunded
    if missing.minor > 0:
        text = f"{missing} that we refunded are not refunded there"
        return _ask(both, Difference.REFUND_MISSING_THERE, missing, text)
    return ()


def _ask(
    both: Comparison, difference: Difference, amount: Money, explanation: str
) -> tuple[Discrepancy, ...]:
    """Ask again; who has been asked often enough won't tell, and a person has to look."""
    is_over = both.questions >= MOST_QUESTIONS
    text = f"{explanation}, and {both.questions} questions didn't settle it"
    if is_over:
        return _one(difference, Remedy.PARK, amount, text)
    return _one(difference, Remedy.ASK_AGAIN, amount, explanation)


def _one(
    difference: Difference, remedy: Remedy, amount: Money, why: str
) -> tuple[Discrepancy, ...]:
    explanation = f"{why[0].upper()}{why[1:]}."
    return (
        Discrepancy(difference=difference, remedy=remedy, amount=amount, explanation=explanation),
    )
