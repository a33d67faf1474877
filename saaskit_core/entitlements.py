"""Which plans count for a customer now: from his subscriptions to what is granted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saaskit_core.features.windows import is_in_force
from saaskit_core.periods import utc
from saaskit_core.subscriptions.due import has_access
from saaskit_core.subscriptions.states import SubscriptionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from saaskit_core.features import Grant
    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.policies import Policies


def grants_of(
    subscriptions: Iterable[Subscription],
    *,
    plans: Mapping[str, Grant],
    default: Grant | None = None,
    now: datetime,
    policies: Policies,
) -> tuple[Grant, ...]:
    """Return what several subscriptions grant at `now`: `plans` holds what each plan gives, by key.

    On trial or active it is the plan's; past due it is too until the grace ends, and stale;
    cancelled for the period's end it is until then, without a sweep having to run; ended or
    suspended it is nothing. Without any plan, add-ons aside, the default plan counts. A grant that
    will end says so, so that what is compiled from it is not kept for longer.
    """
    now = utc(now)
    found = [
        grant
        for subscription in subscriptions
        if has_access(subscription, now=now, policies=policies)
        and (grant := _grant(subscription, plans)) is not None
        and is_in_force(grant, now)
    ]
    if default is not None and all(grant.is_addon for grant in found):
        found.insert(0, default)
    return tuple(found)


def _grant(subscription: Subscription, plans: Mapping[str, Grant]) -> Grant | None:
    plan = plans.get(subscription.plan)
    if plan is None:
        return None
    is_stale = subscription.status is SubscriptionStatus.RENEWAL_PENDING
    grace_end = subscription.grace_until if is_stale else None
    ends = [end for end in (plan.ends_at, subscription.cancel_at, grace_end) if end is not None]
    return replace(plan, is_stale=is_stale, ends_at=min(ends, default=None))
