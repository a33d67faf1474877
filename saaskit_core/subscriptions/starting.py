"""Rules for beginnings: creation, a scheduled start, the first payment, the trial's end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from saaskit_core.periods import Interval, Period, Unit, period_start, utc, zone
from saaskit_core.plans import MAX_TRIAL_DAYS
from saaskit_core.subscriptions.changes import in_force
from saaskit_core.subscriptions.commands import InvoiceKind
from saaskit_core.subscriptions.ending import cancel_reached, expired
from saaskit_core.subscriptions.events import (
    SubscriptionActivated,
    SubscriptionCreated,
    SubscriptionSuspended,
    SubscriptionTrialStarted,
)
from saaskit_core.subscriptions.model import InvalidSubscription, Subscription, evolve, next_period
from saaskit_core.subscriptions.opening import open_containing, open_first
from saaskit_core.subscriptions.policies import TrialWithoutMethod
from saaskit_core.subscriptions.renewing import changed_event, fall_due
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
)
from saaskit_core.subscriptions.terms import Terms

if TYPE_CHECKING:
    from saaskit_core.subscriptions.facts import Started, TrialEnded
    from saaskit_core.subscriptions.policies import Policies


def start(started: Started, *, now: datetime, policies: Policies) -> Transition:
    """Make the subscription and take it as far as it goes without a payment."""
    terms = Terms(price=started.price, quantity=started.quantity, add_ons=started.add_ons)
    _check(started)
    draft = evolve(_draft(started, now), add_ons=terms.add_ons)
    step = Step(subscription=draft, now=now, policies=policies)
    if _starts_at(started, now) > now:
        return _created(step, started, Transition(subscription=draft))
    if started.is_paid and draft.trial_end is None:
        return _created(step, started, _active(step, open_first(draft)))
    return _created(step, started, _begin(step))


def start_reached(step: Step) -> Transition:
    """Begin what was scheduled."""
    subscription = step.subscription
    if subscription.status_reason is not StatusReason.SCHEDULED or step.now < _start(subscription):
        return step.unchanged()
    begun = _begin(step)
    if begun.subscription.status is not SubscriptionStatus.PENDING:
        return begun
    return replace(begun, commands=(*begun.commands, *charge(begun.subscription)))


def payment_timed_out(step: Step) -> Transition:
    """Give up waiting for the first payment."""
    subscription = step.subscription
    until = subscription.pending_until
    if subscription.status is not SubscriptionStatus.PENDING or until is None or step.now < until:
        return step.unchanged()
    return expired(step, StatusReason.PAYMENT_TIMEOUT, at=step.now)


def trial_ended(step: Step, fact: TrialEnded) -> Transition:
    """Bill the first period, or end. At `trial_end` itself the trial is over already."""
    subscription = step.subscription
    ends_at = subscription.trial_end
    if subscription.status is not SubscriptionStatus.TRIAL or ends_at is None or step.now < ends_at:
        return step.unchanged()
    if subscription.billed_by is BilledBy.PROVIDER:
        return step.unchanged()
    if subscription.cancel_at is not None and subscription.cancel_at <= ends_at:
        return cancel_reached(step)
    if not subscription.auto_renew:
        return expired(step, StatusReason.TRIAL_END, at=ends_at)
    if in_force(subscription).is_free:
        after = open_containing(in_force(subscription), step.now)
        changed = changed_event(step, subscription, after)
        return Transition(
            subscription=after, events=(*changed, step.tell(SubscriptionActivated, after))
        )
    return _first_bill(step, fact)


def _first_bill(step: Step, fact: TrialEnded) -> Transition:
    subscription = step.subscription
    has_method = fact.has_method
    if has_method is None:
        has_method = subscription.status_reason is StatusReason.WITH_METHOD
    if has_method or subscription.collection is Collection.TRANSFER:
        return fall_due(step, InvoiceKind.FIRST)
    if step.policies.trial_without_method is TrialWithoutMethod.EXPIRE:
        return expired(step, StatusReason.TRIAL_END, at=subscription.anchor)
    return _suspended(step)


def _suspended(step: Step) -> Transition:
    """Issue the invoice without charging it: there is nothing to charge until a method comes."""
    fallen = fall_due(step, InvoiceKind.FIRST)
    blocked = evolve(
        fallen.subscription,
        status=SubscriptionStatus.SUSPENDED,
        status_reason=StatusReason.PAYMENT,
        failed_attempt=0,
        is_retry_stopped=True,
    )
    return Transition(
        subscription=blocked,
        events=(step.tell(SubscriptionSuspended, blocked),),
        commands=fallen.commands[:1],
    )


def _check(started: Started) -> None:
    zone(started.zone)
    days = started.trial_days
    if type(days) is not int or not 0 <= days <= MAX_TRIAL_DAYS:
        raise InvalidSubscription(problem=f"trial days are 0 to {MAX_TRIAL_DAYS}")
    if started.ends_at is not None and started.price.interval is not None:
        raise InvalidSubscription(problem="only a One-Time purchase has a fixed end")
    if (started.billed_by is BilledBy.PROVIDER) != bool(started.provider_ref):
        raise InvalidSubscription(
            problem="a provider's reference belongs to what the provider bills, and to nothing else"
        )


def _draft(started: Started, now: datetime) -> Subscription:
    begins = _starts_at(started, now)
    trial_end = None
    if started.trial_days:
        trial_end = period_start(begins, Interval(Unit.DAY), started.trial_days, started.zone)
    anchor = trial_end or begins
    term_end = Period(anchor, started.ends_at).ends_at if started.ends_at else None
    trial = StatusReason.WITH_METHOD if started.has_method else StatusReason.WITHOUT_METHOD
    return Subscription(
        id=started.id,
        customer_id=started.customer_id,
        price=started.price,
        quantity=started.quantity,
        group=started.group,
        zone=started.zone,
        anchor=anchor,
        status=SubscriptionStatus.PENDING,
        status_reason=StatusReason.SCHEDULED,
        held_status=SubscriptionStatus.TRIAL if trial_end else None,
        held_reason=trial if trial_end else StatusReason.NONE,
        trial_start=begins if trial_end else None,
        trial_end=trial_end,
        term_end=term_end,
        auto_renew=started.auto_renew,
        billed_by=started.billed_by,
        collection=started.collection,
        provider_ref=started.provider_ref,
        previous_id=started.previous_id,
    )


def _starts_at(started: Started, now: datetime) -> datetime:
    return utc(started.starts_at) if started.starts_at else now


def _start(subscription: Subscription) -> datetime:
    return subscription.trial_start or subscription.anchor


def _created(step: Step, started: Started, begun: Transition) -> Transition:
    event = step.tell(SubscriptionCreated, begun.subscription, previous_id=started.previous_id)
    return replace(begun, events=(event, *begun.events))


def _begin(step: Step) -> Transition:
    draft = step.subscription
    if draft.trial_end is not None:
        return _on_trial(step)
    if draft.is_free:
        return _active(step, open_first(draft))
    return _awaiting_first(step)


def _on_trial(step: Step) -> Transition:
    draft = step.subscription
    begins, ends = draft.trial_start, draft.trial_end
    after = evolve(
        draft,
        status=SubscriptionStatus.TRIAL,
        status_reason=draft.held_reason or StatusReason.WITHOUT_METHOD,
        held_status=None,
        held_reason=StatusReason.NONE,
        period=Period(begins, ends) if begins and ends else None,
    )
    return Transition(subscription=after, events=(step.tell(SubscriptionTrialStarted, after),))


def _active(step: Step, after: Subscription) -> Transition:
    return Transition(subscription=after, events=(step.tell(SubscriptionActivated, after),))


def _awaiting_first(step: Step) -> Transition:
    draft = step.subscription
    span = next_period(draft)
    if span is None and draft.term_end is not None:
        span = Period(draft.anchor, draft.term_end)
    waiting = evolve(
        draft,
        status_reason=awaiting_reason(draft, StatusReason.AWAITING_PAYMENT),
        awaiting_key=invoice_key(draft, InvoiceKind.FIRST, draft.anchor),
        pending_until=step.now + payment_timeout(draft, step.policies),
    )
    issue = bill(waiting, InvoiceKind.FIRST, span, key=waiting.awaiting_key)
    return Transition(subscription=waiting, commands=(issue,))


def payment_timeout(subscription: Subscription, policies: Policies) -> timedelta:
    """Return how long a payment by the payer himself is waited for."""
    if subscription.collection is Collection.TRANSFER:
        return timedelta(days=policies.transfer_timeout_days)
    return timedelta(hours=policies.payment_timeout_hours)
