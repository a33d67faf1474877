"""Create-intent: what a customer pays for now, priced here, once however often he asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from saaskit_core.billing.quotes import InvoiceKind, quote_period
from saaskit_core.coupons import normalise_code
from saaskit_core.money import InvalidAmount
from saaskit_core.payments.states import PaymentState
from saaskit_core.periods import BillingFrequency
from saaskit_core.plans import Price as CorePrice
from saaskit_core.subscriptions.facts import CancelRequested, CancelWhen
from saaskit_core.subscriptions.policies import ChangeTiming
from saaskit_core.subscriptions.states import StatusReason, SubscriptionStatus
from saaskit_django.billing.models import AppliedCoupon, Invoice
from saaskit_django.billing.selectors import InvoiceNotFound
from saaskit_django.billing.services.invoices import Bill, InvoiceNotPayable, issue
from saaskit_django.checkout.services.change_plan import Change, change_under_way, reserve_change
from saaskit_django.checkout.services.subscribe import (
    AlreadySubscribed,
    Purchase,
    subscribe_locked,
)
from saaskit_django.customers.services import (
    billing_now,
    ensure_saved,
    lock_customer,
    refuse_parked,
)
from saaskit_django.identifiers import new_uuid
from saaskit_django.payments.services.cancel import PaymentUnderWay, cancel
from saaskit_django.payments.services.charge import submit
from saaskit_django.payments.services.collect import Work, carry_out
from saaskit_django.payments.services.reserve import Collection, open_payment, open_payment_of
from saaskit_django.plans.selectors import current_price
from saaskit_django.subscriptions.selectors import live_subscription
from saaskit_django.subscriptions.services import advance

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.money import Money
    from saaskit_django.customers.models import Customer
    from saaskit_django.payments.models import Payment
    from saaskit_django.subscriptions.models import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What stands after a create-intent; without a payment nothing had to be paid."""

    currency: str
    invoice: Invoice | None
    payment: Payment | None


def intend_purchase(
    customer: Customer, purchase: Purchase, *, now: datetime, return_url: str = ""
) -> Intent:
    """Make the payment for a plan, or return the one that is under way for the same purchase.

    Another plan, price or coupon than the purchase under way replaces it. Somebody who has a
    plan upgrades by it. Raises AlreadySubscribed, PaymentUnderWay, CouponNotRedeemable and what
    the provider raises.
    """
    customer = ensure_saved(customer)
    _give_up_other_purchase(customer, purchase, now=now)
    invoice, payment_id = _reserve_purchase(customer, purchase, now=now)
    if invoice is None:
        return Intent(
            currency=purchase.currency or purchase.plan.currency, invoice=None, payment=None
        )
    return _send(invoice, payment_id, now=now, return_url=return_url)


def intend_invoice(
    customer: Customer,
    *,
    invoice_id: int,
    collection: Collection,
    now: datetime,
    return_url: str = "",
) -> Intent:
    """Make the payment for an open invoice of the customer, or return the one that is under way.

    Raises InvoiceNotFound, and InvoiceNotPayable when nothing is left to pay.
    """
    invoice, payment_id = _reserve_invoice(customer, invoice_id, collection, now=now)
    return _send(invoice, payment_id, now=now, return_url=return_url)


def intend_amount(
    customer: Customer,
    amount: Money,
    *,
    collection: Collection,
    now: datetime,
    return_url: str = "",
) -> Intent:
    """Make a one-off charge of an amount that an admin names, on an invoice of its own."""
    if amount.minor <= 0:
        raise InvalidAmount(amount=str(amount), problem="it must be more than zero")
    customer = ensure_saved(customer)
    invoice, payment_id = _reserve_amount(customer, amount, collection, now=now)
    return _send(invoice, payment_id, now=now, return_url=return_url)


def _send(invoice: Invoice, payment_id: int | None, *, now: datetime, return_url: str) -> Intent:
    if payment_id is None:
        invoice.refresh_from_db()
        return Intent(currency=invoice.currency, invoice=invoice, payment=None)
    payment = submit(payment_id, now=now, return_url=return_url)
    return Intent(currency=invoice.currency, invoice=payment.invoice, payment=payment)


def _give_up_other_purchase(customer: Customer, purchase: Purchase, *, now: datetime) -> None:
    """End the payment of another purchase at its provider, before any row is locked."""
    row = live_subscription(customer, group=purchase.plan.group)
    if row is None or _is_under_way(row, purchase):
        return
    for invoice in row.invoices.filter(status=Invoice.Status.DRAFT):
        payment = open_payment_of(invoice)
        if payment is not None:
            cancel(payment, now=now)


