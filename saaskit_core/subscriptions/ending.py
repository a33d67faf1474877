"""Rules for endings: cancellations asked for, planned and reached; expiry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saaskit_core.periods import InvalidPeriod, utc
from saaskit_core.subscriptions.changes import ManagedByProvider
from saaskit_core.subscriptions.commands import Command, CreditUnused, ReleaseHolds, WriteOffInvoice
from saaskit_core.subscriptions.events import (
    SubscriptionCancelScheduled,
    SubscriptionChangeDropped,
    SubscriptionEnded,
    SubscriptionUncancelled,
)
from saaskit_core.subscriptions.facts import CancelRequested, CancelWhen
from saaskit_core.subscriptions.model import evolve
from saaskit_core.subscriptions.policies import UnusedTime
from saaskit_core.subscriptions.states import (
    REASONS,
    BilledBy,
    StatusReason,
    SubscriptionStatus,
)
from saaskit_core.subscriptions.steps import Step, Transition, join, void

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.subscriptions.model import Subscription

PLANNABLE = (SubscriptionStatus.TRIAL, SubscriptionStatus.ACTIVE)


def cancel(step: Step, fact: CancelRequested) -> Transition:
    """Cancel now, or plan it. From Pending, RenewalPending and Suspended it is always immediate."""
    subscription = step.subscription
    if subscription.status.is_terminal:
        step.refuse("A cancellation")
    if subscription.billed_by is BilledBy.PROVIDER:
        raise ManagedByProvider()
    if fact.reason not in REASONS[SubscriptionStatus.CANCELLED]:
        step.refuse(f"A cancellation with the reason {fact.reason or 'none'}")
    if fact.when is CancelWhen.NOW or subscription.status not in PLANNABLE:
        return _cancel_now(step, fact)
    return _plan(step, fact)


def uncancel(step: Step) -> Transition:
    """Withdraw a planned cancellation."""
    subscription = step.subscription
    if subscription.cancel_at is None or subscription.status not in PLANNABLE:
        step.refuse("Withdrawing a cancellation")
    kept = evolve(
        subscription, cancel_at=None, cancel_reason=StatusReason.NONE, cancel_requested_at=None
    )
    return Transition(subscription=kept, events=(step.tell(SubscriptionUncancelled, kept),))


def cancel_reached(step: Step) -> Transition:
    """End it at the planned instant; what is left of the period then is given back by policy."""
    subscription = step.subscription
    at = subscription.cancel_at
    if at is None or step.now < at or subscription.status.is_terminal:
        return step.unchanged()
    reason = subscription.cancel_reason or StatusReason.CUSTOMER
    given_back = _give_back(subscription, at, step.policies.unused_time)
    return cancelled(step, reason, at=at, commands=given_back)


def cancelled(
    step: Step, reason: StatusReason, *, at: datetime, commands: tuple[Command, ...] = ()
) -> Transition:
    """End it by decision: open invoices are void, reservations of a first payment released."""
    return _ended(step, SubscriptionStatus.CANCELLED, reason, at=at, commands=commands)


def expired(step: Step, reason: StatusReason, *, at: datetime) -> Transition:
    """End it by time."""
    return _ended(step, SubscriptionStatus.EXPIRED, reason, at=at)


def written_off(step: Step) -> Transition:
    """End it because dunning failed; the open invoice becomes uncollectible instead of void."""
    subscription = step.subscription
    key = subscription.awaiting_key
    write_off = (WriteOffInvoice(key=f"{key}:write_off", invoice_key=key),) if key else ()
    without = replace(step, subscription=evolve(subscription, awaiting_key=""))
    done = cancelled(without, StatusReason.DUNNING, at=step.now, commands=write_off)
    return replace(done, subscription=evolve(done.subscription, awaiting_key=key))


def drop_change(step: Step) -> Transition:
    """Give up the pending change, if any; an invoice that waits for its payment is void."""
    change = step.subscription.pending_change
    if change is None:
        return step.unchanged()
    kept = evolve(step.subscription, pending_change=None)
    return Transition(
        subscription=kept,
        events=(step.tell(SubscriptionChangeDropped, kept),),
        commands=void(change.key) if change.effective_at is None else (),
    )


def _cancel_now(step: Step, fact: CancelRequested) -> Transition:
    usual = UnusedTime.NONE if fact.reason is StatusReason.FRAUD else step.policies.unused_time
    how = fact.unused or usual
    given_back = _give_back(step.subscription, step.now, how)
    asked = replace(step, subscription=evolve(step.subscription, cancel_requested_at=step.now))
    return cancelled(asked, fact.reason, at=step.now, commands=given_back)


def _plan(step: Step, fact: CancelRequested) -> Transition:
    at = _planned_at(step, fact)
    dropped = drop_change(step) if fact.when is CancelWhen.PERIOD_END else step.unchanged()
    planned = evolve(
        dropped.subscription, cancel_at=at, cancel_reason=fact.reason, cancel_requested_at=step.now
    )
    event = step.tell(SubscriptionCancelScheduled, planned, cancel_at=at.isoformat())
    return join(dropped, Transition(subscription=planned, events=(event,)))


def _planned_at(step: Step, fact: CancelRequested) -> datetime:
    span = step.subscription.period
    if fact.when is CancelWhen.PERIOD_END and span is not None:
        return span.ends_at
    if fact.when is CancelWhen.PERIOD_END or fact.at is None:
        step.refuse("A cancellation at the period's end or at no given instant")
    at = utc(fact.at)
    if at <= step.now:
        raise InvalidPeriod(starts_at=step.now.isoformat(), ends_at=at.isoformat())
    return at


def _give_back(
    subscription: Subscription, at: datetime, how: UnusedTime
) -> tuple[CreditUnused, ...]:
    """Only a paid, running period has unused time: not a trial, not one that is over.

    Of a disputed one nothing is given back: the payer's bank has taken the money back already.
    """
    span = subscription.period
    if subscription.dispute_id:
        return ()
    if span is None or how is UnusedTime.NONE or subscription.is_free or at not in span:
        return ()
    if _status_beneath(subscription) not in (
        SubscriptionStatus.ACTIVE,
        SubscriptionStatus.SUSPENDED,
    ):
        return ()
    return (CreditUnused(key=f"{subscription.aggregate}:unused", period=span, at=at, how=how),)


def _status_beneath(subscription: Subscription) -> SubscriptionStatus:
    return subscription.held_status or subscription.status


def _ended(
    step: Step,
    status: SubscriptionStatus,
    reason: StatusReason,
    *,
    at: datetime,
    commands: tuple[Command, ...] = (),
) -> Transition:
    before = step.subscription
    change = before.pending_change
    unpaid_change = change.key if change and change.effective_at is None else ""
    holds = (ReleaseHolds(key=f"{before.aggregate}:release"),) if _is_first_open(before) else ()
    after = evolve(
        before,
        status=status,
        status_reason=reason,
        ended_at=at,
        pending_change=None,
        pause=None,
        held_status=None,
        held_reason=StatusReason.NONE,
    )
    return Transition(
        subscription=after,
        events=(step.tell(SubscriptionEnded, after),),
        commands=(*void(before.awaiting_key), *void(unpaid_change), *holds, *commands),
    )


def _is_first_open(subscription: Subscription) -> bool:
    return subscription.status is SubscriptionStatus.PENDING
