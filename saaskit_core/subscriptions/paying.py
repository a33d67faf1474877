"""Rules for what providers report of the open invoice's payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.subscriptions.changes import in_force
from saaskit_core.subscriptions.events import (
    SubscriptionActionRequired,
    SubscriptionActivated,
    SubscriptionEvent,
    SubscriptionPastDue,
    SubscriptionRecovered,
    SubscriptionRenewed,
)
from saaskit_core.subscriptions.model import evolve, next_period
from saaskit_core.subscriptions.opening import (
    open_afresh,
    open_containing,
    open_first,
    open_next,
)
from saaskit_core.subscriptions.policies import Recovery
from saaskit_core.subscriptions.renewing import changed_event
from saaskit_core.subscriptions.states import Collection, StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.steps import (
    Step,
    Transition,
    awaiting_reason,
    charge,
    is_awaiting,
)

if TYPE_CHECKING:
    from saaskit_core.subscriptions.facts import (
        MethodChanged,
        PaymentActionRequired,
        PaymentFailed,
        PaymentSucceeded,
    )
    from saaskit_core.subscriptions.model import Subscription


def succeed(step: Step, fact: PaymentSucceeded) -> Transition:
    """Open the paid period: the first, the next, or after a late payment that of today."""
    before = step.subscription
    if not _is_about(before, fact.invoice_key):
        return step.unchanged()
    if before.status is SubscriptionStatus.PENDING:
        after = _first(step)
        return Transition(subscription=after, events=(step.tell(SubscriptionActivated, after),))
    after = _recovered(step)
    events = (*changed_event(step, before, after), *_renewal_events(step, after))
    return Transition(subscription=after, events=events)


def fail(step: Step, fact: PaymentFailed) -> Transition:
    """Note the failed attempt; a hard decline stops the retries until there is a new method."""
    before = step.subscription
    if not _is_about(before, fact.invoice_key) or fact.attempt <= before.failed_attempt:
        return step.unchanged()
    after = evolve(
        before,
        status_reason=_reason_after_failure(before),
        attempt=max(before.attempt, fact.attempt),
        failed_attempt=fact.attempt,
        is_retry_stopped=fact.is_hard,
    )
    event = step.tell(SubscriptionPastDue, after, attempt=fact.attempt, is_hard=fact.is_hard)
    is_first = before.status is SubscriptionStatus.PENDING
    return Transition(subscription=after, events=() if is_first else (event,))


def require_action(step: Step, fact: PaymentActionRequired) -> Transition:
    """Note that the payer must do something."""
    before = step.subscription
    if not _is_about(before, fact.invoice_key) or fact.attempt <= before.failed_attempt:
        return step.unchanged()
    if before.status is SubscriptionStatus.SUSPENDED:
        return step.unchanged()
    after = evolve(before, status_reason=StatusReason.REQUIRES_ACTION)
    if after == before:
        return step.unchanged()
    event = step.tell(SubscriptionActionRequired, after)
    return Transition(subscription=after, events=(event,))


def change_method(step: Step, fact: MethodChanged) -> Transition:
    """Note a trial's method; a new one charges the failed invoice at once."""
    before = step.subscription
    if before.status is SubscriptionStatus.TRIAL:
        return _noted(step, evolve(before, status_reason=_trial_reason(fact)))
    if before.held_status is SubscriptionStatus.TRIAL:
        return _noted(step, evolve(before, held_reason=_trial_reason(fact)))
    if fact.has_method and _is_waiting_for_method(before):
        return _retried(step)
    return step.unchanged()


def _is_about(subscription: Subscription, key: str) -> bool:
    return bool(key) and key == subscription.awaiting_key and is_awaiting(subscription)


def _first(step: Step) -> Subscription:
    """A transfer that arrives after the invoiced period is over begins a new schedule instead."""
    before = step.subscription
    opened = open_first(before)
    if opened.period is not None and opened.period.ends_at <= step.now and before.term_end is None:
        return open_afresh(before, step.now)
    return opened


def _recovered(step: Step) -> Subscription:
    """Keep the anchor, except where the policy resets it after a suspension.

    A period that was over before its invoice was even issued is opened all the same: then the sweep
    was late, not the payer, and the following periods are due one by one.
    """
    before = step.subscription
    terms = in_force(before)
    is_blocked = before.status is SubscriptionStatus.SUSPENDED
    if is_blocked and step.policies.recovery is Recovery.RESET_ANCHOR:
        return open_afresh(terms, step.now)
    awaited = next_period(terms)
    if awaited is None or before.past_due_since is None:
        return open_next(terms)
    if step.now < awaited.ends_at or awaited.ends_at <= before.past_due_since:
        return open_next(terms)
    return open_containing(terms, step.now)


def _renewal_events(step: Step, after: Subscription) -> tuple[SubscriptionEvent, ...]:
    before = step.subscription
    ended = before.period.ends_at if before.period else None
    is_first = ended is None or ended == before.trial_end
    kind = SubscriptionActivated if is_first else SubscriptionRenewed
    done = (step.tell(kind, after),)
    if before.failed_attempt < 0 and before.status is not SubscriptionStatus.SUSPENDED:
        return done
    return (step.tell(SubscriptionRecovered, after), *done)


def _reason_after_failure(subscription: Subscription) -> StatusReason:
    match subscription.status:
        case SubscriptionStatus.SUSPENDED:
            return StatusReason.PAYMENT
        case SubscriptionStatus.PENDING:
            return awaiting_reason(subscription, StatusReason.AWAITING_PAYMENT)
        case _:
            return awaiting_reason(subscription, StatusReason.RETRYING)


def _trial_reason(fact: MethodChanged) -> StatusReason:
    return StatusReason.WITH_METHOD if fact.has_method else StatusReason.WITHOUT_METHOD


def _noted(step: Step, after: Subscription) -> Transition:
    if after == step.subscription:
        return step.unchanged()
    return Transition(subscription=after)


def _is_waiting_for_method(subscription: Subscription) -> bool:
    """Only after the newest attempt has failed: one on its way is never doubled."""
    return (
        is_awaiting(subscription)
        and subscription.status is not SubscriptionStatus.PENDING
        and subscription.collection is Collection.AUTOMATIC
        and subscription.failed_attempt >= subscription.attempt
    )


def _retried(step: Step) -> Transition:
    before = step.subscription
    after = evolve(before, attempt=before.attempt + 1, is_retry_stopped=False)
    return Transition(subscription=after, commands=charge(after))
