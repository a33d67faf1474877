"""Rules for changes of price and quantity: asked for, paid, given up."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from saaskit_core.subscriptions.changes import (
    PlannedChange,
    has_other_cycle,
    pending,
    plan_change,
)
from saaskit_core.subscriptions.commands import InvoiceKind, IssueInvoice
from saaskit_core.subscriptions.ending import drop_change
from saaskit_core.subscriptions.events import SubscriptionActivated, SubscriptionChangeScheduled
from saaskit_core.subscriptions.model import evolve
from saaskit_core.subscriptions.opening import open_afresh
from saaskit_core.subscriptions.policies import ChangeTiming
from saaskit_core.subscriptions.renewing import changed_event
from saaskit_core.subscriptions.starting import payment_timeout
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_core.subscriptions.steps import Step, Transition, invoice_key, join, named

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.subscriptions.facts import ChangePaid, ChangeRequested
    from saaskit_core.subscriptions.model import PendingChange, Subscription
    from saaskit_core.subscriptions.terms import AddOn


def change(step: Step, fact: ChangeRequested) -> Transition:
    """Plan the change, replacing one that is pending.

    With an invoice it waits for the payment, at the period's end for that end; without it is in
    force.
    """
    planned = plan_change(step.subscription, fact, now=step.now, policies=step.policies)
    dropped = drop_change(step)
    begun = replace(step, subscription=dropped.subscription)
    match planned.timing:
        case ChangeTiming.NOW_WITHOUT_INVOICE:
            return join(dropped, _applied_at_once(begun, planned))
        case ChangeTiming.PERIOD_END:
            return join(dropped, _kept(begun, planned, effective_at=planned.effective_at))
        case _:
            return join(dropped, _billed(begun, planned))


def change_paid(step: Step, fact: ChangePaid) -> Transition:
    """Put the paid change in force, with the schedule it was computed for."""
    before = step.subscription
    planned = before.pending_change
    if planned is None or planned.effective_at is not None or planned.key != fact.invoice_key:
        return step.unchanged()
    if before.status not in (SubscriptionStatus.TRIAL, SubscriptionStatus.ACTIVE):
        return step.unchanged()
    after = _in_force(before, planned)
    events = changed_event(step, before, after)
    if before.status is SubscriptionStatus.TRIAL:
        events = (*events, step.tell(SubscriptionActivated, after))
    return Transition(subscription=after, events=events)


def give_up_change(step: Step) -> Transition:
    """Give up the pending change because somebody asked for it."""
    if step.subscription.pending_change is None or step.subscription.status.is_terminal:
        step.refuse("Giving up a change")
    return drop_change(step)


def change_timed_out(step: Step) -> Transition:
    """Give up a change whose payment didn't come in time."""
    at = change_timeout_at(step)
    if at is None or step.now < at:
        return step.unchanged()
    return drop_change(step)


def change_timeout_at(step: Step) -> datetime | None:
    """Return when the pending change stops waiting for its payment; None when it doesn't wait."""
    change = step.subscription.pending_change
    if change is None or change.effective_at is not None:
        return None
    return change.requested_at + payment_timeout(step.subscription, step.policies)


def _applied_at_once(step: Step, planned: PlannedChange) -> Transition:
    before = step.subscription
    after = evolve(
        before,
        price=planned.price,
        quantity=planned.quantity,
        add_ons=planned.add_ons,
        anchor=planned.anchor,
        period=planned.period,
        period_index=0 if planned.resets_cycle else before.period_index,
        trial_end=planned.trial_end or before.trial_end,
    )
    return Transition(subscription=after, events=changed_event(step, before, after))


def _kept(step: Step, planned: PlannedChange, *, effective_at: datetime | None) -> Transition:
    before = step.subscription
    stem = invoice_key(before, InvoiceKind.CHANGE, planned.requested_at)
    key = f"{stem}:{planned.price.id}x{planned.quantity}{_digest(planned.add_ons)}"
    after = evolve(before, pending_change=pending(planned, key, effective_at=effective_at))
    event = step.tell(
        SubscriptionChangeScheduled,
        after,
        new_price_id=planned.price.id,
        new_quantity=planned.quantity,
        effective_at=effective_at.isoformat() if effective_at else None,
        new_add_ons=named(planned.add_ons),
    )
    return Transition(subscription=after, events=(event,))


def _digest(add_ons: tuple[AddOn, ...]) -> str:
    """Tell apart what is asked for at one instant, in a key that has a limit."""
    if not add_ons:
        return ""
    named = "|".join(f"{each.price.id}x{each.quantity}" for each in add_ons)
    return f"+{sha256(named.encode()).hexdigest()[:12]}"


def _billed(step: Step, planned: PlannedChange) -> Transition:
    kept = _kept(step, planned, effective_at=None)
    waiting = kept.subscription.pending_change
    issue = IssueInvoice(
        key=waiting.key if waiting else "",
        kind=InvoiceKind.CHANGE,
        price=planned.price,
        quantity=planned.quantity,
        period=planned.period,
        add_ons=planned.add_ons,
    )
    return replace(kept, commands=(issue,))


def _in_force(before: Subscription, change: PendingChange) -> Subscription:
    is_trial = before.status is SubscriptionStatus.TRIAL
    resets = is_trial or has_other_cycle(before, change.price)
    terms = evolve(
        before,
        price=change.price,
        quantity=change.quantity,
        add_ons=change.add_ons,
        pending_change=None,
    )
    if not resets:
        return terms
    ended = change.requested_at if is_trial else before.trial_end
    return open_afresh(evolve(terms, trial_end=ended), change.requested_at)
