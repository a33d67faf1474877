"""Disputes: what a payer's bank claims back, and what that means for everything else.

While one is open the invoice stays paid and the subscription is suspended. Won, both go on. Lost,
the money is written off, the invoice is uncollectible and the subscription is cancelled: who took
his money back through the bank isn't billed for the same again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.billing.invariants import BrokenInvariant
from saaskit_core.billing.postings import dispute_lost, dispute_opened, dispute_won
from saaskit_core.billing.wallets import Posting
from saaskit_core.money import Money
from saaskit_core.subscriptions.facts import DisputeClosed, DisputeOpened

if TYPE_CHECKING:
    from saaskit_core.billing.ledger import Entry


class DisputeState(StrEnum):
    """Where a dispute stands. An inquiry asks only; no money has moved."""

    INQUIRY = "inquiry"
    OPEN = "open"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"

    @property
    def is_closed(self) -> bool:
        """Whether it is decided."""
        return self in (DisputeState.WON, DisputeState.LOST)


class InvoiceAfterDispute(StrEnum):
    STAYS_PAID = "stays_paid"
    UNCOLLECTIBLE = "uncollectible"


class DisputeContradicted(BrokenInvariant):
    code = "dispute_contradicted"
    template = "The dispute %(dispute)s is told otherwise: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFacts:
    """What is known of a dispute, ours or as a provider reports it.

    `withdrawn` was taken from our balance, `returned` came back, `fee` is the provider's own.
    `version` and `observed_at` are the provider's.
    """

    id: str
    payment_id: str
    customer_id: str
    amount: Money
    withdrawn: Money
    returned: Money
    fee: Money
    state: DisputeState = DisputeState.OPEN
    version: int = 0
    observed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeChange:
    """What a report led to, and everything that follows from it.

    `subscription_facts` go to the subscription in their order, `entries` into the ledger. With
    `mismatch` set nothing was applied, and the customer is to be parked.
    """

    facts: DisputeFacts
    entries: tuple[Entry, ...] = ()
    subscription_facts: tuple[DisputeOpened | DisputeClosed, ...] = ()
    invoice: InvoiceAfterDispute = InvoiceAfterDispute.STAYS_PAID
    mismatch: DisputeContradicted | None = None
    applied: bool = True

    @property
    def is_disputed(self) -> bool:
        """Whether the payment is disputed now: no refunds meanwhile."""
        return not self.facts.state.is_closed


def apply_dispute_report(known: DisputeFacts | None, told: DisputeFacts) -> DisputeChange:
    """Take in a report about a dispute; None is known before the first. It never raises.

    Reports may come in any order and any number: what is decided stays so, amounts only grow,
    and the newest state counts. A second decision against the first is a mismatch.
    """
    problem = _mismatch(known, told)
    if problem:
        mismatch = DisputeContradicted(dispute=told.id, problem=problem)
        return DisputeChange(facts=known or told, mismatch=mismatch, applied=False)
    after = told if known is None else _merged(known, told)
    if after == known:
        return DisputeChange(facts=after, invoice=_invoice(after), applied=False)
    return DisputeChange(
        facts=after,
        entries=_entries(known, after, told.observed_at or _NEVER),
        subscription_facts=_facts(known, after),
        invoice=_invoice(after),
    )


_ORDER = {state: place for place, state in enumerate(DisputeState)}
_NEVER = datetime.min.replace(tzinfo=UTC)


def _mismatch(known: DisputeFacts | None, told: DisputeFacts) -> str:
    amounts = (told.amount, told.withdrawn, told.returned, told.fee)
    if len({amount.currency for amount in amounts}) > 1:
        return "it mixes currencies"
    is_lost = told.state is DisputeState.LOST
    most = Money.zero(told.amount.currency) if is_lost else told.withdrawn
    if any(amount.minor < 0 for amount in amounts) or told.returned > most:
        return f"{told.withdrawn} withdrawn and {told.returned} returned while {told.state}"
    return _contradiction(known, told) if known else ""


def _contradiction(known: DisputeFacts, told: DisputeFacts) -> str:
    if (known.id, known.payment_id) != (told.id, told.payment_id):
        return f"another dispute or payment ({told.id[:64]}, {told.payment_id[:64]})"
    if known.amount.currency != told.amount.currency:
        return f"{told.amount.currency} instead of {known.amount.currency}"
    if known.state.is_closed and told.state.is_closed and known.state is not told.state:
        return f"{told.state} after {known.state}"
    is_lost = DisputeState.LOST in (known.state, told.state)
    return (
        "money returned though it was lost" if is_lost and (known.returned or told.returned) else ""
    )


def _merged(known: DisputeFacts, told: DisputeFacts) -> DisputeFacts:
    is_decided = known.state.is_closed or told.state.is_closed
    newest = max(known, told, key=lambda each: (is_decided and each.state.is_closed, _rank(each)))
    return replace(
        newest,
        withdrawn=max(known.withdrawn, told.withdrawn),
        returned=max(known.returned, told.returned),
        fee=max(known.fee, told.fee),
        version=max(known.version, told.version),
        observed_at=max(known.observed_at or _NEVER, told.observed_at or _NEVER),
    )


def _rank(facts: DisputeFacts) -> tuple[int, datetime, int]:
    return (facts.version, facts.observed_at or _NEVER, _ORDER[facts.state])


def _entries(known: DisputeFacts | None, after: DisputeFacts, at: datetime) -> tuple[Entry, ...]:
    """Post what has moved since; each entry's key names the sum it brings the account to."""
    zero = Money.zero(after.amount.currency)
    withdrawn = after.withdrawn - (known.withdrawn if known else zero)
    fee = after.fee - (known.fee if known else zero)
    returned = after.returned - (known.returned if known else zero)
    lost = _lost(after) - (_lost(known) if known else zero)
    entries: list[Entry] = []
    if withdrawn or fee:
        total = after.withdrawn.minor + after.fee.minor
        entries.append(dispute_opened(_posting(after, f"out:{total}", at), withdrawn, fee=fee))
    if returned:
        entries.append(dispute_won(_posting(after, f"back:{after.returned.minor}", at), returned))
    if lost:
        entries.append(dispute_lost(_posting(after, f"lost:{_lost(after).minor}", at), lost))
    return tuple(entries)


