"""`create` and `transition`: the pure functions that make and move a subscription."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saaskit_core.periods import OutsideCalendar, utc
from saaskit_core.subscriptions import (
    changing,
    ending,
    facts,
    holding,
    paying,
    renewing,
    reporting,
    revising,
    starting,
)
from saaskit_core.subscriptions.model import InvalidSubscription
from saaskit_core.subscriptions.steps import InvalidTransition, Step, Transition

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.policies import Policies

__all__ = ["InvalidTransition", "Transition", "create", "resubscribe", "transition"]


def create(started: facts.Started, *, now: datetime, policies: Policies) -> Transition:
    """Make a subscription: Pending, Trial or Active, with the first invoice when one is due.

    The first invoice of a subscription that starts now is not charged here: the payer is present,
    and the checkout does it. Raises InvalidSubscription, InvalidPeriod.
    """
    try:
        return starting.start(started, now=utc(now), policies=policies)
    except OverflowError:
        raise OutsideCalendar(value=now.isoformat()) from None


def resubscribe(
    previous: Subscription, started: facts.Started, *, now: datetime, policies: Policies
) -> Transition:
    """Make a new subscription for a customer who had one: it knows the ended one by `previous_id`.

    Raises InvalidTransition while the previous one is live (there is one per product group), and
    InvalidSubscription for another customer or group.
    """
    if previous.status.is_live:
        raise InvalidTransition(action="Subscribing again", status=previous.status.value)
    if (previous.customer_id, previous.group) != (started.customer_id, started.group):
        raise InvalidSubscription(problem="the one before is of another customer or product group")
    if started.id == previous.id:
        raise InvalidSubscription(problem="a new subscription needs an id of its own")
    return create(replace(started, previous_id=previous.id), now=now, policies=policies)


def transition(
    subscription: Subscription, fact: facts.Fact, *, now: datetime, policies: Policies
) -> Transition:
    """Apply one fact. Raises InvalidTransition when somebody asks for what doesn't fit the state.

    What a provider reports or time brings and doesn't fit changes nothing (`applied` is False).
    Under the hold of staff or of a dispute, payments and extensions go on beneath it.
    """
    step = Step(subscription=subscription, now=utc(now), policies=policies)
    try:
        return _moved(step, fact)
    except OverflowError:
        raise OutsideCalendar(value=now.isoformat()) from None


def _moved(step: Step, fact: facts.Fact) -> Transition:
    subscription = step.subscription
    if holding.is_held(subscription) and isinstance(fact, BENEATH):
        below = replace(step, subscription=holding.beneath(subscription))
        moved = _apply(below, fact)
        return holding.held_again(subscription, moved) if moved.applied else step.unchanged()
    return _apply(step, fact)


BENEATH = (
    facts.PaymentSucceeded,
    facts.PaymentFailed,
    facts.PaymentActionRequired,
    facts.ChangePaid,
    facts.MethodChanged,
    facts.PriceRevised,
    facts.Extended,
)
"""Facts that concern what lies beneath a hold."""

PLAIN: dict[type[facts.Fact], Callable[[Step], Transition]] = {
    facts.Uncancelled: ending.uncancel,
    facts.ChangeDropped: changing.give_up_change,
    facts.Resumed: renewing.resume,
    facts.SuspendedByAdmin: holding.suspend,
    facts.Reinstated: holding.reinstate,
    facts.StartReached: starting.start_reached,
    facts.PaymentTimedOut: starting.payment_timed_out,
    facts.PeriodEnded: renewing.period_ended,
    facts.CancelReached: ending.cancel_reached,
    facts.PauseReached: holding.pause_reached,
    facts.RetryDue: renewing.retry_due,
    facts.ChangeTimedOut: changing.change_timed_out,
    facts.GraceEnded: renewing.grace_ended,
    facts.DunningEnded: renewing.dunning_ended,
}
"""Facts that say all by their name → their rule."""


def _apply(step: Step, fact: facts.Fact) -> Transition:
    rule = PLAIN.get(type(fact))
    if rule is not None:
        return rule(step)
    return _paid(step, fact) or _terms(step, fact) or _reported(step, fact)


def _terms(step: Step, fact: facts.Fact) -> Transition | None:
    match fact:
        case facts.CancelRequested():
            return ending.cancel(step, fact)
        case facts.ChangeRequested():
            return changing.change(step, fact)
        case facts.Extended():
            return holding.extend(step, fact)
        case facts.Paused():
            return holding.pause(step, fact)
        case facts.TrialEnded():
            return starting.trial_ended(step, fact)
        case _:
            return None


def _paid(step: Step, fact: facts.Fact) -> Transition | None:
    match fact:
        case facts.PaymentSucceeded():
            return paying.succeed(step, fact)
        case facts.PaymentFailed():
            return paying.fail(step, fact)
        case facts.PaymentActionRequired():
            return paying.require_action(step, fact)
        case facts.ChangePaid():
            return changing.change_paid(step, fact)
        case _:
            return None


def _reported(step: Step, fact: facts.Fact) -> Transition:
    match fact:
        case facts.PriceRevised():
            return revising.revise(step, fact)
        case facts.MethodChanged():
            return paying.change_method(step, fact)
        case facts.DisputeOpened():
            return holding.open_dispute(step, fact)
        case facts.DisputeClosed():
            return holding.close_dispute(step, fact)
        case facts.ProviderReported():
            return reporting.follow(step, fact)
        case _:
            raise facts.InvalidFact(fact=repr(fact)[:40], problem="there is no rule for it")
