"""Rules for renewals and dunning: a period ends, retries, grace, the end of dunning."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from saaskit_core.subscriptions.changes import in_force
from saaskit_core.subscriptions.commands import InvoiceKind
from saaskit_core.subscriptions.ending import cancel_reached, drop_change, expired, written_off
from saaskit_core.subscriptions.events import (
    SubscriptionChanged,
    SubscriptionRenewalDue,
    SubscriptionRenewed,
    SubscriptionResumed,
    SubscriptionSuspended,
)
from saaskit_core.subscriptions.holding import is_paused, pause_reached
from saaskit_core.subscriptions.model import evolve, next_period
from saaskit_core.subscriptions.opening import open_containing
from saaskit_core.subscriptions.states import (
    BilledBy,
    Collection,
    StatusReason,
    SubscriptionStatus,
)
from saaskit_core.subscriptions.steps import (
    Step,
    Transition,
    awaiting_reason,
    bill,
    charge,
    invoice_key,
    is_awaiting,
    join,
    named,
)

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.periods import Period
    from saaskit_core.plans import Price
    from saaskit_core.subscriptions.events import SubscriptionEvent
    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.policies import Policies
    from saaskit_core.subscriptions.terms import AddOn


def period_ended(step: Step) -> Transition:
    """Renew, or end, or pause, whatever is planned for the end of the paid period."""
    subscription = step.subscription
    span = subscription.period
    if subscription.status is not SubscriptionStatus.ACTIVE or span is None:
        return step.unchanged()
    if subscription.billed_by is BilledBy.PROVIDER or step.now < span.ends_at:
        return step.unchanged()
    if subscription.cancel_at is not None and subscription.cancel_at <= span.ends_at:
        return cancel_reached(step)
    if subscription.pause is not None and subscription.pause.starts_at <= span.ends_at:
        return pause_reached(step)
    return _expired_for_good(step, span) or _renew(step)


def _expired_for_good(step: Step, span: Period) -> Transition | None:
    """End what isn't to be renewed, or never renews; None for what is."""
    subscription = step.subscription
    if subscription.auto_renew and in_force(subscription).price.interval is not None:
        return None
    return expired(step, StatusReason.TERM_END, at=span.ends_at)


def fall_due(step: Step, kind: InvoiceKind) -> Transition:
    """Issue the next period's invoice, charge it, and wait: no period opens before it is paid.

    A change planned for now is billed already but comes into force only with that payment.
    """
    subscription = step.subscription
    terms = in_force(subscription)
    span = next_period(terms)
    key = invoice_key(subscription, kind, span.starts_at if span else terms.anchor)
    waiting = evolve(
        subscription,
        status=SubscriptionStatus.RENEWAL_PENDING,
        status_reason=awaiting_reason(subscription, StatusReason.RETRYING),
        awaiting_key=key,
        pending_until=None,
        past_due_since=step.now,
        grace_until=step.now + timedelta(days=step.policies.grace_days),
        retry_step=0,
        attempt=0,
        failed_attempt=-1,
        is_retry_stopped=False,
    )
    issue = bill(terms, kind, span, key=key)
    return Transition(
        subscription=waiting,
        events=(step.tell(SubscriptionRenewalDue, waiting),),
        commands=(issue, *charge(waiting)),
    )


def changed_event(
    step: Step, before: Subscription, after: Subscription
) -> tuple[SubscriptionEvent, ...]:
    """Tell of another price, quantity or add-ons; nothing when they are as before."""
    if _billed_for(before) == _billed_for(after):
        return ()
    return (
        step.tell(
            SubscriptionChanged,
            after,
            old_plan=before.plan,
            old_price_id=before.price.id,
            old_quantity=before.quantity,
            old_add_ons=named(before.add_ons),
        ),
    )


def _billed_for(subscription: Subscription) -> tuple[Price, int, tuple[AddOn, ...]]:
    return subscription.price, subscription.quantity, subscription.add_ons


