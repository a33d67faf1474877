"""Dunning: when a failed renewal is tried again, and when it is given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.subscriptions.renewing import dunning_end_at, next_retry_at

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.policies import Policies


def next_attempt_at(subscription: Subscription, *, policies: Policies) -> datetime | None:
    """Return when the open renewal is charged next; None when no retry is planned.

    A hard decline stops the schedule; a new method charges at once, whatever the schedule says.
    """
    return next_retry_at(subscription, policies)


def gives_up_at(subscription: Subscription, *, policies: Policies) -> datetime | None:
    """Return when the open renewal is written off and the subscription ends; None without one."""
    return dunning_end_at(subscription, policies)
