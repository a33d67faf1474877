"""The invoices to come: time passes through the very rules that will run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from saaskit_core.billing.invoices import CreditSource
from saaskit_core.billing.quotes import (
    NO_SETTLEMENT,
    InvoiceDraft,
    InvoiceKind,
    Settlement,
    coupons_in_effect,
    quote_period,
)
from saaskit_core.money import Money
from saaskit_core.subscriptions.commands import IssueInvoice
from saaskit_core.subscriptions.due import due, next_due_at
from saaskit_core.subscriptions.facts import PaymentSucceeded
from saaskit_core.subscriptions.transitions import transition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from saaskit_core.coupons import AppliedCoupon
    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.policies import Policies

MAX_UPCOMING = 1200
"""A century of months: more isn't listed."""
_STEPS_PER_INVOICE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class UpcomingInvoice:
    """One invoice to come: when it falls due and what it will say."""

    key: str
    kind: InvoiceKind
    due_at: datetime
    draft: InvoiceDraft


def upcoming(
    subscription: Subscription,
    count: int,
    *,
    policies: Policies,
    coupons: Sequence[AppliedCoupon] = (),
    settlement: Settlement = NO_SETTLEMENT,
) -> tuple[UpcomingInvoice, ...]:
    """List the next `count` invoices, by letting time pass and every payment succeed.

    Planned changes, cancellations and pauses, the trial's end, coupons that run out, the wallet and
    carried amounts are taken into account; an invoice that is open already is taken as paid. Fewer
    are listed when the subscription ends before, or costs nothing.
    """
    found: list[UpcomingInvoice] = []
    coupons = tuple(coupons)
    for at, issue, zone in _issued(subscription, policies, min(count, MAX_UPCOMING)):
        draft = quote_period(
            kind=issue.kind,
            price=issue.price,
            quantity=issue.quantity,
            period=issue.period,
            coupons=coupons,
            settlement=settlement,
            zone=zone,
        )
        found.append(UpcomingInvoice(key=issue.key, kind=issue.kind, due_at=at, draft=draft))
        coupons = _begun(coupons, issue, zone)
        settlement = _left(settlement, draft)
    return tuple(found)


def _issued(
    subscription: Subscription, policies: Policies, count: int
) -> Iterator[tuple[datetime, IssueInvoice, str]]:
    """Yield what the rules will bill, and when."""
    current = _paid(subscription, policies)
    found = 0
    for _ in range(_STEPS_PER_INVOICE * max(count, 0)):
        at = next_due_at(current, policies=policies)
        fact = due(current, now=at, policies=policies) if at is not None else None
        if at is None or fact is None or found >= count:
            return
        moved = transition(current, fact, now=at, policies=policies)
        current = moved.subscription
        for command in moved.commands:
            if isinstance(command, IssueInvoice) and found < count:
                found += 1
                yield at, command, current.zone
                paid = PaymentSucceeded(invoice_key=command.key)
                current = transition(current, paid, now=at, policies=policies).subscription


def _paid(subscription: Subscription, policies: Policies) -> Subscription:
    if not subscription.awaiting_key:
        return subscription
    now = subscription.past_due_since or subscription.anchor
    fact = PaymentSucceeded(invoice_key=subscription.awaiting_key)
    return transition(subscription, fact, now=now, policies=policies).subscription


def _begun(
    coupons: tuple[AppliedCoupon, ...], issue: IssueInvoice, zone: str
) -> tuple[AppliedCoupon, ...]:
    """Let a coupon that applied for the first time count from that period."""
    if issue.period is None:
        return coupons
    starts_at = issue.period.starts_at
    used = coupons_in_effect(coupons, price=issue.price, period=issue.period, zone=zone)
    return tuple(
        replace(applied, first_period_start=starts_at)
        if applied.first_period_start is None and applied.coupon in used
        else applied
        for applied in coupons
    )


def _left(settlement: Settlement, draft: InvoiceDraft) -> Settlement:
    wallet = settlement.wallet or Money.zero(draft.currency)
    return replace(
        settlement,
        wallet=wallet - draft.credit_from(CreditSource.WALLET) + draft.to_wallet,
        credit_notes=_unused(settlement.credit_notes, draft, CreditSource.CREDIT_NOTES),
        referral=_unused(settlement.referral, draft, CreditSource.REFERRAL),
        carried=draft.carried_forward or None,
    )


def _unused(credit: Money | None, draft: InvoiceDraft, source: CreditSource) -> Money | None:
    return credit - draft.credit_from(source) if credit else None