def retry_due(step: Step) -> Transition:
    """Charge the open invoice again; retries that a late worker missed are made up for by one."""
    subscription = step.subscription
    at = next_retry_at(subscription, step.policies)
    if at is None or step.now < at or subscription.past_due_since is None:
        return step.unchanged()
    elapsed = step.now - subscription.past_due_since
    passed = sum(timedelta(days=day) <= elapsed for day in step.policies.dunning_days)
    again = evolve(subscription, retry_step=passed, attempt=subscription.attempt + 1)
    return Transition(subscription=again, commands=charge(again))


def next_retry_at(subscription: Subscription, policies: Policies) -> datetime | None:
    """Return when the schedule charges the open invoice again; None when it doesn't."""
    if not _is_dunning(subscription) or subscription.is_retry_stopped:
        return None
    if subscription.collection is Collection.TRANSFER or subscription.past_due_since is None:
        return None
    if subscription.retry_step >= len(policies.dunning_days):
        return None
    days = policies.dunning_days[subscription.retry_step]
    return subscription.past_due_since + timedelta(days=days)


def grace_ended(step: Step) -> Transition:
    """Revoke access; retries go on."""
    subscription = step.subscription
    until = subscription.grace_until
    if subscription.status is not SubscriptionStatus.RENEWAL_PENDING or until is None:
        return step.unchanged()
    if step.now < until:
        return step.unchanged()
    blocked = evolve(
        subscription,
        status=SubscriptionStatus.SUSPENDED,
        status_reason=StatusReason.PAYMENT,
    )
    return Transition(subscription=blocked, events=(step.tell(SubscriptionSuspended, blocked),))


def dunning_end_at(subscription: Subscription, policies: Policies) -> datetime | None:
    """Return when an unpaid renewal is given up; None when none is open."""
    if not _is_dunning(subscription) or subscription.past_due_since is None:
        return None
    return subscription.past_due_since + timedelta(days=policies.dunning_end_days)


def dunning_ended(step: Step) -> Transition:
    """Give up: the subscription is Cancelled(dunning) and its invoice written off."""
    at = dunning_end_at(step.subscription, step.policies)
    if at is None or step.now < at:
        return step.unchanged()
    return written_off(step)


def resume(step: Step) -> Transition:
    """End the pause. Paid time that is left goes on; without any, a new schedule begins now.

    What was to end meanwhile, by a cancellation or because it doesn't renew, ends instead.
    """
    subscription = step.subscription
    span = subscription.period
    if subscription.pause is None or subscription.status.is_terminal:
        step.refuse("Resuming")
    awake = evolve(
        subscription,
        pause=None,
        status=SubscriptionStatus.ACTIVE,
        status_reason=StatusReason.NONE,
    )
    if not is_paused(subscription) and subscription.status is not SubscriptionStatus.ACTIVE:
        step.refuse("Resuming")
    if subscription.cancel_at is not None and subscription.cancel_at <= step.now:
        return cancel_reached(step)
    resumed = Transition(subscription=awake, events=(step.tell(SubscriptionResumed, awake),))
    if span is None or step.now < span.ends_at:
        return resumed
    over = _expired_for_good(replace(step, subscription=awake), span)
    return over or join(resumed, _renew(replace(step, subscription=evolve(awake, anchor=step.now))))


def _is_dunning(subscription: Subscription) -> bool:
    return is_awaiting(subscription) and subscription.status is not SubscriptionStatus.PENDING


def _renew(step: Step) -> Transition:
    change = step.subscription.pending_change
    is_unpaid = change is not None and change.effective_at is None
    dropped = drop_change(step) if is_unpaid else step.unchanged()
    begun = replace(step, subscription=dropped.subscription)
    if in_force(dropped.subscription).is_free:
        return join(dropped, _roll(begun))
    return join(dropped, fall_due(begun, InvoiceKind.RENEWAL))


def _roll(step: Step) -> Transition:
    """Go straight to the period that contains now: nothing is to be paid."""
    before = step.subscription
    after = open_containing(in_force(before), step.now)
    renewed = step.tell(SubscriptionRenewed, after)
    return Transition(subscription=after, events=(*changed_event(step, before, after), renewed))