@transaction.atomic(durable=True)
def _reserve_purchase(
    customer: Customer, purchase: Purchase, *, now: datetime
) -> tuple[Invoice | None, int | None]:
    customer = lock_customer(customer.pk)
    refuse_parked(customer)
    row = live_subscription(customer, group=purchase.plan.group)
    if row is not None and row.status == SubscriptionStatus.PENDING:
        if _is_same(row, purchase):
            return _continue(row, purchase, now=now)
        _replace(row, now=now)
        row = None
    if row is None:
        subscribed = subscribe_locked(customer, purchase, now=now)
        return subscribed.invoice, subscribed.payment.pk if subscribed.payment else None
    return _upgrade(row, purchase, now=now)


def _is_under_way(row: Subscription, purchase: Purchase) -> bool:
    if row.status == SubscriptionStatus.PENDING:
        return _is_same(row, purchase)
    return change_under_way(row, _change(purchase)) is not None


def _is_same(row: Subscription, purchase: Purchase) -> bool:
    price = current_price(
        purchase.plan, frequency=purchase.frequency, currency=purchase.currency or None
    )
    code = normalise_code(purchase.coupon_code) if purchase.coupon_code else ""
    held = AppliedCoupon.objects.filter(subscription=row, is_released=False)
    has_same_coupon = not code or held.filter(coupon__code=code).exists()
    has_invoice = row.invoices.exclude(status=Invoice.Status.VOID).exists()
    same = (row.price_id, row.quantity) == (price.pk, purchase.quantity)
    return same and has_same_coupon and has_invoice


def _continue(
    row: Subscription, purchase: Purchase, *, now: datetime
) -> tuple[Invoice, int | None]:
    invoice = row.invoices.exclude(status=Invoice.Status.VOID).get(key=row.awaiting_key)
    collection = Collection(
        provider=purchase.provider or row.provider,
        user=purchase.user,
        payment_method=purchase.payment_method,
        attempt=row.attempt,
        description=row.subscription_plan.name,
    )
    at = billing_now(row.customer, now)
    return invoice, open_payment(invoice, collection, now=now, at=at).pk


def _replace(row: Subscription, *, now: datetime) -> None:
    for invoice in row.invoices.filter(status=Invoice.Status.DRAFT):
        standing = open_payment_of(invoice)
        if standing is not None and standing.state != PaymentState.CREATED:
            raise PaymentUnderWay  # Made since the other purchase was given up.
    work = Work(now=now, at=billing_now(row.customer, now))
    fact = CancelRequested(when=CancelWhen.NOW, reason=StatusReason.REPLACED)
    carry_out(row, advance(row, fact, now=work.at, actor="customer"), work)


def _upgrade(
    row: Subscription, purchase: Purchase, *, now: datetime
) -> tuple[Invoice | None, int | None]:
    change = _change(purchase)
    standing = change_under_way(row, change)
    if standing is not None:
        return standing.invoice, standing.pk
    reserved = reserve_change(row, change, now=now)
    if reserved.quote.timing is ChangeTiming.PERIOD_END:
        raise AlreadySubscribed  # A create-intent is for what is bought now.
    return reserved.invoice, reserved.payment_id


def _change(purchase: Purchase) -> Change:
    return Change(
        user=purchase.user,
        plan=purchase.plan,
        frequency=purchase.frequency,
        quantity=purchase.quantity,
        currency=purchase.currency,
        coupon_code=purchase.coupon_code,
        provider=purchase.provider,
        is_payer_present=True,
    )


@transaction.atomic(durable=True)
def _reserve_invoice(
    customer: Customer, invoice_id: int, collection: Collection, *, now: datetime
) -> tuple[Invoice, int | None]:
    if customer.pk is None:
        raise InvoiceNotFound
    customer = lock_customer(customer.pk)
    refuse_parked(customer)
    invoice = Invoice.objects.filter(pk=invoice_id, customer=customer).first()
    if invoice is None:
        raise InvoiceNotFound
    if invoice.status != Invoice.Status.OPEN or not invoice.amount_due_minor:
        raise InvoiceNotPayable
    at = billing_now(customer, now)
    return invoice, open_payment(invoice, collection, now=now, at=at).pk


@transaction.atomic(durable=True)
def _reserve_amount(
    customer: Customer, amount: Money, collection: Collection, *, now: datetime
) -> tuple[Invoice, int | None]:
    customer = lock_customer(customer.pk)
    refuse_parked(customer)
    at = billing_now(customer, now)
    price = CorePrice(id="", plan="", amount=amount, frequency=BillingFrequency.ONE_TIME)
    draft = quote_period(
        kind=InvoiceKind.ONE_OFF,
        price=price,
        description=collection.description or "One-off charge",
    )
    bill = Bill(
        customer=customer,
        subscription=None,
        kind=InvoiceKind.ONE_OFF,
        key=f"one_off:{new_uuid()}",
        draft=draft,
    )
    invoice = issue(bill, now=at, final=False)
    return invoice, open_payment(invoice, collection, now=now, at=at).pk
