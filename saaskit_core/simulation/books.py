"""A customer's books: bills, the wallet, money received and given back. All of it adds up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saaskit_core.billing.quotes import coupons_in_effect, quote_period
from saaskit_core.money import Money
from saaskit_core.payments.decisions import apply_result, check_refund, refundable, use_of_money
from saaskit_core.payments.states import PaymentState
from saaskit_core.simulation.lives import Bill, BillStatus
from saaskit_core.subscriptions.commands import InvoiceKind
from saaskit_core.subscriptions.facts import ChangePaid, PaymentSucceeded
from saaskit_core.subscriptions.policies import UnusedTime

if TYPE_CHECKING:
    from saaskit_core.billing.invoices import InvoiceDraft
    from saaskit_core.coupons import AppliedCoupon
    from saaskit_core.periods import Period
    from saaskit_core.simulation.lives import Life, Payment
    from saaskit_core.subscriptions.commands import IssueInvoice
    from saaskit_core.subscriptions.model import Subscription


def issue(
    life: Life, subscription: Subscription, command: IssueInvoice, draft: InvoiceDraft
) -> Bill:
    """Enter an invoice and take the wallet's share. One of nothing is paid at once."""
    _make_room(life, command.key)
    if not all(line.explanation for line in draft.lines):
        life.stop(f"the invoice {command.key} has a line without an explanation")
    bill = Bill(
        key=command.key,
        kind=command.kind,
        subscription_id=subscription.id,
        draft=draft,
        price=command.price,
        period=command.period,
        issued_at=life.now,
        billed_before=life.billed_until,
    )
    life.bills[command.key] = bill
    _bill_the_period(life, bill)
    _move_wallet(life, -draft.credit_applied.minor, "credit_used")
    life.count("invoices")
    life.add("invoiced", draft.total.minor)
    life.tell(f"invoice {command.kind} {draft.total.minor} due {draft.amount_due.minor}")
    if not draft.amount_due:
        _settle(life, bill)
    return bill


def receive(life: Life, payment: Payment, minor: int) -> None:
    """Book money that arrived: it pays the bill, and what is over is the customer's credit."""
    bill, currency = payment.bill, life.currency
    open_amount = Money(bill.draft.amount_due.minor - bill.received, currency)
    use = use_of_money(
        Money(minor, currency), open_amount=open_amount, is_invoice_open=bill.is_open
    )
    life.add("collected", minor)
    life.count("payments")
    bill.received += use.applied.minor
    if bill.received > bill.draft.amount_due.minor:
        life.stop(f"the invoice {bill.key} received more than was asked")
    _move_wallet(life, use.surplus.minor, "credited")
    life.add("overpaid", use.surplus.minor)
    if use.is_settled:
        _settle(life, bill)


def void(life: Life, key: str) -> None:
    """Void an open bill; what it took from the wallet goes back."""
    bill = life.bills.get(key)
    if bill is None or not bill.is_open:
        return
    _close(life, bill, BillStatus.VOID)
    life.billed_until = bill.billed_before
    _move_wallet(life, bill.draft.credit_applied.minor, "credit_returned")
    life.add("voided", bill.draft.total.minor)


def write_off(life: Life, key: str) -> None:
    """Give up an open bill."""
    bill = life.bills.get(key)
    if bill is None or not bill.is_open:
        life.stop(f"the invoice {key} is written off but not open")
    _close(life, bill, BillStatus.UNCOLLECTIBLE)
    life.billed_until = bill.billed_before
    life.add("written_off", bill.draft.amount_due.minor - bill.received)
    life.count("dunning_lost", int(bill.has_failed))


def give_back(life: Life, amount: Money) -> None:
    """Refund to the newest payments as far as they reach; the rest is credit."""
    left = amount
    for payment in reversed(paid(life)):
        part = min(left, refundable(payment.facts))
        if part.minor > 0 and not payment.facts.is_disputed:
            refund(life, payment, part)
            left -= part
    _move_wallet(life, left.minor, "credited")


