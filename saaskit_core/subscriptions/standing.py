"""Where a subscription stands at an instant, and whether the customer gets in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.periods import utc
from saaskit_core.subscriptions.due import due, has_access, next_due_at
from saaskit_core.subscriptions.states import StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.transitions import transition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from saaskit_core.subscriptions.facts import Fact
    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.policies import Policies

MAX_STEPS = 10_000
"""More facts than time can bring to one subscription: whoever needs more has a loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The status at an instant. `since`: when time brought it there; None: as stored."""

    at: datetime
    status: SubscriptionStatus
    reason: StatusReason
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Whether the customer gets in at an instant, and until when if nothing else happens.

    `until` is None where time alone won't change the answer.
    """

    at: datetime
    is_open: bool
    status: SubscriptionStatus
    reason: StatusReason
    until: datetime | None = None


def status_at(subscription: Subscription, *, now: datetime, policies: Policies) -> Standing:
    """Return what the status is, or will have become, at `now` if nothing is reported until then.

    Facts of time that no sweep has applied yet are applied as if on time; no payment is assumed.
    For an instant in the past it is the stored status.
    """
    now, at = utc(now), None
    current = subscription
    for reached, _, after in passing(subscription, until=now, policies=policies):
        if _stands(after) != _stands(current):
            at = reached
        current = after
    return Standing(at=now, status=current.status, reason=current.status_reason, since=at)


def access(subscription: Subscription, *, now: datetime, policies: Policies) -> Access:
    """Tell whether the customer gets in at `now`: a function of status and grace then."""
    now = utc(now)
    current = swept(subscription, now=now, policies=policies)
    is_open = has_access(current, now=now, policies=policies)
    return Access(
        at=now,
        is_open=is_open,
        status=current.status,
        reason=current.status_reason,
        until=_until(current, is_open=is_open, policies=policies),
    )


def swept(subscription: Subscription, *, now: datetime, policies: Policies) -> Subscription:
    """Return the subscription as a sweep that is never late would have left it by `now`."""
    last = subscription
    for _, _, after in passing(subscription, until=now, policies=policies):
        last = after
    return last


def passing(
    subscription: Subscription, *, until: datetime, policies: Policies
) -> Iterator[tuple[datetime, Fact, Subscription]]:
    """Yield what time brings up to an instant: when, which fact, and the subscription after it."""
    until, current = utc(until), subscription
    for _ in range(MAX_STEPS):
        at = next_due_at(current, policies=policies)
        if at is None or at > until:
            return
        fact = due(current, now=at, policies=policies)
        if fact is None:
            return
        moment = until if _only_rolls(current) else at
        moved = transition(current, fact, now=moment, policies=policies)
        if not moved.applied:
            return
        current = moved.subscription
        yield at, fact, current


def _only_rolls(subscription: Subscription) -> bool:
    """A free plan goes from period to period for ever, unless something is planned."""
    is_planned = (
        subscription.cancel_at is not None
        or subscription.pause is not None
        or subscription.pending_change is not None
        or bool(subscription.next_prices)
    )
    return (
        subscription.status is SubscriptionStatus.ACTIVE
        and subscription.is_free
        and subscription.auto_renew
        and subscription.price.is_recurring
        and not is_planned
    )


def _stands(subscription: Subscription) -> tuple[SubscriptionStatus, StatusReason]:
    return subscription.status, subscription.status_reason


def _until(current: Subscription, *, is_open: bool, policies: Policies) -> datetime | None:
    """Follow time until the answer changes."""
    for _ in range(MAX_STEPS):
        at = next_due_at(current, policies=policies)
        if at is None or _only_rolls(current):
            return None
        current = swept(current, now=at, policies=policies)
        if has_access(current, now=at, policies=policies) is not is_open:
            return at
    return None
