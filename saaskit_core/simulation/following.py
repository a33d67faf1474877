"""What follows from a step for the figures: statuses, plans, recurring revenue."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.analytics.movements import RevenueChange
from saaskit_core.analytics.revenue import RevenueLine, is_counted, recurring_amount
from saaskit_core.subscriptions.states import StatusReason, SubscriptionStatus

if TYPE_CHECKING:
    from saaskit_core.money import Money
    from saaskit_core.simulation.lives import Life
    from saaskit_core.subscriptions.model import Subscription


def follow(life: Life) -> None:
    """Count where the customer stands once all that happened at this instant has happened.

    A renewal that is paid at once changes nothing of it.
    """
    before, after = life.followed, life.subscription
    if after is None or before is after:
        return
    life.followed = after
    if before is not None and before.id != after.id:
        before = None
    _count_status(life, before, after)
    _follow_revenue(life, before, after)


def count_turn(life: Life, after: Subscription) -> None:
    """Count a suspension for non-payment, or an end, as it happens."""
    if after.status is SubscriptionStatus.SUSPENDED and after.status_reason is StatusReason.PAYMENT:
        life.count("dunning_suspended")
        if after.awaiting_key in life.bills:
            life.bills[after.awaiting_key].was_suspended = True
    elif after.status.is_terminal:
        life.count("ended")
        life.count(f"ended_{after.status_reason}")


def _count_status(life: Life, before: Subscription | None, after: Subscription) -> None:
    new = _bucket(after)
    old = _bucket(before) if before is not None else ""
    if before is not None and old == new and before.price is after.price:
        return
    statuses, plans = life.tally.statuses, life.tally.plans
    if before is not None:
        statuses[old][life.month] -= 1
        plans[before.price.plan][life.month] -= before.status.is_live
    statuses[new][life.month] += 1
    plans[after.price.plan][life.month] += after.status.is_live


def _bucket(subscription: Subscription) -> str:
    if subscription.status_reason is StatusReason.PAUSED:
        return "Paused"
    return str(subscription.status)


def _follow_revenue(life: Life, before: Subscription | None, after: Subscription) -> None:
    """Note from when on the subscription brings another amount per month."""
    counts = is_counted(after)
    if before is not None and counts == is_counted(before) and not _differs(before, after, counts):
        return
    amount = _recurring(life, after) if counts else None
    monthly = Fraction(0)
    if amount is not None and after.price.interval is not None:
        monthly = amount.minor / after.price.interval.months
    delta = monthly - life.monthly
    key = (life.currency, after.plan)
    _close_line(life, before)
    life.monthly = monthly
    if amount is not None and after.price.interval is not None:
        life.line = RevenueLine(
            subscription_id=after.id,
            customer_id=life.id,
            amount=amount,
            interval=after.price.interval,
            starts_at=life.now,
        )
        life.tally.mrr[key][life.month] += monthly
    if delta:
        _note_change(life, delta)


def _differs(before: Subscription, after: Subscription, counts: object) -> bool:
    is_same = before.price is after.price and before.quantity == after.quantity
    return bool(counts) and not is_same


def _close_line(life: Life, before: Subscription | None) -> None:
    line = life.line
    if line is None or before is None:
        return
    life.lines.append(replace(line, ends_at=life.now))
    life.tally.mrr[life.currency, before.plan][life.month] -= life.monthly
    life.line = None


def _note_change(life: Life, delta: Fraction) -> None:
    life.changes.append(
        RevenueChange(at=life.now, customer_id=life.id, currency=life.currency, monthly=delta)
    )
    was_paying = life.monthly != delta
    if was_paying != bool(life.monthly):
        change = 1 if life.monthly else -1
        life.paying[life.month] = life.paying.get(life.month, 0) + change
    life.tell(f"mrr {life.monthly}")


def _recurring(life: Life, subscription: Subscription) -> Money:
    fitting = (
        each.coupon
        for each in life.coupons
        if not each.coupon.plans or subscription.plan in each.coupon.plans
    )
    return recurring_amount(
        subscription.price,
        subscription.quantity,
        coupons=fitting,
        policy=life.world.policies.coupons_in_mrr,
    )
