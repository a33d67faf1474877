"""Carrying out what a transition commands: invoices, charges, credits, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never

from saaskit_core.billing.proration import unused_credit
from saaskit_core.billing.quotes import quote_issue, quote_period, quote_terms
from saaskit_core.money import Money
from saaskit_core.payments.decisions import refundable
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
from saaskit_core.subscriptions.facts import ChangePaid, PaymentFailed, PaymentSucceeded
from saaskit_core.subscriptions.policies import UnusedTime
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_django import registry
from saaskit_django.billing.models import Invoice
from saaskit_django.billing.selectors import applied_coupons, settlement
from saaskit_django.billing.services.coupons import confirm_coupons, release_coupons
from saaskit_django.billing.services.invoices import Bill, issue, settle_paid, void, write_off
from saaskit_django.billing.services.wallet import credit
from saaskit_django.conf import conf
from saaskit_django.payments.models import Payment
from saaskit_django.payments.selectors import default_method, refundable_payments
from saaskit_django.payments.services.reserve import (
    UNUSED_TIME,
    Collection,
    cancel_unsent,
    open_payment,
    open_payment_of,
    reserve_refund,
)
from saaskit_django.subscriptions.selectors import live_subscriptions, with_prices
from saaskit_django.subscriptions.services import advance, count_renewal, reread

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.billing.quotes import InvoiceDraft
    from saaskit_core.periods import Period
    from saaskit_core.subscriptions.commands import Command
    from saaskit_core.subscriptions.facts import MethodChanged
    from saaskit_core.subscriptions.transitions import Transition
    from saaskit_django.customers.models import Customer
    from saaskit_django.subscriptions.models import Subscription


@dataclass(slots=True, kw_only=True)
class Work:
    """One transaction's collecting: both clocks, a change's draft, the payments to send then.

    `now` is real time, `at` the customer's. `to_submit` fills with payment ids; send them once
    committed. `issued` fills with the invoices.
    """

    now: datetime
    at: datetime
    change_draft: InvoiceDraft | None = None
    to_submit: list[int] = field(default_factory=list)
    issued: list[Invoice] = field(default_factory=list)


def carry_out(row: Subscription, decision: Transition, work: Work) -> None:
    """Carry out a transition's commands, inside a transaction with the customer locked."""
    for command in decision.commands:
        _carry_out_one(row, command, work)
    if decision.applied and decision.subscription.status.is_terminal:
        release_coupons(row, now=work.now)  # Of a trial, too, that never came to its first payment.


def settle_invoice(invoice: Invoice, work: Work) -> None:
    """Take an invoice as paid in full and let its subscription go on, inside a transaction.

    Invoice, coupon use, wallet and subscription are one commit: whoever sees the one sees the
    others.
    """
    if not settle_paid(invoice, now=work.at):
        return
    row = _subscription_of(invoice)
    if row is None:
        return
    confirm_coupons(row, invoice, now=work.now)
    if invoice.surplus_to == UnusedTime.REFUND:
        surplus = Money(invoice.to_wallet_minor, invoice.currency)
        _give_back(row, surplus, key=f"invoice:{invoice.pk}:surplus", work=work)
    if invoice.kind == InvoiceKind.RENEWAL:
        count_renewal(row, now=work.at)
    is_change = invoice.kind == InvoiceKind.CHANGE
    fact = (ChangePaid if is_change else PaymentSucceeded)(invoice_key=invoice.key)
    carry_out(row, advance(row, fact, now=work.at), work)


def tell_subscriptions(customer: Customer, fact: MethodChanged, work: Work) -> None:
    """Tell a customer's live subscriptions of his methods, inside a transaction."""
    for row in live_subscriptions(customer):
        carry_out(row, advance(row, fact, now=work.at), work)


def _carry_out_one(row: Subscription, command: Command, work: Work) -> None:
    match command:
        case IssueInvoice():
            _issue(row, command, work)
        case ChargeInvoice():
            _charge(row, command, work)
        case VoidInvoice():
            _void(row, command, work)
        case WriteOffInvoice():
            _write_off(command)
        case ReleaseHolds():
            release_coupons(row, now=work.now)
        case CreditUnused():
            _credit_unused(row, command, work)
        case RecordFreeStretch():
            _record_free_stretch(row, command, work)
        case _:
            assert_never(command)


def _issue(row: Subscription, command: IssueInvoice, work: Work) -> None:
    draft = work.change_draft if command.kind is InvoiceKind.CHANGE else None
    bill = Bill(
        customer=row.customer,
        subscription=row,
        kind=command.kind,
        key=command.key,
        draft=draft or _quote(row, command),
        period=command.period,
        surplus_to=conf().policies.unused_time,
    )
    is_purchase = row.status == SubscriptionStatus.PENDING or command.kind is InvoiceKind.CHANGE
    invoice = issue(bill, now=work.at, final=not is_purchase)
    work.issued.append(invoice)
    if not invoice.amount_due_minor:
        settle_invoice(invoice, work)
        reread(row)


