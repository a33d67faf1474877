"""`explain`: why a customer gets in or doesn't, and why he was billed, read from the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.periods import utc
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.bills import Bill, BillState, bills_of
from saaskit_core.subscriptions.log import BrokenLog, replaying, status_text
from saaskit_core.subscriptions.standing import Access, access, passing, swept
from saaskit_core.subscriptions.states import BilledBy, StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.story import day, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from saaskit_core.subscriptions.log import LogEntry, Replayed
    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.policies import Policies


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that happened. Not `is_logged`: time has brought it, but no sweep has seen it."""

    at: datetime
    text: str
    actor: str
    is_logged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Where a subscription stands at an instant, and how it came there.

    `why` says why the customer gets in or not, `remedy` what would let him in (empty when he is).
    """

    subscription: Subscription
    access: Access
    why: str
    remedy: str
    story: tuple[Told, ...]
    bills: tuple[Bill, ...]

    @property
    def text(self) -> str:
        """All of it for people, the answer first."""
        return "\n".join(_rendered(self))


def explain(entries: Sequence[LogEntry], *, now: datetime, policies: Policies) -> Explanation:
    """Explain a subscription from its log as of `now`; entries after it are left out.

    Raises BrokenLog for a log that contradicts itself or the rules, or holds nothing yet.
    """
    now = utc(now)
    replayed = list(replaying([entry for entry in entries if entry.at <= now], policies=policies))
    if not replayed:
        raise BrokenLog(sequence=1, problem=f"nothing has happened by {day(now)}")
    stored = replayed[-1].subscription
    current = swept(stored, now=now, policies=policies)
    entry = access(stored, now=now, policies=policies)
    bills = bills_of(replayed)
    return Explanation(
        subscription=current,
        access=entry,
        why=_why(current, entry, replayed, policies),
        remedy="" if entry.is_open else _remedy(current),
        story=(*_story(replayed), *_unswept(stored, now, policies)),
        bills=bills,
    )


def _story(replayed: Sequence[Replayed]) -> Iterator[Told]:
    for step in replayed:
        yield Told(
            at=step.entry.at,
            text=told(step.entry.fact, step.before, step.subscription),
            actor=step.entry.actor,
        )


def _unswept(stored: Subscription, now: datetime, policies: Policies) -> Iterator[Told]:
    before = stored
    for at, fact, after in passing(stored, until=now, policies=policies):
        yield Told(at=at, text=told(fact, before, after), actor="time", is_logged=False)
        before = after


def _why(
    current: Subscription, entry: Access, replayed: Sequence[Replayed], policies: Policies
) -> str:
    match current.status:
        case SubscriptionStatus.TRIAL:
            return f"The trial runs until {_end(current.trial_end)}."
        case SubscriptionStatus.ACTIVE:
            return _why_active(current)
        case SubscriptionStatus.RENEWAL_PENDING:
            return _why_due(current, entry, policies)
        case SubscriptionStatus.PENDING:
            return _why_pending(current)
        case SubscriptionStatus.SUSPENDED:
            return _why_blocked(current, replayed)
        case SubscriptionStatus.CANCELLED | SubscriptionStatus.EXPIRED:
            return _why_ended(current, replayed)


def _why_active(current: Subscription) -> str:
    if current.period is None:
        return "It is bought for good."
    kind = "free" if current.is_free else "paid"
    ending = (
        f" A cancellation is planned for {day(current.cancel_at)}." if current.cancel_at else ""
    )
    return f"The period until {day(current.period.ends_at)} is {kind}.{ending}"


def _why_due(current: Subscription, entry: Access, policies: Policies) -> str:
    over = current.period.ends_at if current.period else current.anchor
    open_ = f"The period ended on {day(over)} and {_unpaid(current)}."
    if not policies.grace_gives_access:
        return f"{open_} By the policy there is no access in the days of grace."
    if entry.is_open:
        return f"{open_} Access goes on until {_end(current.grace_until)}, the end of grace."
    return f"{open_} The days of grace ended on {_end(current.grace_until)}."


def _unpaid(current: Subscription) -> str:
    declined = current.failed_attempt + 1
    charges = f" after {declined} declined charge{'s' * (declined > 1)}" if declined else ""
    return f"the invoice {current.awaiting_key} is not paid{charges}"


def _why_pending(current: Subscription) -> str:
    if current.status_reason is StatusReason.SCHEDULED:
        return f"It begins on {_end(current.trial_start or current.anchor)}."
    until = (
        f" It is waited for until {_end(current.pending_until)}." if current.pending_until else ""
    )
    return f"The first payment of {current.awaiting_key or 'it'} is not confirmed.{until}"


def _why_blocked(current: Subscription, replayed: Sequence[Replayed]) -> str:
    match current.status_reason:
        case StatusReason.PAUSED:
            pause = current.pause
            until = f" until {day(pause.resumes_at)}" if pause and pause.resumes_at else ""
            return f"It is paused{until}, since {_since(replayed, current)}."
        case StatusReason.ADMIN:
            return f"Staff blocked it on {_since(replayed, current)}."
        case StatusReason.DISPUTE:
            return f"The payer's bank disputes a payment ({current.dispute_id})."
        case _:
            if current.billed_by is BilledBy.PROVIDER:
                return "The provider reports that it isn't paid."
            return f"By {_end(current.grace_until)}, the end of grace, {_unpaid(current)}."


def _why_ended(current: Subscription, replayed: Sequence[Replayed]) -> str:
    asked = next(
        (
            step.entry
            for step in reversed(replayed)
            if isinstance(step.entry.fact, facts.CancelRequested)
        ),
        None,
    )
    ended = _end(current.ended_at)
    if current.status is SubscriptionStatus.EXPIRED:
        return f"It expired on {ended}: {_EXPIRED.get(current.status_reason, 'its time was over')}."
    if current.status_reason is StatusReason.DUNNING:
        return f"It was given up on {ended}: {_unpaid(current)} by the last day of dunning."
    by = f", asked for on {day(asked.at)} by {asked.actor}" if asked else ""
    return f"It was cancelled with effect from {ended} ({current.status_reason}){by}."


_EXPIRED = {
    StatusReason.TERM_END: "its term was over and it doesn't renew itself",
    StatusReason.TRIAL_END: "the trial was over and there was no payment method",
    StatusReason.PAYMENT_TIMEOUT: "the first payment didn't come in time",
}


def _remedy(current: Subscription) -> str:
    if current.status.is_terminal:
        return "Only a new subscription: what has ended stays ended."
    if current.billed_by is BilledBy.PROVIDER:
        return "The provider bills it: only its report can open it again."
    return _REMEDIES.get(current.status_reason, "A payment of the open invoice.")


_REMEDIES = {
    StatusReason.SCHEDULED: "Nothing but time: it begins by itself.",
    StatusReason.AWAITING_TRANSFER: "The transfer's arrival.",
    StatusReason.REQUIRES_ACTION: "The payer's confirmation of the charge.",
    StatusReason.PAYMENT: "A payment of the open invoice; a new method is charged at once.",
    StatusReason.PAUSED: "The end of the pause.",
    StatusReason.ADMIN: "Staff lifting the block.",
    StatusReason.DISPUTE: "The dispute being won.",
}


def _since(replayed: Sequence[Replayed], current: Subscription) -> str:
    """When it entered the state in which it is."""
    state = (current.status, current.status_reason)
    at = next(
        (
            step.entry.at
            for step in reversed(replayed)
            if step.entry.moves and (step.entry.to_status, step.entry.to_reason) == state
        ),
        None,
    )
    return _end(at or (current.pause.starts_at if current.pause else None))


def _end(at: datetime | None) -> str:
    return day(at) if at else "no set day"


def _rendered(explanation: Explanation) -> Iterator[str]:
    entry = explanation.access
    status = status_text(entry.status, entry.reason)
    yield f"{day(entry.at)}: {status}, {'access' if entry.is_open else 'no access'}"
    yield f"Why: {explanation.why}"
    if explanation.remedy:
        yield f"What would let the customer in: {explanation.remedy}"
    if entry.until is not None:
        change = "ends" if entry.is_open else "begins"
        yield f"If nothing happens, access {change} on {day(entry.until)}."
    yield "What happened:"
    for each in explanation.story:
        seen = "" if each.is_logged else ", not swept yet"
        yield f"  {day(each.at)}  {each.text} [{each.actor}{seen}]"
    if explanation.bills:
        yield "What was billed:"
    for bill in explanation.bills:
        yield f"  {day(bill.issued_at)}  {bill.issue.key}: {bill.because} [{_fate(bill)}]"


def _fate(bill: Bill) -> str:
    declined = f" after {bill.declines} declined" if bill.declines else ""
    if bill.state is BillState.OPEN or bill.settled_at is None:
        return f"open{declined}"
    return f"{bill.state.replace('_', ' ')} {day(bill.settled_at)}{declined}"
