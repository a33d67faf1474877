"""Quotes: the invoice of a period and of a change. What is executed uses the same code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from saaskit_core.billing.invariants import NegativeTotal
from saaskit_core.billing.invoices import InvoiceDraft, LineDraft, LineKind, Settlement, TaxRule
from saaskit_core.billing.lines import (
    Discounted,
    Rest,
    coupons_in_effect,
    discounted,
    often,
    rest_line,
    unused_line,
    whole_line,
)
from saaskit_core.billing.pipeline import assemble
from saaskit_core.money import check_money
from saaskit_core.subscriptions.changes import PlannedChange, plan_change
from saaskit_core.subscriptions.commands import InvoiceKind, IssueInvoice
from saaskit_core.subscriptions.facts import ChangeRequested
from saaskit_core.subscriptions.policies import ChangeTiming, Policies, UnusedTime
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_core.subscriptions.terms import AddOn, Item, Terms, items

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from saaskit_core.coupons import AppliedCoupon
    from saaskit_core.money import Money
    from saaskit_core.periods import Period
    from saaskit_core.plans import ChangeType, Price
    from saaskit_core.subscriptions.model import Subscription

__all__ = [
    "ChangeFacts",
    "ChangeQuote",
    "InvoiceDraft",
    "InvoiceKind",
    "LineDraft",
    "LineKind",
    "Settlement",
    "TaxRule",
    "coupons_in_effect",
    "nets_of_period",
    "quote_change",
    "quote_issue",
    "quote_period",
    "quote_terms",
    "requested",
]

NO_SETTLEMENT = Settlement()


def quote_period(
    *,
    kind: InvoiceKind,
    price: Price,
    quantity: int = 1,
    period: Period | None = None,
    coupons: Sequence[AppliedCoupon] = (),
    settlement: Settlement = NO_SETTLEMENT,
    description: str = "",
    zone: str = "UTC",
) -> InvoiceDraft:
    """Work out the invoice of one whole period of one price; without a period, of a purchase.

    Coupons that don't apply to the period, the plan or the currency take nothing off. Raises
    BrokenInvariant.
    """
    return quote_terms(
        Terms(price=price, quantity=quantity),
        kind=kind,
        period=period,
        coupons=coupons,
        settlement=settlement,
        description=description,
        zone=zone,
    )


def quote_issue(
    issue: IssueInvoice,
    *,
    coupons: Sequence[AppliedCoupon] = (),
    settlement: Settlement = NO_SETTLEMENT,
    description: str = "",
    zone: str = "UTC",
) -> InvoiceDraft:
    """Work out the invoice that a transition asks for, add-ons included, unless it is a change's.

    Raises BrokenInvariant.
    """
    return quote_terms(
        Terms(price=issue.price, quantity=issue.quantity, add_ons=issue.add_ons),
        kind=issue.kind,
        period=issue.period,
        coupons=coupons,
        settlement=settlement,
        description=description,
        zone=zone,
    )


def quote_terms(
    terms: Terms,
    *,
    kind: InvoiceKind,
    period: Period | None = None,
    coupons: Sequence[AppliedCoupon] = (),
    settlement: Settlement = NO_SETTLEMENT,
    description: str = "",
    zone: str = "UTC",
) -> InvoiceDraft:
    """Work out the invoice of a whole period: the price is the first line, each add-on one more.

    `description` is that of the first line. Raises BrokenInvariant.
    """
    of_line = LineKind.PERIOD if period else LineKind.ONE_OFF
    listed = discounted(terms.items, coupons, period=period, zone=zone)
    lines = tuple(
        whole_line(
            each,
            of_line,
            period=period,
            description=(not place and description) or _described(each.item.price, kind),
        )
        for place, each in enumerate(listed)
    )
    return assemble(terms.price.amount.currency, lines, settlement)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFacts:
    """What a change is computed from.

    What is None (price, quantity, add-ons) stays. `current_net` is what the *whole* current period
    costs at the present price after its discounts, without tax (default: list price × quantity); of
    several items it is shared out by their list prices, unless `item_nets` says it by price id.
    `coupons` are those that apply to the new price; `timing` overrides the policies, `trial_days`
    are the new plan's and matter during a trial only.
    """

    subscription: Subscription
    price: Price | None = None
    quantity: int | None = None
    now: datetime
    policies: Policies
    timing: ChangeTiming | None = None
    trial_days: int = 0
    current_net: Money | None = None
    coupons: Sequence[AppliedCoupon] = ()
    settlement: Settlement = field(default=NO_SETTLEMENT)
    add_ons: tuple[AddOn, ...] | None = None
    item_nets: Mapping[str, Money] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeQuote:
    """What a change costs and when it comes into force.

    `effective_at` is `now` for a change at once (which still waits for its payment); `new_period`
    is the period in which the customer then is. `invoice.to_wallet` goes where `surplus_to` says.
    """

    change_type: ChangeType
    timing: ChangeTiming
    invoice: InvoiceDraft
    effective_at: datetime
    resets_cycle: bool
    new_anchor: datetime
    new_period: Period | None
    surplus_to: UnusedTime


def quote_change(facts: ChangeFacts) -> ChangeQuote:
    """Work out a change of terms: a credit for the unused time, a debit for the rest.

    What stays as it is, at the same net price, has no line. A change that comes into force without
    an invoice, or later, has an empty one. Raises ChangeRefused subclasses and InvalidTransition
    exactly when the transition would.
    """
    planned = plan_change(
        facts.subscription, requested(facts), now=facts.now, policies=facts.policies
    )
    return ChangeQuote(
        change_type=planned.change_type,
        timing=planned.timing,
        invoice=_change_invoice(facts, planned),
        effective_at=planned.effective_at,
        resets_cycle=planned.resets_cycle,
        new_anchor=planned.anchor,
        new_period=planned.period,
        surplus_to=facts.policies.unused_time,
    )


def nets_of_period(
    subscription: Subscription, coupons: Sequence[AppliedCoupon]
) -> dict[str, Money]:
    """Return what each item of the current period costs after the coupons on it, by price id."""
    listed = discounted(
        subscription.items, coupons, period=subscription.period, zone=subscription.zone
    )
    return {each.item.price.id: each.net for each in listed}


def requested(facts: ChangeFacts) -> ChangeRequested:
    """Return the request that a quote is for."""
    return ChangeRequested(
        price=facts.price,
        quantity=facts.quantity,
        timing=facts.timing,
        trial_days=facts.trial_days,
        add_ons=facts.add_ons,
    )


def _change_invoice(facts: ChangeFacts, planned: PlannedChange) -> InvoiceDraft:
    currency = planned.price.amount.currency
    if planned.timing in (ChangeTiming.PERIOD_END, ChangeTiming.NOW_WITHOUT_INVOICE):
        return assemble(currency, (), NO_SETTLEMENT)
    before, after = _present(facts), _wanted(facts, planned)
    if not planned.resets_cycle:
        before, after = _differing(before, after)
    lines = (*_credits(facts, before), *_debits(facts, planned, after))
    return assemble(currency, lines, facts.settlement, surplus_to=facts.policies.unused_time)


def _present(facts: ChangeFacts) -> tuple[Discounted, ...]:
    """What was paid for each item of the current period; a trial has paid nothing."""
    subscription = facts.subscription
    if subscription.status is SubscriptionStatus.TRIAL or subscription.period is None:
        return ()
    listed = subscription.items
    nets = [item.amount for item in listed]
    for paid in (facts.current_net, *facts.item_nets.values()):
        if paid is None:
            continue
        check_money(paid)
        if paid.minor < 0:
            raise NegativeTotal(name="What the current period cost", amount=str(paid))
    if facts.current_net is not None:
        nets = list(facts.current_net.allocate([net.minor for net in nets]))
    return tuple(
        Discounted(item=item, discount=item.amount - facts.item_nets.get(item.price.id, net))
        for item, net in zip(listed, nets, strict=True)
    )


def _wanted(facts: ChangeFacts, planned: PlannedChange) -> tuple[Discounted, ...]:
    wanted = items(planned.price, planned.quantity, planned.add_ons)
    zone = facts.subscription.zone
    return discounted(wanted, facts.coupons, period=planned.period, zone=zone)


def _differing(
    before: Sequence[Discounted], after: Sequence[Discounted]
) -> tuple[tuple[Discounted, ...], tuple[Discounted, ...]]:
    """Leave out what stays as it is: its credit and its debit would cancel each other."""
    paid = {_terms(item) for item in before}
    same = paid.intersection(_terms(item) for item in after)
    return (
        tuple(item for item in before if _terms(item) not in same),
        tuple(item for item in after if _terms(item) not in same),
    )


def _terms(item: Discounted) -> tuple[Item, Money]:
    return item.item, item.net


def _credits(facts: ChangeFacts, before: Sequence[Discounted]) -> tuple[LineDraft, ...]:
    """Give back what is left of the paid period, item by item; what was free has no line."""
    span = facts.subscription.period
    if span is None:
        return ()
    rest = _rest(facts, span)
    return tuple(
        unused_line(item.item, item.net, rest, description=f"Unused time of {item.item.price.plan}")
        for item in before
        if item.net
    )


def _debits(
    facts: ChangeFacts, planned: PlannedChange, after: Sequence[Discounted]
) -> tuple[LineDraft, ...]:
    """Charge the new terms: for the rest of the period, or for a whole one."""
    span = planned.period
    charged = [item for item in after if item.item.amount]
    if span is None or planned.resets_cycle:
        kind = LineKind.REMAINING_DEBIT
        return tuple(
            whole_line(item, kind, period=span, description=_from_now_on(item)) for item in charged
        )
    rest = _rest(facts, span)
    return tuple(rest_line(item, rest, description=_from_now_on(item)) for item in charged)


def _rest(facts: ChangeFacts, span: Period) -> Rest:
    mode, zone = facts.policies.proration, facts.subscription.zone
    return Rest(period=span, at=facts.now, mode=mode, zone=zone)


def _from_now_on(item: Discounted) -> str:
    return f"{item.item.price.plan} from now on"


def _described(price: Price, kind: InvoiceKind) -> str:
    return price.plan if kind is InvoiceKind.ONE_OFF else f"{price.plan}, {often(price)}"