def _lost(facts: DisputeFacts) -> Money:
    is_lost = facts.state is DisputeState.LOST
    return facts.withdrawn if is_lost else Money.zero(facts.amount.currency)


def _posting(facts: DisputeFacts, what: str, at: datetime) -> Posting:
    return Posting(
        key=f"dispute:{facts.id}:{what}",
        customer_id=facts.customer_id,
        at=at,
        about=f"payment:{facts.payment_id}",
    )


def _facts(
    known: DisputeFacts | None, after: DisputeFacts
) -> tuple[DisputeOpened | DisputeClosed, ...]:
    """Tell the subscription once that it is blocked, and once how it ended.

    One that is lost before we heard of it is told whole: only what is blocked can be cancelled.
    """
    was_blocking = known is not None and known.state is not DisputeState.INQUIRY
    opened = () if was_blocking else (DisputeOpened(dispute_id=after.id),)
    closed = DisputeClosed(dispute_id=after.id, is_won=after.state is DisputeState.WON)
    match after.state:
        case DisputeState.INQUIRY:
            return ()
        case DisputeState.OPEN | DisputeState.UNDER_REVIEW:
            return opened
        case DisputeState.WON:
            is_news = was_blocking and not (known and known.state.is_closed)
            return (closed,) if is_news else ()
        case DisputeState.LOST:
            return () if known and known.state.is_closed else (*opened, closed)


def _invoice(facts: DisputeFacts) -> InvoiceAfterDispute:
    if facts.state is DisputeState.LOST:
        return InvoiceAfterDispute.UNCOLLECTIBLE
    return InvoiceAfterDispute.STAYS_PAID
