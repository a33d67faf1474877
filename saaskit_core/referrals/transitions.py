"""The one function that moves a referral: payments, what is given back of them, reviews, time.

A payment and what is given back of it may be reported in any order, any number of times: what is
known already changes nothing. Rewards are `settlement`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, assert_never

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import Money
from saaskit_core.periods import utc
from saaskit_core.referrals.attribution import Changed
from saaskit_core.referrals.events import (
    ReferralApproved,
    ReferralQualified,
    ReferralRejected,
    ReferralReversed,
    event_of,
)
from saaskit_core.referrals.model import (
    Milestone,
    MilestoneState,
    Referral,
    ReferralStatus,
    Return,
    Step,
)
from saaskit_core.referrals.programmes import WhenReviewLapses

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.referrals.programmes import Programme


class ReferralNotFlagged(SaasKitError):
    code = "referral_not_flagged"
    kind = ErrorKind.CONFLICT
    template = "The referral is %(status)s: there is nothing to review."


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePaid:
    """The referred customer's invoice was paid: `paid` in money, after discounts and credits."""

    invoice: str
    paid: Money
    paid_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReturned:
    """A refund or chargeback. `returned` is the sum so far, None when nothing of it is left."""

    invoice: str
    returned: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDecided:
    """Somebody looked at a flagged referral."""

    by: str
    is_approved: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """Somebody found out what no signal told: nothing is earned by it, what was is taken back."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePassed:
    """Holds and reviews may have ended; `next_due_at` says when it is worth asking."""


Fact: TypeAlias = InvoicePaid | PaymentReturned | ReviewDecided | Revoked | TimePassed


def transition(referral: Referral, fact: Fact, *, programme: Programme, now: datetime) -> Changed:
    """Return the referral after a fact, and what there is to tell. Raises ReferralNotFlagged."""
    now = utc(now)
    match fact:
        case InvoicePaid():
            return _paid(referral, fact, programme, now)
        case PaymentReturned():
            return _returned(referral, fact, programme, now)
        case ReviewDecided():
            return _reviewed(referral, fact, now)
        case Revoked():
            return _revoked(referral, fact, now)
        case TimePassed():
            return _passed(referral, programme, now)
        case _:
            assert_never(fact)


def next_due_at(referral: Referral, programme: Programme) -> datetime | None:
    """Return when TimePassed will change something, None when it never will by itself."""
    if referral.status.is_over:
        return None
    if referral.status is ReferralStatus.FLAGGED:
        is_held = programme.when_review_lapses is WhenReviewLapses.HOLD
        return None if is_held else referral.review_by
    held = [each.due_at for each in referral.milestones if each.state is MilestoneState.HELD]
    return min(held, default=None)


def moved(referral: Referral, status: ReferralStatus, note: str, now: datetime) -> Referral:
    """Return the referral in a status, with a line in its history."""
    step = Step(at=now, status=status, note=note)
    return replace(referral, status=status, history=(*referral.history, step))


def _paid(referral: Referral, fact: InvoicePaid, programme: Programme, now: datetime) -> Changed:
    known = referral.milestone_of(fact.invoice)
    is_full = len(referral.milestones) >= programme.cycles
    if known or is_full or referral.status.is_over or not programme.is_enough(fact.paid):
        return Changed(referral=referral)
    milestone = Milestone(
        number=len(referral.milestones) + 1,
        invoice=fact.invoice,
        paid=fact.paid,
        returned=Money.zero(fact.paid.currency),
        due_at=utc(fact.paid_at) + programme.hold,
    )
    until = f"{milestone.due_at:%Y-%m-%d %H:%M} UTC"
    note = f"invoice {fact.invoice} was paid with {fact.paid}, on hold until {until}"
    counted = moved(referral, referral.status, note, now)
    counted = replace(counted, milestones=(*referral.milestones, milestone))
    return _after_returns(counted, fact.invoice, programme, now)


def _returned(
    referral: Referral, fact: PaymentReturned, programme: Programme, now: datetime
) -> Changed:
    report = Return(invoice=fact.invoice, amount=fact.returned)
    before = referral.return_of(fact.invoice)
    merged = before.merged(report) if before else report
    if merged == before:
        return Changed(referral=referral)
    others = tuple(each for each in referral.returns if each.invoice != fact.invoice)
    noted = replace(referral, returns=(*others, merged))
    return _after_returns(noted, fact.invoice, programme, now)


def _after_returns(
    referral: Referral, invoice: str, programme: Programme, now: datetime
) -> Changed:
    """Take what was given back off the milestone; without any that counts the referral is over."""
    milestone, given_back = referral.milestone_of(invoice), referral.return_of(invoice)
    if milestone is None or given_back is None or milestone.state is MilestoneState.VOID:
        return Changed(referral=referral)
    returned = milestone.paid if given_back.amount is None else given_back.amount
    less = replace(milestone, returned=returned)
    if not programme.is_enough(less.kept):
        less = replace(less, state=MilestoneState.VOID)
    note = f"{less.returned} of invoice {invoice} were returned"
    current = moved(_with(referral, less), referral.status, note, now)
    if any(each.state is not MilestoneState.VOID for each in current.milestones):
        return Changed(referral=current)
    return _over(current, "no payment is left that counts", "payment_returned", now)


def _revoked(referral: Referral, fact: Revoked, now: datetime) -> Changed:
    if referral.status.is_over:
        return Changed(referral=referral)
    void = tuple(replace(each, state=MilestoneState.VOID) for each in referral.milestones)
    note = f"revoked by {fact.by}: {fact.reason}"
    return _over(replace(referral, milestones=void), note, "revoked", now)


def _over(referral: Referral, note: str, reason: str, now: datetime) -> Changed:
    """End the referral: reversed when rewards were given, rejected when none were."""
    if referral.status is not ReferralStatus.REWARDED:
        return _rejected(referral, note, reason, now)
    over = moved(referral, ReferralStatus.REVERSED, note, now)
    return Changed(referral=over, events=(event_of(ReferralReversed, over, now, reason=reason),))


def _rejected(referral: Referral, note: str, reason: str, now: datetime) -> Changed:
    over = replace(moved(referral, ReferralStatus.REJECTED, note, now), review_by=None)
    return Changed(referral=over, events=(event_of(ReferralRejected, over, now, reason=reason),))


def _reviewed(referral: Referral, fact: ReviewDecided, now: datetime) -> Changed:
    if referral.status is not ReferralStatus.FLAGGED:
        raise ReferralNotFlagged(status=referral.status.value)
    because = f": {fact.reason}" if fact.reason else ""
    if fact.is_approved:
        return _approved(referral, f"approved by {fact.by}{because}", fact.by, now)
    return _rejected(referral, f"rejected by {fact.by}{because}", "review", now)


def _approved(referral: Referral, note: str, by: str, now: datetime) -> Changed:
    open_again = replace(moved(referral, ReferralStatus.PENDING, note, now), review_by=None)
    return Changed(
        referral=open_again, events=(event_of(ReferralApproved, open_again, now, by=by),)
    )


def _passed(referral: Referral, programme: Programme, now: datetime) -> Changed:
    if referral.status is ReferralStatus.FLAGGED:
        return _lapsed(referral, programme, now)
    current, events = referral, []
    for milestone in () if referral.status.is_over else referral.milestones:
        if milestone.state is MilestoneState.HELD and now >= milestone.due_at:
            current = _due(current, milestone, now)
            events.append(
                event_of(
                    ReferralQualified,
                    current,
                    now,
                    invoice=milestone.invoice,
                    milestone=milestone.number,
                )
            )
    return Changed(referral=current, events=tuple(events))


def _due(referral: Referral, milestone: Milestone, now: datetime) -> Referral:
    status = referral.status
    if status is ReferralStatus.PENDING:
        status = ReferralStatus.QUALIFIED
    note = f"the hold of invoice {milestone.invoice} is over"
    due = _with(referral, replace(milestone, state=MilestoneState.DUE))
    return moved(due, status, note, now)


def _lapsed(referral: Referral, programme: Programme, now: datetime) -> Changed:
    """What a missed review comes to; holds that ended meanwhile are for the next time."""
    if referral.review_by is None or now < referral.review_by:
        return Changed(referral=referral)
    match programme.when_review_lapses:
        case WhenReviewLapses.HOLD:
            return Changed(referral=referral)
        case WhenReviewLapses.APPROVE:
            return _approved(referral, "approved: nobody reviewed it in time", "", now)
        case WhenReviewLapses.REJECT:
            note = "rejected: nobody reviewed it in time"
            return _rejected(referral, note, "review_lapsed", now)


def _with(referral: Referral, milestone: Milestone) -> Referral:
    """Return the referral with a newer state of one milestone."""
    numbered = {each.number: each for each in referral.milestones} | {milestone.number: milestone}
    return replace(referral, milestones=tuple(numbered.values()))
