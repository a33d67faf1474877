"""The invoices to come: time passes through the very rules that will run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from saaskit_core.billing.invoices import CreditSource
from saaskit_core.billing.quotes import (
    NO_SETTLEMENT,
    ChangeFacts,
    ChangeQuote,
    InvoiceDraft,
    InvoiceKind,
    Settlement,
    coupons_in_effect,
    quote_change,
    quote_issue,
    requested,
)
from saaskit_core.money import Money
from saaskit_core.subscriptions.commands import IssueInvoice
from saaskit_core.subscriptions.due import due, next_due_at
from saaskit_core.subscriptions.facts import ChangePaid, PaymentSucceeded
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePreview:
    """A change as it would be executed: what it costs at once, and what is billed after it.

    `after` is the subscription once the change's invoice is paid, where there is one.
    """

    quote: ChangeQuote
    after: Subscription
    invoices: tuple[UpcomingInvoice, ...]


def preview(facts: ChangeFacts, *, count: int = 12) -> ChangePreview:
    """Execute a change without anybody noticing: its quote, and the next `count` invoices.

    Raises what the transition would raise.
    """
    quote = quote_change(facts)
    moved = transition(facts.subscription, requested(facts), now=facts.now, policies=facts.policies)
    after, settlement, coupons = moved.subscription, facts.settlement, tuple(facts.coupons)
    zone = facts.subscription.zone
    for command in moved.commands:
        if isinstance(command, IssueInvoice):
            paid = ChangePaid(invoice_key=command.key)
            after = transition(after, paid, now=facts.now, policies=facts.policies).subscription
            settlement = _left(settlement, quote.invoice)
            coupons = begun(coupons, command, zone)
    invoices = upcoming(
        after, count, policies=facts.policies, coupons=coupons, settlement=settlement
    )
    return ChangePreview(quote=quote, after=after, invoices=invoices)


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
        draft = quote_issue(issue, coupons=coupons, settlement=settlement, zone=zone)
        found.append(UpcomingInvoice(key=issue.key, kind=issue.kind, due_at=at, draft=draft))
        coupons = begun(coupons, issue, zone)
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


def begun(
    coupons: tuple[AppliedCoupon, ...], issue: IssueInvoice, zone: str
) -> tuple[AppliedCoupon, ...]:
    """Let a coupon that an invoice used for the first time count from its period."""
    if issue.period is None or not coupons:
        return coupons
    starts_at = issue.period.starts_at
    used = {
        coupon.code
        for price in (issue.price, *(each.price for each in issue.add_ons))
        for coupon in coupons_in_effect(coupons, price=price, period=issue.period, zone=zone)
    }
    return tuple(
        replace(applied, first_period_start=starts_at)
        if applied.first_period_start is None and applied.coupon.code in used
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
