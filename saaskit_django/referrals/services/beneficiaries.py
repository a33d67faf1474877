"""Who would be rewarded, and how he stands with us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saaskit_core.periods import add_months
from saaskit_core.referrals import Beneficiary, PaidTime, ReferralRewardType, Side, Standing
from saaskit_core.subscriptions.states import BilledBy, SubscriptionStatus
from saaskit_django.customers.services import billing_now
from saaskit_django.subscriptions.selectors import live_subscription

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_django.customers.models import Customer
    from saaskit_django.referrals.models import ReferralTransaction
    from saaskit_django.subscriptions.models import Subscription


def beneficiaries_of(row: ReferralTransaction, *, now: datetime) -> dict[Side, Beneficiary]:
    """Return how both sides stand now."""
    programme = row.programme.to_core()
    sides = (
        (Side.REFERRER, row.referrer, row.referral_code.user_id),
        (Side.REFERRED, row.referred, row.referred_user_id),
    )
    found: dict[Side, Beneficiary] = {}
    for side, customer, user_id in sides:
        reward = programme.reward_of(side)
        if reward is not None:
            wants_time = reward.type is ReferralRewardType.FREE_MONTH
            found[side] = _beneficiary(customer, user_id, wants_time=wants_time, now=now)
    return found


def time_of(customer: Customer, *, now: datetime) -> tuple[Subscription, PaidTime] | None:
    """Return the subscription that free months are for, None when there is none now."""
    row = live_subscription(customer)
    if row is None or row.status != SubscriptionStatus.ACTIVE or row.end_date is None:
        return None
    price = row.price.to_core()
    paid = PaidTime(
        price=price.amount * row.quantity,
        interval=price.interval,
        period_ends_at=row.end_date,
        zone=row.timezone,
        is_ours=row.billed_by == BilledBy.ENGINE,
    )
    is_late = add_months(row.end_date, 1, row.timezone) <= billing_now(customer, now)
    return None if is_late or not paid.can_take_months else (row, paid)


def _beneficiary(
    customer: Customer, user_id: Any, *, wants_time: bool, now: datetime
) -> Beneficiary:
    return Beneficiary(
        standing=_standing(customer, user_id),
        can_take_months=wants_time and time_of(customer, now=now) is not None,
    )


def _standing(customer: Customer, user_id: Any) -> Standing:
    """A person who was erased has no user here any more; a closed user may be opened again."""
    if user_id is None:
        return Standing.DELETED
    if customer.user_id is not None and not getattr(customer.user, "is_active", True):
        return Standing.SUSPENDED
    subscription = live_subscription(customer)
    is_suspended = subscription is not None and subscription.status == SubscriptionStatus.SUSPENDED
    return Standing.SUSPENDED if is_suspended else Standing.ACTIVE