def _quote(row: Subscription, command: IssueInvoice) -> InvoiceDraft:
    currency = command.price.amount.currency
    provider = registry.payment_provider(row.provider or registry.default_provider())
    return quote_issue(
        command,
        coupons=applied_coupons(row),
        settlement=settlement(row.customer, currency, limits=provider.limits),
        description=row.subscription_plan.name,
        zone=row.timezone,
    )


def _charge(row: Subscription, command: ChargeInvoice, work: Work) -> None:
    invoice = _invoice(command.invoice_key)
    if invoice is None or invoice.status != Invoice.Status.OPEN:
        return
    standing = open_payment_of(invoice)
    if standing is not None:
        # It stands for this attempt too: what ends it ends the attempt.
        Payment.objects.filter(pk=standing.pk).update(attempt=command.attempt)
        return
    method = default_method(row.customer)
    if method is None:
        fact = PaymentFailed(invoice_key=command.invoice_key, attempt=command.attempt, is_hard=True)
        carry_out(row, advance(row, fact, now=work.at), work)
        return
    collection = Collection(
        provider=method.provider,
        method=method,
        attempt=command.attempt,
        description=row.subscription_plan.name,
    )
    payment = open_payment(invoice, collection, now=work.now, at=work.at)
    work.to_submit.append(payment.pk)


def _credit_unused(row: Subscription, command: CreditUnused, work: Work) -> None:
    if command.how is UnusedTime.NONE:
        return
    amount = unused_credit(
        net_of_period(row, command.period),
        command.period,
        at=command.at,
        mode=conf().policies.proration,
        zone=row.timezone,
    )
    if command.how is UnusedTime.REFUND:
        _give_back(row, amount, key=command.key, work=work)
    else:
        _to_wallet(row, amount, key=command.key, work=work)


def _give_back(row: Subscription, amount: Money, *, key: str, work: Work) -> None:
    """Refund to what the subscription was paid with, the newest first; the rest is credit.

    The refunds are reserved here and sent by the janitor once this has committed.
    """
    left = amount
    for payment in refundable_payments(row):
        part = min(left, refundable(payment.to_core()))
        if part.minor > 0:
            reserve_refund(payment, amount=part, reason=UNUSED_TIME, at=work.at, check_at=work.now)
            left -= part
    _to_wallet(row, left, key=key, work=work)


def _to_wallet(row: Subscription, amount: Money, *, key: str, work: Work) -> None:
    credit(
        customer=row.customer,
        amount=amount,
        transaction=key,
        reason="unused_time",
        now=work.at,
    )


def net_of_period(row: Subscription, period: Period) -> Money:
    """Return what a period costs as a whole at the present terms, after the discounts it had."""
    draft = quote_terms(
        row.to_core().terms,
        kind=InvoiceKind.RENEWAL,
        period=period,
        coupons=applied_coupons(row, is_paid=True),
        zone=row.timezone,
    )
    return draft.subtotal - draft.discount


def _record_free_stretch(row: Subscription, command: RecordFreeStretch, work: Work) -> None:
    draft = quote_period(
        kind=InvoiceKind.ONE_OFF,
        price=replace(row.price.to_core(), amount=Money.zero(row.price.currency)),
        quantity=row.quantity,
        period=command.period,
        description=command.reason,
    )
    bill = Bill(
        customer=row.customer,
        subscription=row,
        kind=InvoiceKind.ONE_OFF,
        key=command.key,
        draft=draft,
        period=command.period,
    )
    settle_paid(issue(bill, now=work.at, final=True), now=work.at)


def _void(row: Subscription, command: VoidInvoice, work: Work) -> None:
    invoice = _invoice(command.invoice_key)
    if invoice is None:
        return
    cancel_unsent(invoice)
    void(invoice, now=work.at)
    if invoice.kind == InvoiceKind.CHANGE:
        release_coupons(row, now=work.now, is_change=True)


def _write_off(command: WriteOffInvoice) -> None:
    invoice = _invoice(command.invoice_key)
    if invoice is not None:
        cancel_unsent(invoice)
        write_off(invoice)


def _invoice(key: str) -> Invoice | None:
    return (
        Invoice.objects.filter(key=key)
        .exclude(status=Invoice.Status.VOID)
        .select_related("customer")
        .first()
    )


def _subscription_of(invoice: Invoice) -> Subscription | None:
    if invoice.subscription_id is None:
        return None
    return with_prices().get(pk=invoice.subscription_id)
