"""Changing plan, frequency or quantity: previewed and executed by the same quote."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import transaction

from saaskit_core.billing.quotes import (
    ChangeFacts,
    ChangeQuote,
    InvoiceKind,
    nets_of_period,
    quote_change,
)
from saaskit_core.coupons import AppliedCoupon, normalise_code
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.payments.states import PaymentState
from saaskit_core.periods import BillingFrequency
from saaskit_core.subscriptions.changes import ChangeRefused, plan_change
from saaskit_core.subscriptions.facts import ChangeDropped, ChangeRequested
from saaskit_core.subscriptions.policies import ChangeTiming
from saaskit_django import registry
from saaskit_django.billing.models import Invoice
from saaskit_django.billing.selectors import applied_coupons, settlement
from saaskit_django.billing.services.coupons import apply_coupon
from saaskit_django.conf import conf
from saaskit_django.coupons.selectors import Buyer, check, known_spelling
from saaskit_django.customers.services import billing_now, lock_customer, refuse_parked
from saaskit_django.payments.models import Payment
from saaskit_django.payments.selectors import default_method, has_paid_before
from saaskit_django.payments.services.cancel import PaymentUnderWay
from saaskit_django.payments.services.charge import submit
from saaskit_django.payments.services.collect import Work, carry_out
from saaskit_django.payments.services.reserve import Collection, open_payment, open_payment_of
from saaskit_django.plans.selectors import current_price
from saaskit_django.subscriptions.selectors import live_subscription
from saaskit_django.subscriptions.services import advance, reread

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.subscriptions.model import Subscription as CoreSubscription
    from saaskit_django.customers.models import Customer
    from saaskit_django.plans.models import Price, SubscriptionPlan
    from saaskit_django.subscriptions.models import Subscription


class NotSubscribed(SaasKitError):
    code = "not_subscribed"
    kind = ErrorKind.CONFLICT
    template = "There is no subscription to change; subscribe first."


class ChangeTimingRefused(ChangeRefused):
    code = "change_timing_refused"
    template = "This change comes into force as the site says, or at the end of the period."


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a customer wants instead; what is left out stays.

    `timing` is the policies' own unless it asks to wait for the period's end.

    `keeps_price` stays with the version of the price that he has, for sale or not.
    `is_payer_present`: the payer confirms the payment himself; otherwise his kept method is
    charged.
    """

    user: Any
    plan: SubscriptionPlan
    frequency: BillingFrequency | None = None
    quantity: int | None = None
    currency: str = ""
    coupon_code: str = ""
    timing: ChangeTiming | None = None
    provider: str = ""
    is_payer_present: bool = False
    keeps_price: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a change came to: the subscription now, its quote, and the payment if one was due."""

    subscription: Subscription
    previous_plan: SubscriptionPlan
    quote: ChangeQuote
    payment: Payment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservedChange:
    """A change as written, before any provider is called."""

    subscription: Subscription
    previous_plan: SubscriptionPlan
    quote: ChangeQuote
    invoice: Invoice | None
    payment_id: int | None


def preview_change(customer: Customer, change: Change, *, now: datetime) -> Changed:
    """Work out what a change would cost and when it would come into force, writing nothing."""
    row = _subscription(customer, change.plan)
    coupons = (*applied_coupons(row), *_tried_coupon(row, change, now=now))
    quote = _quote(row, change, at=billing_now(row.customer, now), coupons=coupons)
    return Changed(subscription=row, previous_plan=row.subscription_plan, quote=quote)


def change_plan(customer: Customer, change: Change, *, now: datetime) -> Changed:
    """Change a subscription: an upgrade once it is paid, a downgrade at the period's end.

    A declined payment leaves the plan as it was. Raises NotSubscribed, ChangeRefused subclasses,
    InvalidTransition, PaymentUnderWay and what the provider raises.
    """
    reserved = _reserve(customer, change, now=now)
    payment = submit(reserved.payment_id, now=now) if reserved.payment_id else None
    if payment is not None:
        reread(reserved.subscription)
    return Changed(
        subscription=reserved.subscription,
        previous_plan=reserved.previous_plan,
        quote=reserved.quote,
        payment=payment,
    )


@transaction.atomic(durable=True)
def _reserve(customer: Customer, change: Change, *, now: datetime) -> ReservedChange:
    if customer.pk is None:
        raise NotSubscribed
    customer = lock_customer(customer.pk)
    refuse_parked(customer)
    return reserve_change(_subscription(customer, change.plan), change, now=now)


def reserve_change(row: Subscription, change: Change, *, now: datetime) -> ReservedChange:
    """Write a change, its invoice and payment, inside a transaction with the customer locked."""
    at, previous_plan = billing_now(row.customer, now), row.subscription_plan
    _drop_unpaid_change(row, work=Work(now=now, at=at))
    if change.coupon_code:
        apply_coupon(
            row,
            code=change.coupon_code,
            user=change.user,
            price=_price(row, change),
            has_purchased=has_paid_before(row.customer),
            now=now,
            is_change=True,
        )
    quote = _quote(row, change, at=at, coupons=applied_coupons(row))
    work = Work(now=now, at=at, change_draft=quote.invoice)
    decision = advance(row, _request(row, change), now=at, actor="customer")
    carry_out(row, decision, work)
    invoice = _unpaid(row, work)
    payment_id = _reserve_payment(row, invoice, change, work) if invoice else None
    return ReservedChange(
        subscription=row,
        previous_plan=previous_plan,
        quote=quote,
        invoice=invoice,
        payment_id=payment_id,
    )


def change_under_way(row: Subscription, change: Change) -> Payment | None:
    """Return the payment that this very change waits for, or None."""
    invoice = _change_invoice(row)
    payment = open_payment_of(invoice) if invoice is not None else None
    wanted = (_price(row, change).pk, change.quantity or row.quantity)
    if payment is None or wanted != (row.pending_price_id, row.pending_quantity):
        return None
    code = normalise_code(change.coupon_code) if change.coupon_code else ""
    held = row.coupons.filter(is_released=False)
    return payment if not code or held.filter(coupon__code=code).exists() else None


def _subscription(customer: Customer, plan: SubscriptionPlan) -> Subscription:
    row = live_subscription(customer, group=plan.group)
    if row is None:
        raise NotSubscribed
    return row


def _price(row: Subscription, change: Change) -> Price:
    if change.keeps_price:
        return row.price
    frequency = change.frequency or BillingFrequency(row.price.frequency)
    currency = change.currency or _usual_currency(row, change)
    return current_price(change.plan, frequency=frequency, currency=currency)


def _usual_currency(row: Subscription, change: Change) -> str | None:
    return row.price.currency if row.price.amount_minor else change.plan.currency


def _request(row: Subscription, change: Change) -> ChangeRequested:
    return ChangeRequested(
        price=_price(row, change).to_core(),
        quantity=change.quantity,
        timing=change.timing,
        trial_days=change.plan.trial_days,
    )


def _tried_coupon(row: Subscription, change: Change, *, now: datetime) -> tuple[AppliedCoupon, ...]:
    """Return the coupon that the change would put on the subscription, taking no use of it."""
    if not change.coupon_code:
        return ()
    code = known_spelling(change.coupon_code)
    if row.coupons.filter(is_released=False, coupon__code=code).exists():
        return ()
    price = _price(row, change)
    buyer = Buyer(
        customer=row.customer,
        plan=change.plan.key,
        price=price.amount * row.quantity,
        has_purchased=has_paid_before(row.customer),
    )
    coupon, _ = check(code, buyer, now=now)
    return (AppliedCoupon(coupon=coupon.to_core(), first_period_start=None),)


def _check_timing(current: CoreSubscription, wanted: ChangeRequested, *, at: datetime) -> None:
    """Let nobody choose terms that the site doesn't offer: only to wait is always allowed."""
    if wanted.timing in (None, ChangeTiming.PERIOD_END):
        return
    usual = plan_change(current, replace(wanted, timing=None), now=at, policies=conf().policies)
    if wanted.timing is not usual.timing:
        raise ChangeTimingRefused


