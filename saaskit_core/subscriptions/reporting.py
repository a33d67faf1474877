"""The rule for subscriptions that a provider bills: its facts move them, we only follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.subscriptions.events import (
    SubscriptionActivated,
    SubscriptionEnded,
    SubscriptionEvent,
    SubscriptionPastDue,
    SubscriptionRenewed,
    SubscriptionSuspended,
    SubscriptionTrialStarted,
)
from saaskit_core.subscriptions.model import evolve
from saaskit_core.subscriptions.states import REASONS, BilledBy, StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.steps import Step, Transition

if TYPE_CHECKING:
    from saaskit_core.subscriptions.facts import ProviderReported
    from saaskit_core.subscriptions.model import Subscription


def follow(step: Step, fact: ProviderReported) -> Transition:
    """Take over the provider's state unless a newer one was seen; what has ended stays ended."""
    before = step.subscription
    if before.billed_by is BilledBy.ENGINE or before.status.is_terminal:
        return step.unchanged()
    if fact.version <= before.provider_version or fact.reason not in REASONS[fact.status]:
        return step.unchanged()
    after = evolve(
        before,
        status=fact.status,
        status_reason=fact.reason,
        period=fact.period or before.period,
        provider_version=fact.version,
        ended_at=step.now if fact.status.is_terminal else None,
        held_status=None,
        held_reason=StatusReason.NONE,
    )
    return Transition(subscription=after, events=_events(step, before, after))


def _events(step: Step, before: Subscription, after: Subscription) -> tuple[SubscriptionEvent, ...]:
    if after.status is SubscriptionStatus.RENEWAL_PENDING:
        return (step.tell(SubscriptionPastDue, after, attempt=0, is_hard=False),)
    if after.status is before.status is SubscriptionStatus.ACTIVE:
        is_same = after.period == before.period
        return () if is_same else (step.tell(SubscriptionRenewed, after),)
    kind = _KINDS.get(after.status)
    return (step.tell(kind, after),) if kind and after.status is not before.status else ()


_KINDS: dict[SubscriptionStatus, type[SubscriptionEvent]] = {
    SubscriptionStatus.TRIAL: SubscriptionTrialStarted,
    SubscriptionStatus.ACTIVE: SubscriptionActivated,
    SubscriptionStatus.SUSPENDED: SubscriptionSuspended,
    SubscriptionStatus.CANCELLED: SubscriptionEnded,
    SubscriptionStatus.EXPIRED: SubscriptionEnded,
}
