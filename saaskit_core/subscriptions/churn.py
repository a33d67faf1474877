"""When a subscription counts as lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.subscriptions.policies import ChurnCounted

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.policies import Policies


def churned_at(subscription: Subscription, *, policies: Policies) -> datetime | None:
    """Return the instant at which it counts as lost; None while it doesn't.

    By the policy `period-end` that is its end. By `at-cancel` it is the request that led to the
    end, even if the end is still to come; withdrawn, it doesn't count. What ended without a request
    (dunning, a term, a dispute) counts at its end by either.
    """
    asked = subscription.cancel_requested_at
    if policies.churn is ChurnCounted.AT_CANCEL and asked is not None:
        return asked
    return subscription.ended_at
