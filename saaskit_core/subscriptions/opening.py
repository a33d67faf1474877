"""Rules for opening periods: always computed from the anchor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.periods import Period, period, period_index
from saaskit_core.subscriptions.model import evolve, next_index
from saaskit_core.subscriptions.states import StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.steps import SETTLED

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.subscriptions.model import Subscription


def open_first(subscription: Subscription) -> Subscription:
    """Make it Active in the period that begins at its anchor; a One-Time purchase gets its term."""
    return _open(subscription, 0)


def open_next(subscription: Subscription) -> Subscription:
    """Make it Active in the period that follows the current one."""
    return _open(subscription, next_index(subscription))


def open_containing(subscription: Subscription, at: datetime) -> Subscription:
    """Make it Active in the period of its schedule that contains `at`; those before are free."""
    interval = subscription.price.interval
    if interval is None or at < subscription.anchor:
        return open_next(subscription)
    return _open(subscription, period_index(subscription.anchor, interval, at, subscription.zone))


def open_afresh(subscription: Subscription, at: datetime) -> Subscription:
    """Make it Active on a new schedule that begins at `at`."""
    return open_first(evolve(subscription, anchor=at))


def _open(subscription: Subscription, index: int) -> Subscription:
    return evolve(
        subscription,
        **SETTLED,
        status=SubscriptionStatus.ACTIVE,
        status_reason=StatusReason.NONE,
        period_index=index,
        period=_span(subscription, index),
    )


def _span(subscription: Subscription, index: int) -> Period | None:
    interval = subscription.price.interval
    if interval is not None:
        return period(subscription.anchor, interval, index, subscription.zone)
    if subscription.term_end is not None:
        return Period(subscription.anchor, subscription.term_end)
    return None