def _quote(
    row: Subscription, change: Change, *, at: datetime, coupons: tuple[AppliedCoupon, ...]
) -> ChangeQuote:
    wanted = _request(row, change)
    current = row.to_core()
    _check_timing(current, wanted, at=at)
    provider = registry.payment_provider(_provider(row, change))
    return quote_change(
        ChangeFacts(
            subscription=current,
            item_nets=nets_of_period(current, _used(coupons)),
            price=wanted.price,
            quantity=wanted.quantity,
            now=at,
            policies=conf().policies,
            timing=wanted.timing,
            trial_days=wanted.trial_days,
            coupons=coupons,
            settlement=settlement(
                row.customer, _price(row, change).currency, limits=provider.limits
            ),
        )
    )


def _used(coupons: tuple[AppliedCoupon, ...]) -> tuple[AppliedCoupon, ...]:
    """Those that a paid invoice was discounted by: what was paid is less by them."""
    return tuple(each for each in coupons if each.first_period_start is not None)


def _provider(row: Subscription, change: Change) -> str:
    return change.provider or row.provider or registry.default_provider()


def _drop_unpaid_change(row: Subscription, *, work: Work) -> None:
    """Withdraw a change that waits for its payment; refuse while that payment may still be made."""
    invoice = _change_invoice(row)
    if invoice is None:
        return
    payment = open_payment_of(invoice)
    if payment is not None and payment.state != PaymentState.CREATED:
        raise PaymentUnderWay
    if payment is not None:
        Payment.objects.filter(pk=payment.pk).update(state=PaymentState.CANCELLED, check_at=None)
    carry_out(row, advance(row, ChangeDropped(), now=work.at, actor="customer"), work)


def _change_invoice(row: Subscription) -> Invoice | None:
    """Return the unpaid invoice of the change that is pending, or None."""
    if not row.pending_key:
        return None
    return Invoice.objects.filter(
        key=row.pending_key, kind=InvoiceKind.CHANGE, status=Invoice.Status.DRAFT
    ).first()


def _unpaid(row: Subscription, work: Work) -> Invoice | None:
    """Return the invoice that the change now waits for, or None."""
    issued = [each for each in work.issued if each.key == row.pending_key]
    return next((each for each in issued if each.status == Invoice.Status.DRAFT), None)


def _reserve_payment(row: Subscription, invoice: Invoice, change: Change, work: Work) -> int:
    method = None if change.is_payer_present else default_method(row.customer)
    collection = Collection(
        provider=method.provider if method else _provider(row, change),
        user=change.user,
        method=method,
        attempt=row.attempt,
        description=f"{row.subscription_plan.name} → {change.plan.name}",
    )
    return open_payment(invoice, collection, now=work.now, at=work.at).pk
