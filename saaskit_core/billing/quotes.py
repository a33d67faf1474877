"""Quotes: the invoice of a period and of a change. What is executed uses the same code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from saaskit_core.billing.explanations import explain_discount, explain_part, explain_whole
from saaskit_core.billing.invoices import InvoiceDraft, LineDraft, LineKind, Settlement, TaxRule
from saaskit_core.billing.pipeline import assemble
from saaskit_core.billing.proration import prorate
from saaskit_core.coupons import AppliedCoupon, Coupon, applies_to, canonical, discount_lines
from saaskit_core.money import Money
from saaskit_core.periods import Period
from saaskit_core.subscriptions.changes import PlannedChange, plan_change
from saaskit_core.subscriptions.commands import InvoiceKind
from saaskit_core.subscriptions.facts import ChangeRequested
from saaskit_core.subscriptions.policies import ChangeTiming, Policies, UnusedTime
from saaskit_core.subscriptions.states import SubscriptionStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

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
    "quote_change",
    "quote_period",
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
    """Work out the invoice of one whole period; without a period, of a one-off purchase.

    Coupons that don't apply to the period, the plan or the currency take nothing off. Raises
    BrokenInvariant.
    """
    in_effect = coupons_in_effect(coupons, price=price, period=period, zone=zone)
    amount = price.amount * quantity
    discount = discount_lines([amount], in_effect)[0] if in_effect else Money.zero(amount.currency)
    explanation = explain_whole(price.amount, quantity, amount, period)
    line = LineDraft(
        kind=LineKind.PERIOD if period else LineKind.ONE_OFF,
        description=description or _described(price, kind),
        quantity=quantity,
        unit=price.amount,
        amount=amount,
        discount=discount,
        tax=Money.zero(amount.currency),
        period=period,
        price_id=price.id,
        explanation=explanation + explain_discount(amount, discount, _codes(in_effect)),
    )
    return assemble(amount.currency, (line,), settlement)


def coupons_in_effect(
    coupons: Sequence[AppliedCoupon], *, price: Price, period: Period | None, zone: str = "UTC"
) -> tuple[Coupon, ...]:
    """Return the coupons that take something off `price` in a period, in canonical order."""
    return canonical(
        applied.coupon
        for applied in coupons
        if _fits(applied.coupon, price)
        and (period is None or applies_to(applied, period.starts_at, tz=zone))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFacts:
    """What a change is computed from.

    `current_net` is what the *whole* current period costs at the present price after its discounts,
    without tax (default: list price × quantity); `coupons` are those that apply to the new price;
    `timing` overrides the policies, `trial_days` are the new plan's and matter during a trial only.
    """

    subscription: Subscription
    price: Price
    quantity: int | None = None
    now: datetime
    policies: Policies
    timing: ChangeTiming | None = None
    trial_days: int = 0
    current_net: Money | None = None
    coupons: Sequence[AppliedCoupon] = ()
    settlement: Settlement = field(default=NO_SETTLEMENT)


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
    """Work out a change of price or quantity: a credit for the unused time, a debit for the rest.

    A change that comes into force without an invoice, or later, has an empty one. Raises
    ChangeRefused subclasses and InvalidTransition exactly when the transition would.
    """
    wanted = ChangeRequested(
        price=facts.price,
        quantity=facts.quantity,
        timing=facts.timing,
        trial_days=facts.trial_days,
    )
    planned = plan_change(facts.subscription, wanted, now=facts.now, policies=facts.policies)
    surplus_to = facts.policies.unused_time
    return ChangeQuote(
        change_type=planned.change_type,
        timing=planned.timing,
        invoice=_change_invoice(facts, planned),
        effective_at=planned.effective_at,
        resets_cycle=planned.resets_cycle,
        new_anchor=planned.anchor,
        new_period=planned.period,
        surplus_to=surplus_to,
    )


def _change_invoice(facts: ChangeFacts, planned: PlannedChange) -> InvoiceDraft:
    currency = planned.price.amount.currency
    if planned.timing in (ChangeTiming.PERIOD_END, ChangeTiming.NOW_WITHOUT_INVOICE):
        return assemble(currency, (), NO_SETTLEMENT)
    lines = tuple(line for line in (_credit(facts), _debit(facts, planned)) if line is not None)
    return assemble(currency, lines, facts.settlement, surplus_to=facts.policies.unused_time)


def _credit(facts: ChangeFacts) -> LineDraft | None:
    """Give back what is left of the paid period; a trial and a free plan have paid nothing."""
    subscription = facts.subscription
    span = subscription.period
    full = facts.current_net
    if full is None:
        full = subscription.price.amount * subscription.quantity
    if subscription.status is SubscriptionStatus.TRIAL or span is None or not full:
        return None
    part = prorate(full, span, at=facts.now, mode=facts.policies.proration, zone=subscription.zone)
    zero = Money.zero(full.currency)
    return LineDraft(
        kind=LineKind.UNUSED_CREDIT,
        description=f"Unused time of {subscription.plan}",
        quantity=subscription.quantity,
        unit=subscription.price.amount,
        amount=-part.amount,
        discount=zero,
        tax=zero,
        period=_rest(span, facts.now),
        price_id=subscription.price.id,
        explanation="Credit: " + explain_part(full, part.fraction, part.amount, span),
    )


def _debit(facts: ChangeFacts, planned: PlannedChange) -> LineDraft | None:
    """Charge the new price: for the rest of the period, or for a whole one when the cycle resets.

    The discount is that of a whole period in proportion, so that a change back at the same instant
    credits exactly what this one charged.
    """
    price, span = planned.price, planned.period
    full = price.amount * planned.quantity
    if not full:
        return None
    coupons = coupons_in_effect(
        facts.coupons, price=price, period=span, zone=facts.subscription.zone
    )
    (off,) = discount_lines([full], coupons)
    if span is None or planned.resets_cycle:
        amount, net = full, full - off
        explanation = explain_whole(price.amount, planned.quantity, amount, span)
    else:
        mode, zone = facts.policies.proration, facts.subscription.zone
        part = prorate(full, span, at=facts.now, mode=mode, zone=zone)
        amount = part.amount
        net = prorate(full - off, span, at=facts.now, mode=mode, zone=zone).amount
        explanation = "Charge: " + explain_part(full, part.fraction, amount, span)
    return LineDraft(
        kind=LineKind.REMAINING_DEBIT,
        description=f"{price.plan} from now on",
        quantity=planned.quantity,
        unit=price.amount,
        amount=amount,
        discount=amount - net,
        tax=Money.zero(full.currency),
        period=_rest(span, facts.now) if span else None,
        price_id=price.id,
        explanation=explanation + explain_discount(amount, amount - net, _codes(coupons)),
    )


def _rest(span: Period, now: datetime) -> Period:
    return Period(max(span.starts_at, now), span.ends_at)


def _fits(coupon: Coupon, price: Price) -> bool:
    if coupon.plans and price.plan not in coupon.plans:
        return False
    return coupon.percent is not None or price.amount.currency in coupon.amounts


def _described(price: Price, kind: InvoiceKind) -> str:
    return price.plan if kind is InvoiceKind.ONE_OFF else f"{price.plan}, {_often(price)}"


def _often(price: Price) -> str:
    if price.frequency is not None:
        return price.frequency.value
    if price.interval is None:
        return "once"
    return f"every {price.interval.count} {price.interval.unit}"


def _codes(coupons: Sequence[Coupon]) -> str:
    return ", ".join(coupon.code for coupon in coupons)
