"""What must hold after every step of every life, and at its end. Each names what it found wrong."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.analytics.movements import movements
from saaskit_core.analytics.mrr import mrr
from saaskit_core.simulation.lives import BillStatus
from saaskit_core.subscriptions.commands import InvoiceKind
from saaskit_core.subscriptions.due import has_access
from saaskit_core.subscriptions.states import REASONS, SubscriptionStatus
from saaskit_core.subscriptions.steps import is_awaiting

if TYPE_CHECKING:
    from saaskit_core.analytics.movements import Movement
    from saaskit_core.simulation.lives import Bill, Life
    from saaskit_core.subscriptions.model import Subscription

OPEN_DOORS = frozenset({SubscriptionStatus.TRIAL, SubscriptionStatus.ACTIVE})


def check_step(life: Life, before: Subscription, after: Subscription) -> None:
    """Check one transition: ends stay, reasons fit, access follows from status and grace."""
    if before.status.is_terminal and after is not before and after != before:
        life.stop(f"the subscription {before.id} left {before.status.value}, which is an end")
    if after.status_reason not in REASONS[after.status]:
        life.stop(f"{after.status.value} can't have the reason {after.status_reason.value!r}")
    policies = life.world.policies
    if has_access(after, now=life.now, policies=policies) != _may_enter(life, after):
        life.stop(f"the access of {after.id} doesn't follow from its status and grace")


def check_rest(life: Life) -> None:
    """Check the books when nothing more follows from a step: what is awaited is open, no more."""
    subscription = life.subscription
    if subscription is None:
        return
    key = subscription.awaiting_key
    bill = life.bills.get(key) if key else None
    if is_awaiting(subscription) and (bill is None or not bill.is_open):
        life.stop(f"{subscription.id} waits for the invoice {key}, which is not open")
    if subscription.status in OPEN_DOORS and bill is not None:
        life.stop(f"{subscription.id} is {subscription.status.value} and waits for {key}")
    if subscription.status.is_terminal and bill is not None and bill.is_open:
        life.stop(f"{subscription.id} has ended and left the invoice {key} open")


def check_end(life: Life) -> list[Movement]:
    """Check the whole life: the bills add up, the movements are the revenue. Returns them."""
    for bill in life.bills.values():
        _check_bill(life, bill)
    moved = list(movements(life.changes))
    total = sum((each.monthly for each in moved), Fraction(0))
    last = life.world.until
    revenue = mrr(life.lines, at=last).get(life.currency, Fraction(0))
    if total != revenue or total != life.monthly:
        life.stop(f"the movements add up to {total}, the recurring revenue is {revenue}")
    return moved


def _check_bill(life: Life, bill: Bill) -> None:
    received = sum(payment.facts.received.minor for payment in bill.payments)
    refunded = sum(payment.facts.refunded.minor for payment in bill.payments)
    if refunded > received:
        life.stop(f"{refunded} of {received} went back for the invoice {bill.key}")
    if bill.received > bill.draft.amount_due.minor:
        life.stop(f"the invoice {bill.key} received more than was asked")
    is_settled = bill.received + bill.draft.credit_applied.minor == bill.draft.total.minor
    if is_settled != (bill.status is BillStatus.PAID) and bill.draft.total:
        life.stop(f"the invoice {bill.key} is {bill.status.value}, its amounts disagree")
    is_awaited = life.subscription is not None and life.subscription.awaiting_key == bill.key
    if bill.is_open and bill.kind is not InvoiceKind.CHANGE and not is_awaited:
        life.stop(f"nobody waits for the open invoice {bill.key}")


def _may_enter(life: Life, subscription: Subscription) -> bool:
    if subscription.status in OPEN_DOORS:
        return True
    until = subscription.grace_until
    is_graced = until is not None and life.now < until and life.world.policies.grace_gives_access
    return subscription.status is SubscriptionStatus.RENEWAL_PENDING and is_graced
