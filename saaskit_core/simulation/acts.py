"""What customers do of their own accord, and staff and banks to them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from saaskit_core.billing.quotes import ChangeFacts, Settlement, quote_change
from saaskit_core.money import Money
from saaskit_core.payments.decisions import apply_dispute, refundable
from saaskit_core.simulation.books import net_of_period, paid, refund
from saaskit_core.simulation.charging import DAY, bring_method
from saaskit_core.simulation.lives import Payment
from saaskit_core.simulation.steps import settle_down
from saaskit_core.subscriptions.changes import ChangeRefused
from saaskit_core.subscriptions.facts import (
    CancelRequested,
    CancelWhen,
    ChangeRequested,
    DisputeClosed,
    DisputeOpened,
    Extended,
    Paused,
    Resumed,
    Uncancelled,
)
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_core.subscriptions.steps import InvalidTransition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from saaskit_core.plans import Price
    from saaskit_core.simulation.lives import Life
    from saaskit_core.subscriptions.model import Subscription

CHANGEABLE = (SubscriptionStatus.TRIAL, SubscriptionStatus.ACTIVE)
"""A change, a cancellation for later, a pause: only from here."""


def act(life: Life, name: object) -> None:
    """Do what the month brings, if the customer is subscribed."""
    subscription = life.subscription
    if subscription is not None and subscription.status.is_live:
        ACTS[str(name)](life, subscription)


def _upgrade(life: Life, subscription: Subscription) -> None:
    _change_to(life, subscription, life.world.market.above.get(subscription.price.id, ()))


def _downgrade(life: Life, subscription: Subscription) -> None:
    _change_to(life, subscription, life.world.market.below.get(subscription.price.id, ()))


def _change_to(life: Life, subscription: Subscription, prices: Sequence[Price]) -> None:
    if prices:
        _change(life, subscription, prices[life.stream.below(len(prices))], subscription.quantity)


def _change_quantity(life: Life, subscription: Subscription) -> None:
    quantity = life.world.market.quantities.pick(life.stream)
    if subscription.price.is_recurring and quantity != subscription.quantity:
        _change(life, subscription, subscription.price, quantity)


def _change(life: Life, subscription: Subscription, price: Price, quantity: int) -> None:
    """Quote it, ask for it, pay it. The payer is present, so he has a card."""
    pending = subscription.pending_change
    is_unpaid = pending is not None and pending.effective_at is None
    if subscription.status not in CHANGEABLE or is_unpaid or life.under_way is not None:
        return
    trial_days = life.world.market.plans[price.plan].trial_days
    try:
        quote = quote_change(_facts(life, subscription, price, quantity, trial_days))
    except (ChangeRefused, InvalidTransition):
        life.count("refused")
        return
    if not life.method:
        bring_method(life)
        settle_down(life)
    life.change_draft = quote.invoice
    life.count(f"{quote.change_type.value}s")
    life.tell(f"change to {price.id} × {quantity}")
    life.inbox.append(ChangeRequested(price=price, quantity=quantity, trial_days=trial_days))


def _facts(
    life: Life, subscription: Subscription, price: Price, quantity: int, trial_days: int
) -> ChangeFacts:
    span = subscription.period
    return ChangeFacts(
        subscription=subscription,
        price=price,
        quantity=quantity,
        now=life.now,
        policies=life.world.policies,
        trial_days=trial_days,
        current_net=net_of_period(life, subscription, span) if span else None,
        coupons=life.coupons,
        settlement=Settlement(wallet=Money(life.wallet, life.currency)),
    )


def _pause(life: Life, subscription: Subscription) -> None:
    """Half of the pauses have an end; the others last until the customer comes back."""
    span = subscription.period
    if subscription.status is not SubscriptionStatus.ACTIVE or span is None:
        return
    if subscription.cancel_at is not None or subscription.pause is not None:
        return
    back_at = span.ends_at + timedelta(seconds=life.stream.between(DAY, 90 * DAY))
    is_planned = bool(life.stream.below(2))
    life.count("pauses")
    life.inbox.append(Paused(resumes_at=back_at if is_planned else None))
    if not is_planned:
        life.plan(back_at, _resume, subscription.id)


def _resume(life: Life, subscription_id: object) -> None:
    subscription = life.subscription
    if subscription is None or subscription.id != subscription_id or subscription.pause is None:
        return
    life.inbox.append(Resumed())


def _cancel(life: Life, subscription: Subscription) -> None:
    """At the period's end; some think better of it before."""
    if subscription.cancel_at is not None:
        return
    life.count("cancellations")
    life.inbox.append(CancelRequested())
    span = subscription.period
    if subscription.status in CHANGEABLE and span is not None and life.happens("uncancel"):
        left = max(int((span.ends_at - life.now).total_seconds()), 1)
        later = life.now + timedelta(seconds=life.stream.below(left))
        life.plan(later, _uncancel, subscription.id)