def refund(life: Life, payment: Payment, amount: Money) -> None:
    """Give back a part of a payment."""
    check_refund(payment.facts, amount)
    result = life.payer.refund(payment.facts.transaction_id, amount, now=life.now)
    change = apply_result(payment.facts, result)
    if change.mismatch:
        life.stop(str(change.mismatch))
    back = change.facts.refunded - payment.facts.refunded
    payment.facts = change.facts
    if back != amount:
        life.stop(f"{back} went back instead of {amount}")
    life.add("refunded", amount.minor)
    life.count("refunds")
    life.tell(f"refund {amount.minor}")


def credit(life: Life, amount: Money) -> None:
    """Put credit into the wallet."""
    _move_wallet(life, amount.minor, "credited")


def paid(life: Life) -> list[Payment]:
    """Return the payments that paid a bill, the oldest first; others became credit."""
    return [
        payment
        for bill in life.bills.values()
        if bill.status is BillStatus.PAID
        for payment in bill.payments
        if payment.facts.state is PaymentState.SUCCEEDED
    ]


def net_of_period(life: Life, subscription: Subscription, period: Period) -> Money:
    """Return what a whole period costs at the present price after the discounts it had."""
    begun = [each for each in life.coupons if each.first_period_start is not None]
    draft = quote_period(
        kind=InvoiceKind.RENEWAL,
        price=subscription.price,
        quantity=subscription.quantity,
        period=period,
        coupons=begun,
        zone=subscription.zone,
    )
    return draft.subtotal - draft.discount


def _make_room(life: Life, key: str) -> None:
    """A key names one invoice that stands; one that was voided makes room for another."""
    standing = life.bills.get(key)
    if standing is None:
        return
    if standing.status is not BillStatus.VOID:
        life.stop(f"the invoice {key} was issued twice")
    life.bills[f"{key}:void:{len(life.bills)}"] = life.bills.pop(key)


def _bill_the_period(life: Life, bill: Bill) -> None:
    """No instant of a subscription is billed twice as a part of a whole period."""
    span = bill.period
    if span is None or bill.kind is InvoiceKind.CHANGE or not bill.draft.subtotal:
        return
    if life.billed_until is not None and span.starts_at < life.billed_until:
        life.stop(
            f"the invoice {bill.key} bills from {span.starts_at.isoformat()}, "
            f"but until {life.billed_until.isoformat()} is billed already"
        )
    life.billed_until = span.ends_at


def _settle(life: Life, bill: Bill) -> None:
    """Close a paid bill: its surplus is passed on, its coupons have begun, its payment is told."""
    _close(life, bill, BillStatus.PAID)
    life.has_purchased = True
    _begin_coupons(life, bill)
    surplus = bill.draft.to_wallet
    if surplus and life.world.policies.unused_time is UnusedTime.REFUND:
        give_back(life, surplus)
    else:
        _move_wallet(life, surplus.minor, "credited")
    if bill.has_failed and bill.kind is not InvoiceKind.CHANGE:
        life.count("dunning_recovered_late" if bill.was_suspended else "dunning_recovered")
    if bill.kind is InvoiceKind.ONE_OFF:
        return
    is_change = bill.kind is InvoiceKind.CHANGE
    fact = ChangePaid(invoice_key=bill.key) if is_change else PaymentSucceeded(invoice_key=bill.key)
    life.inbox.append(fact)


def _begin_coupons(life: Life, bill: Bill) -> None:
    if not life.coupons or bill.period is None:
        return
    used = coupons_in_effect(life.coupons, price=bill.price, period=bill.period, zone=life.zone)
    life.coupons = tuple(
        _begun(each, bill) if each.coupon in used else each for each in life.coupons
    )


def _begun(applied: AppliedCoupon, bill: Bill) -> AppliedCoupon:
    if applied.first_period_start is not None or bill.period is None:
        return applied
    return replace(applied, first_period_start=bill.period.starts_at)


def _close(life: Life, bill: Bill, status: BillStatus) -> None:
    bill.status = status
    bill.closed_at = life.now
    life.tell(f"{status} {bill.kind}")


def _move_wallet(life: Life, minor: int, why: str) -> None:
    if not minor:
        return
    life.wallet += minor
    if life.wallet < 0:
        life.stop(f"the wallet holds {life.wallet} minor units")
    life.add(why, abs(minor))
