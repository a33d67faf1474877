"""One step of a life: a fact moves the subscription, and what it commands is carried out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

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
from saaskit_core.simulation.following import count_turn, follow
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
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_core.subscriptions.steps import InvalidTransition
from saaskit_core.subscriptions.transitions import transition

if TYPE_CHECKING:
    from saaskit_core.simulation.lives import Check, Life
    from saaskit_core.subscriptions.commands import Command
    from saaskit_core.subscriptions.facts import Fact
    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.transitions import Transition

NOTHING_ELSE = Settlement()
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
    follow(life)
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
        life.tell(f"{after.id} {after.status} {after.status_reason}")
        count_turn(life, after)
    for command in moved.commands:
        _carry_out(life, after, command)


def _ask_check(
    life: Life, check: Check, before: Subscription, fact: Fact, after: Subscription
) -> None:
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
    is_purchase = is_change or subscription.status is SubscriptionStatus.PENDING
    if not is_purchase:
        life.count("renewals")
    if is_purchase:
        charge(life, bill, 0)


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
