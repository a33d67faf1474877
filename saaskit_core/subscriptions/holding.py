"""Rules for blocks and stretches: pause, staff, disputes, extensions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saaskit_core.periods import InvalidPeriod, Period, utc
from saaskit_core.subscriptions.changes import ManagedByProvider
from saaskit_core.subscriptions.commands import RecordFreeStretch
from saaskit_core.subscriptions.ending import cancelled, drop_change
from saaskit_core.subscriptions.events import (
    SubscriptionExtended,
    SubscriptionPauseScheduled,
    SubscriptionResumed,
    SubscriptionSuspended,
)
from saaskit_core.subscriptions.model import Pause, evolve
from saaskit_core.subscriptions.states import BilledBy, StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.steps import Step, Transition, join, settled, void

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.subscriptions.facts import DisputeClosed, DisputeOpened, Extended, Paused
    from saaskit_core.subscriptions.model import Subscription


def pause(step: Step, fact: Paused) -> Transition:
    """Plan a pause, by default for the end of the paid period, or begin it now."""
    subscription = step.subscription
    if subscription.billed_by is BilledBy.PROVIDER:
        raise ManagedByProvider()
    if subscription.status is not SubscriptionStatus.ACTIVE or subscription.period is None:
        step.refuse("A pause")
    starts_at = (
        max(utc(fact.starts_at), step.now) if fact.starts_at else subscription.period.ends_at
    )
    resumes_at = utc(fact.resumes_at) if fact.resumes_at else None
    if resumes_at is not None and resumes_at <= starts_at:
        raise InvalidPeriod(starts_at=starts_at.isoformat(), ends_at=resumes_at.isoformat())
    planned = evolve(subscription, pause=Pause(starts_at=starts_at, resumes_at=resumes_at))
    event = step.tell(SubscriptionPauseScheduled, planned, starts_at=starts_at.isoformat())
    first = Transition(subscription=planned, events=(event,))
    return join(first, pause_reached(replace(step, subscription=planned)))


def pause_reached(step: Step) -> Transition:
    """Begin the planned pause: no access, and no invoice while it lasts."""
    subscription = step.subscription
    planned = subscription.pause
    if subscription.status is not SubscriptionStatus.ACTIVE or planned is None:
        return step.unchanged()
    if step.now < planned.starts_at:
        return step.unchanged()
    change = subscription.pending_change
    is_unpaid = change is not None and change.effective_at is None
    dropped = drop_change(step) if is_unpaid else step.unchanged()
    return join(dropped, _blocked(step, dropped.subscription, StatusReason.PAUSED))


def is_paused(subscription: Subscription) -> bool:
    """Tell whether a pause is running."""
    return (subscription.status, subscription.status_reason) == (
        SubscriptionStatus.SUSPENDED,
        StatusReason.PAUSED,
    )


def suspend(step: Step) -> Transition:
    """Block it on behalf of staff, remembering where it was."""
    if step.subscription.status.is_terminal:
        step.refuse("A suspension")
    if step.subscription.status_reason is StatusReason.ADMIN:
        return step.unchanged()
    return _held(step, step.subscription, StatusReason.ADMIN)


def reinstate(step: Step) -> Transition:
    """Lift the block of staff; an open dispute goes on blocking."""
    subscription = step.subscription
    if subscription.status_reason is not StatusReason.ADMIN:
        step.refuse("Lifting a suspension")
    if subscription.dispute_id:
        held = evolve(subscription, status_reason=StatusReason.DISPUTE)
        return Transition(subscription=held)
    return _released(step, subscription)


def open_dispute(step: Step, fact: DisputeOpened) -> Transition:
    """Block it until the dispute is closed, and every other one that is open."""
    subscription = step.subscription
    known, opened = open_disputes(subscription), _named(fact)
    if subscription.status.is_terminal or opened in known:
        return step.unchanged()
    disputed = evolve(subscription, dispute_id=_AND.join((*known, opened)))
    if subscription.status_reason in HOLDS:
        return Transition(subscription=disputed)
    return _held(step, disputed, StatusReason.DISPUTE)


def close_dispute(step: Step, fact: DisputeClosed) -> Transition:
    """Go back to where it was when the last open dispute is won; cancel when any is lost."""
    subscription = step.subscription
    known, closed = open_disputes(subscription), _named(fact)
    if subscription.status.is_terminal or closed not in known:
        return step.unchanged()
    if not fact.is_won:
        return cancelled(step, StatusReason.FRAUD, at=step.now)
    left = tuple(each for each in known if each != closed)
    cleared = evolve(subscription, dispute_id=_AND.join(left))
    if left or subscription.status_reason is not StatusReason.DISPUTE:
        return Transition(subscription=cleared)
    return _released(step, cleared)


def open_disputes(subscription: Subscription) -> tuple[str, ...]:
    """Return the disputes that are open: a payer may dispute several payments at once."""
    return tuple(subscription.dispute_id.split(_AND)) if subscription.dispute_id else ()


def _named(fact: DisputeOpened | DisputeClosed) -> str:
    return fact.dispute_id or "unnamed"


_AND = ", "


def extend(step: Step, fact: Extended) -> Transition:
    """Close the current period at `to` and begin the next schedule there, the stretch being free.

    An open renewal is void: its time is given away, so the subscription is Active again.
    """
    subscription = step.subscription
    span, to = subscription.period, utc(fact.to)
    if subscription.billed_by is BilledBy.PROVIDER:
        raise ManagedByProvider()
    if span is None or subscription.status.is_terminal:
        step.refuse("An extension")
    if to <= max(span.ends_at, step.now):
        raise InvalidPeriod(starts_at=span.ends_at.isoformat(), ends_at=to.isoformat())
    after = _stretched(subscription, span, to)
    free = Period(span.ends_at, to)
    record = RecordFreeStretch(
        key=f"{subscription.aggregate}:free:{span.ends_at.isoformat()}:{to.isoformat()}",
        period=free,
        reason=fact.reason,
    )
    event = step.tell(SubscriptionExtended, after, to=to.isoformat(), reason=fact.reason)
    return Transition(
        subscription=after,
        events=(event,),
        commands=(record, *void(subscription.awaiting_key)),
    )


def _stretched(subscription: Subscription, span: Period, to: datetime) -> Subscription:
    """What was planned for the old end of the period moves with it."""
    after = evolve(
        subscription,
        period=Period(span.starts_at, to),
        period_index=0,
        anchor=to,
        trial_end=to if subscription.status is SubscriptionStatus.TRIAL else subscription.trial_end,
        term_end=_moved(subscription.term_end, span.ends_at, to),
        cancel_at=_moved(subscription.cancel_at, span.ends_at, to),
    )
    change, planned = after.pending_change, after.pause
    if change is not None and change.effective_at is not None:
        effective_at = _moved(change.effective_at, span.ends_at, to)
        after = evolve(after, pending_change=replace(change, effective_at=effective_at))
    if planned is not None:
        starts_at = _moved(planned.starts_at, span.ends_at, to) or planned.starts_at
        after = evolve(after, pause=replace(planned, starts_at=starts_at))
    return _reopened(after) if subscription.awaiting_key else after


def _moved(at: datetime | None, old: datetime, new: datetime) -> datetime | None:
    return new if at == old else at


def _reopened(subscription: Subscription) -> Subscription:
    cleared = settled(subscription)
    return evolve(cleared, status=SubscriptionStatus.ACTIVE, status_reason=StatusReason.NONE)


def _held(step: Step, subscription: Subscription, reason: StatusReason) -> Transition:
    """A second hold keeps what the first one remembers."""
    is_held = subscription.held_status is not None and subscription.status_reason in HOLDS
    remembered = (
        subscription
        if is_held
        else evolve(
            subscription,
            held_status=subscription.status,
            held_reason=subscription.status_reason,
        )
    )
    return _blocked(step, remembered, reason)


HOLDS = (StatusReason.ADMIN, StatusReason.DISPUTE)
"""Reasons of a block that leaves what is beneath it going on."""


def _blocked(step: Step, subscription: Subscription, reason: StatusReason) -> Transition:
    blocked = evolve(subscription, status=SubscriptionStatus.SUSPENDED, status_reason=reason)
    return Transition(subscription=blocked, events=(step.tell(SubscriptionSuspended, blocked),))


def _released(step: Step, subscription: Subscription) -> Transition:
    back = beneath(subscription)
    return Transition(subscription=back, events=(step.tell(SubscriptionResumed, back),))


def beneath(subscription: Subscription) -> Subscription:
    """Return the subscription as it would be without the hold of staff or of a dispute."""
    return evolve(
        subscription,
        status=subscription.held_status or subscription.status,
        status_reason=subscription.held_reason,
        held_status=None,
        held_reason=StatusReason.NONE,
    )


def is_held(subscription: Subscription) -> bool:
    """Tell whether staff or a dispute blocks it."""
    return (
        subscription.status is SubscriptionStatus.SUSPENDED and subscription.status_reason in HOLDS
    )


def held_again(held: Subscription, moved: Transition) -> Transition:
    """Put the hold back over what happened beneath it; its events say so."""
    after = evolve(
        moved.subscription,
        status=held.status,
        status_reason=held.status_reason,
        held_status=moved.subscription.status,
        held_reason=moved.subscription.status_reason,
    )
    events = tuple(
        replace(event, status=held.status.value, status_reason=held.status_reason.value)
        for event in moved.events
    )
    return replace(moved, subscription=after, events=events)