def _uncancel(life: Life, subscription_id: object) -> None:
    subscription = life.subscription
    if subscription is None or subscription.id != subscription_id:
        return
    if subscription.cancel_at is not None and subscription.status in CHANGEABLE:
        life.count("uncancellations")
        life.inbox.append(Uncancelled())


def _cancel_now(life: Life, subscription: Subscription) -> None:  # noqa: ARG001 (one of the acts)
    life.count("cancellations")
    life.inbox.append(CancelRequested(when=CancelWhen.NOW))


def _refund(life: Life, subscription: Subscription) -> None:  # noqa: ARG001 (one of the acts)
    payment = _newest_payment(life)
    if payment is None:
        return
    whole = refundable(payment.facts)
    is_whole = bool(life.stream.below(2))
    part = whole.minor if is_whole else life.stream.between(1, whole.minor)
    refund(life, payment, Money(part, whole.currency))


def _extend(life: Life, subscription: Subscription) -> None:
    span = subscription.period
    if span is None or life.under_way is not None:
        return
    days = life.stream.between(1, 30)
    to = max(span.ends_at, life.now) + timedelta(days=days)
    life.count("extensions")
    life.inbox.append(Extended(to=to, reason=f"{days} days as a favour"))


def _dispute(life: Life, subscription: Subscription) -> None:
    payment = _newest_payment(life)
    if payment is None or subscription.dispute_id:
        return
    _mark(life, payment, is_disputed=True)
    life.count("disputes")
    life.inbox.append(DisputeOpened(dispute_id=payment.facts.id))
    later = timedelta(seconds=life.stream.between(7 * DAY, 60 * DAY))
    life.plan(life.now + later, _close_dispute, payment)


def _close_dispute(life: Life, payment: object) -> None:
    """A dispute that is lost takes the money back."""
    if not isinstance(payment, Payment):
        return
    is_won = life.happens("dispute_won")
    _mark(life, payment, is_disputed=False)
    left = refundable(payment.facts)
    if not is_won and left:
        refund(life, payment, left)
    life.inbox.append(DisputeClosed(dispute_id=payment.facts.id, is_won=is_won))


def _mark(life: Life, payment: Payment, *, is_disputed: bool) -> None:
    facts = payment.facts
    change = apply_dispute(
        facts, is_disputed=is_disputed, version=facts.version + 1, occurred_at=life.now
    )
    payment.facts = change.facts


def _newest_payment(life: Life) -> Payment | None:
    for payment in reversed(paid(life)):
        if refundable(payment.facts) and not payment.facts.is_disputed:
            return payment
    return None


ACTS: dict[str, Callable[[Life, Subscription], None]] = {
    "upgrade": _upgrade,
    "downgrade": _downgrade,
    "quantity_change": _change_quantity,
    "pause": _pause,
    "cancel": _cancel,
    "cancel_now": _cancel_now,
    "refund": _refund,
    "extension": _extend,
    "dispute": _dispute,
}
"""Name of a monthly rate → what it does."""
