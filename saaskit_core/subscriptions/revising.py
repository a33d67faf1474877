"""Rules for new versions of a price: who follows, and when; the others are grandfathered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saaskit_core.plans import ChangeType
from saaskit_core.subscriptions.changes import direction, followed, in_force
from saaskit_core.subscriptions.changing import change
from saaskit_core.subscriptions.events import SubscriptionChangeScheduled
from saaskit_core.subscriptions.facts import ChangeRequested
from saaskit_core.subscriptions.model import NextPrice, evolve, next_period
from saaskit_core.subscriptions.policies import ChangeTiming, PriceChange
from saaskit_core.subscriptions.renewing import changed_event
from saaskit_core.subscriptions.states import BilledBy, SubscriptionStatus
from saaskit_core.subscriptions.steps import Step, Transition, join

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.plans import Price
    from saaskit_core.subscriptions.facts import PriceRevised
    from saaskit_core.subscriptions.model import Subscription


def revise(step: Step, fact: PriceRevised) -> Transition:
    """Note the new version for the next period, and by the policy `now` change to it at once.

    What is billed already stays as it is: the open period, and the one whose invoice is open.
    """
    subscription = step.subscription
    policy = fact.policy or step.policies.price_change
    if policy is PriceChange.NEVER or not _concerns(subscription, fact.price):
        return step.unchanged()
    effective_at = _next_boundary(subscription)
    if effective_at is None:
        return step.unchanged()
    if policy is PriceChange.NOW and subscription.status is SubscriptionStatus.TRIAL:
        return _switched(step, fact.price)
    noted = _noted(step, fact.price, effective_at)
    if policy is PriceChange.NEXT_PERIOD or not _can_change(noted.subscription, step.now):
        return noted
    return join(noted, _changed(replace(step, subscription=noted.subscription), fact.price))


def _concerns(subscription: Subscription, price: Price) -> bool:
    """Only what it has, or is going to have, in an older version; each version is noted once."""
    if subscription.status.is_terminal or subscription.billed_by is BilledBy.PROVIDER:
        return False
    if price.interval is None:
        return False
    noted = [each.price for each in subscription.next_prices]
    if any(price == each or each.supersedes(price) for each in noted):
        return False
    return any(price.supersedes(each) for each in _held(subscription))


def _held(subscription: Subscription) -> list[Price]:
    change = subscription.pending_change
    pending = [change.price, *(each.price for each in change.add_ons)] if change else []
    return [subscription.price, *(each.price for each in subscription.add_ons), *pending]


def _next_boundary(subscription: Subscription) -> datetime | None:
    """Return the end of what is billed already; None when nothing will be billed again."""
    span = subscription.period
    if span is not None and not subscription.awaiting_key:
        return span.ends_at
    awaited = next_period(in_force(subscription))
    return awaited.ends_at if awaited else None


def _noted(step: Step, price: Price, effective_at: datetime) -> Transition:
    before = step.subscription
    others = tuple(each for each in before.next_prices if not price.supersedes(each.price))
    after = evolve(before, next_prices=(*others, NextPrice(price=price, effective_at=effective_at)))
    event = step.tell(
        SubscriptionChangeScheduled,
        after,
        new_price_id=price.id,
        new_quantity=after.quantity,
        effective_at=effective_at.isoformat(),
    )
    return Transition(subscription=after, events=(event,))


def _can_change(subscription: Subscription, now: datetime) -> bool:
    """A change that the customer has asked for, or his cancellation, goes first."""
    span = subscription.period
    return (
        subscription.status is SubscriptionStatus.ACTIVE
        and subscription.cancel_at is None
        and subscription.pending_change is None
        and span is not None
        and now < span.ends_at
    )


def _changed(step: Step, price: Price) -> Transition:
    """Credit the rest at the old version and charge it at the new one; less stays as credit."""
    subscription = step.subscription
    terms = followed(subscription.terms, [price])
    is_less = direction(subscription, terms) is ChangeType.DOWNGRADE
    timing = ChangeTiming.NOW_WITH_CREDIT if is_less else ChangeTiming.NOW_WITH_INVOICE
    wanted = ChangeRequested(price=terms.price, add_ons=terms.add_ons, timing=timing)
    return change(step, wanted)


def _switched(step: Step, price: Price) -> Transition:
    """A trial has paid nothing: nothing is to be credited or charged."""
    before = step.subscription
    terms = followed(before.terms, [price])
    after = evolve(before, price=terms.price, add_ons=terms.add_ons)
    return Transition(subscription=after, events=changed_event(step, before, after))
