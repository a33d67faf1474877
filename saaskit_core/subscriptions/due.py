"""What time has made happen: asked by the sweep, one fact at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.periods import OutsideCalendar, utc
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.changing import change_timeout_at
from saaskit_core.subscriptions.holding import is_paused
from saaskit_core.subscriptions.renewing import dunning_end_at, next_retry_at
from saaskit_core.subscriptions.states import BilledBy, StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.policies import Policies

Due = facts.Timed | facts.Resumed
_Planned = tuple["datetime", Due]


def due(
    subscription: Subscription, *, now: datetime, policies: Policies, is_charging: bool = False
) -> Due | None:
    """Return the next thing that time has brought by `now`, or None.

    Apply it with `transition` and ask again until None. `is_charging` says that a charge of the
    open invoice is on its way without the payer having to do anything: then neither a retry nor the
    end of dunning is due. What the provider bills is never due.
    """
    now = utc(now)
    reached = [
        plan for plan in _plans(subscription, policies, is_charging=is_charging) if plan[0] <= now
    ]
    return min(reached, key=lambda plan: plan[0])[1] if reached else None


def next_due_at(
    subscription: Subscription, *, policies: Policies, is_charging: bool = False
) -> datetime | None:
    """Return the earliest instant at which `due` will answer something; None when never."""
    plans = _plans(subscription, policies, is_charging=is_charging)
    return min((at for at, _ in plans), default=None)


def has_access(subscription: Subscription, *, now: datetime, policies: Policies) -> bool:
    """Tell whether the plan's features are open: a pure function of status and grace."""
    match subscription.status:
        case SubscriptionStatus.TRIAL | SubscriptionStatus.ACTIVE:
            return True
        case SubscriptionStatus.RENEWAL_PENDING:
            until = subscription.grace_until
            return policies.grace_gives_access and until is not None and utc(now) < until
        case _:
            return False


def _plans(
    subscription: Subscription, policies: Policies, *, is_charging: bool
) -> Iterator[_Planned]:
    """Everything time will bring; of one instant, the first goes first. Raises OutsideCalendar."""
    try:
        yield from _planned(subscription, policies, is_charging=is_charging)
    except OverflowError:
        raise OutsideCalendar(value="what is due next") from None


def _planned(
    subscription: Subscription, policies: Policies, *, is_charging: bool
) -> Iterator[_Planned]:
    if subscription.status.is_terminal or subscription.billed_by is BilledBy.PROVIDER:
        return
    if subscription.cancel_at is not None:
        yield subscription.cancel_at, facts.CancelReached()
    match subscription.status:
        case SubscriptionStatus.PENDING:
            yield from _of_pending(subscription)
        case SubscriptionStatus.TRIAL | SubscriptionStatus.ACTIVE:
            yield from _of_running(subscription, policies)
        case SubscriptionStatus.RENEWAL_PENDING | SubscriptionStatus.SUSPENDED:
            yield from _of_blocked(subscription, policies, is_charging=is_charging)


def _of_pending(subscription: Subscription) -> Iterator[_Planned]:
    if subscription.status_reason is StatusReason.SCHEDULED:
        yield subscription.trial_start or subscription.anchor, facts.StartReached()
    if subscription.pending_until is not None:
        yield subscription.pending_until, facts.PaymentTimedOut()


def _of_running(subscription: Subscription, policies: Policies) -> Iterator[_Planned]:
    step = Step(subscription=subscription, now=subscription.anchor, policies=policies)
    timeout = change_timeout_at(step)
    if timeout is not None:
        yield timeout, facts.ChangeTimedOut()
    if subscription.status is SubscriptionStatus.TRIAL:
        if subscription.trial_end is not None:
            yield subscription.trial_end, facts.TrialEnded()
        return
    if subscription.pause is not None:
        yield subscription.pause.starts_at, facts.PauseReached()
    if subscription.period is not None:
        yield subscription.period.ends_at, facts.PeriodEnded()


def _of_blocked(
    subscription: Subscription, policies: Policies, *, is_charging: bool
) -> Iterator[_Planned]:
    if is_paused(subscription):
        if subscription.pause is not None and subscription.pause.resumes_at is not None:
            yield subscription.pause.resumes_at, facts.Resumed()
        return
    if subscription.status is SubscriptionStatus.RENEWAL_PENDING and subscription.grace_until:
        yield subscription.grace_until, facts.GraceEnded()
    if is_charging:
        return
    retry, end = next_retry_at(subscription, policies), dunning_end_at(subscription, policies)
    if retry is not None:
        yield retry, facts.RetryDue()
    if end is not None:
        yield end, facts.DunningEnded()
