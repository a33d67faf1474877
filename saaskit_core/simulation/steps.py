"""One step of a life: a fact moves the subscription, and what it commands is carried out."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from dataclasses import replace

from saaskit_core.analytics.movements import RevenueChange
from saaskit_core.analytics.revenue import RevenueLine, is_counted, recurring_amount
from saaskit_core.billing.proration import unused_credit
from saaskit_core.billing.quotes import Settlement, quote_period
from saaskit_core.money import Money
from saaskit_core.simulation.books import (
    credit,
    give_back,
    issue,
    net_of_period,
    void,
    write_off,
)
from saaskit_core.simulation.charging import charge
from saaskit_core.simulation.checks import check_rest, check_step
from saaskit_core.simulation.lives import Moment
from saaskit_core.subscriptions.changes import ChangeRefused
from saaskit_core.subscriptions.commands import (
    ChargeInvoice,
    CreditUnused,
    InvoiceKind,
    IssueInvoice,
    RecordFreeStretch,
    ReleaseHolds,
    VoidInvoice,
    WriteOffInvoice,
)
from saaskit_core.subscriptions.due import next_due_at
from saaskit_core.subscriptions.facts import ChangePaid
from saaskit_core.subscriptions.policies import UnusedTime
from saaskit_core.subscriptions.states import StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.steps import InvalidTransition
from saaskit_core.subscriptions.transitions import Transition, transition

if TYPE_CHECKING:
    from saaskit_core.simulation.lives import Life
    from saaskit_core.subscriptions.commands import Command
    from saaskit_core.subscriptions.facts import Fact
    from saaskit_core.subscriptions.model import Subscription

MOST_FOLLOWING = 1000
"""More facts at one instant than this mean that the subscription doesn't come to rest."""


def settle_down(life: Life) -> None:
    """Apply every fact that is known, and what follows from it, until nothing more does."""
    following = 0
    while life.inbox:
        following += 1
        if following > MOST_FOLLOWING:
            life.stop("the subscription doesn't come to rest")
        advance(life, life.inbox.popleft())
    check_rest(life)
    subscription = life.subscription
    if subscription is not None:
        life.due_at = next_due_at(
            subscription,
            policies=life.world.policies,
            is_charging=life.under_way is not None,
        )


def advance(life: Life, fact: Fact) -> None:
    """Apply one fact. What is asked for and doesn't fit is refused, and nothing changes."""
    before = life.subscription
    if before is None:
        return
    life.steps += 1
    try:
        moved = transition(before, fact, now=life.now, policies=life.world.policies)
    except (ChangeRefused, InvalidTransition):
        life.count("refused")
        return
    check_step(life, before, moved.subscription)
    for check in life.world.checks:
        _ask_check(life, check, before, fact, moved.subscription)
    if not moved.applied:
        return
    if isinstance(fact, ChangePaid):
        span = moved.subscription.period
        life.billed_until = span.ends_at if span else None
    take_over(life, before, moved)


def take_over(life: Life, before: Subscription | None, moved: Transition) -> None:
    """Make the new subscription the customer's own and do what the transition commands."""
    after = life.subscription = moved.subscription
    if before is None or before.status is not after.status:
        life.tell(f"{after.id} {after.status.value} {after.status_reason.value}")
    _count_status(life, before, after)
    _follow_revenue(life, before, after)
    for command in moved.commands:
        _carry_out(life, after, command)


def _ask_check(life: Life, check: object, before: Subscription, fact: Fact, after: Subscription) -> None:
    moment = Moment(customer_id=life.id, at=life.now, before=before, fact=fact, after=after)
    problem = check(moment)
    if problem:
        life.stop(problem)


def _carry_out(life: Life, subscription: Subscription, command: Command) -> None:
    match command:
        case IssueInvoice():
            _issue(life, subscription, command)
        case ChargeInvoice():
            charge(life, life.bills[command.invoice_key], command.attempt)
        case VoidInvoice():
            void(life, command.invoice_key)
        case WriteOffInvoice():
            write_off(life, command.invoice_key)
        case CreditUnused():
            _credit_unused(life, subscription, command)
        case RecordFreeStretch():
            _record_free(life, subscription, command)
        case ReleaseHolds():
            life.coupons = ()
        case _:
            assert_never(command)


def _issue(life: Life, subscription: Subscription, command: IssueInvoice) -> None:
    """A purchase is charged at once: the payer is present. The rules charge all else themselves."""
    is_change = command.kind is InvoiceKind.CHANGE
    draft = life.change_draft if is_change else None
    if draft is None:
        wallet = Money(life.wallet, life.currency) if life.wallet else None
        draft = quote_period(
            kind=command.kind,
            price=command.price,
            quantity=command.quantity,
            period=command.period,
            coupons=life.coupons,
            settlement=Settlement(wallet=wallet) if wallet else NOTHING_ELSE,
            zone=subscription.zone,
        )
    bill = issue(life, subscription, command, draft)
    if command.kind is InvoiceKind.RENEWAL:
        life.count("renewals")
    if is_change or subscription.status is SubscriptionStatus.PENDING:
        charge(life, bill, 0)


NOTHING_ELSE = Settlement()


def _credit_unused(life: Life, subscription: Subscription, command: CreditUnused) -> None:
    if command.how is UnusedTime.NONE:
        return
    amount = unused_credit(
        net_of_period(life, subscription, command.period),
        command.period,
        at=command.at,
        mode=life.world.policies.proration,
        zone=subscription.zone,
    )
    if command.how is UnusedTime.REFUND:
        give_back(life, amount)
    else:
        credit(life, amount)


def _record_free(life: Life, subscription: Subscription, command: RecordFreeStretch) -> None:
    zero = Money.zero(life.currency)
    price = replace(subscription.price, amount=zero)
    draft = quote_period(
        kind=InvoiceKind.ONE_OFF, price=price, period=command.period, description=command.reason
    )
    stretch = IssueInvoice(
        key=command.key, kind=InvoiceKind.ONE_OFF, price=price, quantity=1, period=command.period
    )
    issue(life, subscription, stretch, draft)


def _count_status(life: Life, before: Subscription | None, after: Subscription) -> None:
    old = _bucket(before) if before is not None else ""
    new = _bucket(after)
    if old == new and before is not None and before.price.plan == after.price.plan:
        return
    statuses, plans = life.tally.statuses, life.tally.plans
    if before is not None:
        statuses[old][life.month] -= 1
        plans[before.price.plan][life.month] -= before.status.is_live
    statuses[new][life.month] += 1
    plans[after.price.plan][life.month] += after.status.is_live
    _count_turn(life, before, after)


def _count_turn(life: Life, before: Subscription | None, after: Subscription) -> None:
    if after.status is SubscriptionStatus.SUSPENDED and after.status_reason is StatusReason.PAYMENT:
        life.count("dunning_suspended")
        if after.awaiting_key in life.bills:
            life.bills[after.awaiting_key].was_suspended = True
    if after.status.is_terminal and (before is None or before.status.is_live):
        life.count("ended")
        life.count(f"ended_{after.status_reason.value}")


def _bucket(subscription: Subscription) -> str:
    if subscription.status_reason is StatusReason.PAUSED:
        return "Paused"
    return subscription.status.value


def _follow_revenue(life: Life, before: Subscription | None, after: Subscription) -> None:
    """Note from when on the subscription brings another amount per month."""
    counts = is_counted(after)
    if before is not None and counts == is_counted(before):
        if not counts or (before.price is after.price and before.quantity == after.quantity):
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
