"""Subscribing: the subscription, its first invoice, its coupon and its payment, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.subscriptions.facts import Started
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_core.subscriptions.transitions import create
from saaskit_django import registry
from saaskit_django.billing.services.coupons import apply_coupon
from saaskit_django.conf import conf
from saaskit_django.customers.services import billing_now, lock_customer, refuse_parked
from saaskit_django.identifiers import new_reference
from saaskit_django.payments.selectors import default_method, has_paid_before
from saaskit_django.payments.services.collect import Work, carry_out
from saaskit_django.payments.services.reserve import Collection, open_payment
from saaskit_django.plans.selectors import current_price
from saaskit_django.subscriptions.selectors import ended_subscription, had_trial, live_subscription
from saaskit_django.subscriptions.services import NewSubscription, start

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.periods import BillingFrequency
    from saaskit_django.billing.models import Invoice
    from saaskit_django.customers.models import Customer
    from saaskit_django.payments.models import Payment
    from saaskit_django.plans.models import Price, SubscriptionPlan
    from saaskit_django.subscriptions.models import Subscription


class AlreadySubscribed(SaasKitError):
    code = "already_subscribed"
    kind = ErrorKind.CONFLICT
    template = "There is a live subscription already; change that one instead."


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What a customer buys, by default in the plan's currency and by the default provider.

    The rest is for staff: another start, a trial of its own (None: the plan's), a first period that
    is granted, a charge of the kept method while the payer is away.
    """

    user: Any
    plan: SubscriptionPlan
    frequency: BillingFrequency
    currency: str = ""
    quantity: int = 1
    coupon_code: str = ""
    provider: str = ""
    payment_method: str = ""
    starts_at: datetime | None = None
    auto_renew: bool = True
    trial_days: int | None = None
    is_granted: bool = False
    is_off_session: bool = False
    actor: str = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """What stands now. `payment` is None when nothing is due yet; submit it once committed."""

    subscription: Subscription
    invoice: Invoice | None
    payment: Payment | None


def subscribe(customer: Customer, purchase: Purchase, *, now: datetime) -> Subscribed:
    """Subscribe a customer, inside a transaction.

    A free plan is Active at once, a plan with a trial is on Trial (once per product group), a
    paid one is Pending until the provider says that its first payment arrived. Raises
    AlreadySubscribed, CustomerParked, ProviderNotFound, PriceNotForSale and CouponNotRedeemable
    subclasses.
    """
    customer = lock_customer(customer.pk)
    refuse_parked(customer)
    if live_subscription(customer, group=purchase.plan.group) is not None:
        raise AlreadySubscribed
    return subscribe_locked(customer, purchase, now=now)


def subscribe_locked(customer: Customer, purchase: Purchase, *, now: datetime) -> Subscribed:
    """Subscribe a customer who is locked, not parked, and has no live subscription in the group.

    Inside a transaction; otherwise as `subscribe`.
    """
    if purchase.provider:
        registry.payment_provider(purchase.provider)
    price = current_price(
        purchase.plan, frequency=purchase.frequency, currency=purchase.currency or None
    )
    work = Work(now=now, at=billing_now(customer, now))
    row = _start(customer, purchase, price, work)
    invoice = work.issued[0] if work.issued else None
    payment = _first_payment(row, invoice, purchase, work)
    return Subscribed(subscription=row, invoice=invoice, payment=payment)


def _start(customer: Customer, purchase: Purchase, price: Price, work: Work) -> Subscription:
    previous = ended_subscription(customer, group=purchase.plan.group)
    provider = purchase.provider or (registry.default_provider() if price.amount_minor else "")
    started = Started(
        id=new_reference("sub"),
        customer_id=str(customer.pk),
        price=price.to_core(),
        quantity=purchase.quantity,
        group=purchase.plan.group,
        zone=customer.timezone,
        starts_at=purchase.starts_at,
        is_paid=purchase.is_granted,
        auto_renew=purchase.auto_renew,
        trial_days=_trial_days(customer, purchase),
        has_method=default_method(customer) is not None,
        previous_id=previous.reference if previous else "",
    )
    decision = create(started, now=work.at, policies=conf().policies)
    new = NewSubscription(
        started=started,
        customer=customer,
        user=purchase.user,
        price=price,
        provider=provider,
        previous=previous,
    )
    row = start(new, decision, now=work.at, actor=purchase.actor)
    if purchase.coupon_code:
        apply_coupon(
            row,
            code=purchase.coupon_code,
            user=purchase.user,
            has_purchased=has_paid_before(customer),
            now=work.now,
        )
    carry_out(row, decision, work)
    return row


def _trial_days(customer: Customer, purchase: Purchase) -> int:
    if purchase.trial_days is not None:
        return purchase.trial_days
    days = purchase.plan.trial_days
    return 0 if days and had_trial(customer, group=purchase.plan.group) else days


def _first_payment(
    row: Subscription, invoice: Invoice | None, purchase: Purchase, work: Work
) -> Payment | None:
    if row.status != SubscriptionStatus.PENDING or invoice is None:
        return None
    method = default_method(row.customer) if purchase.is_off_session else None
    collection = Collection(
        provider=method.provider if method else row.provider,
        method=method,
        user=purchase.user,
        payment_method=purchase.payment_method,
        attempt=row.attempt,
        description=f"{row.subscription_plan.name} ({purchase.frequency})",
    )
    return open_payment(invoice, collection, now=work.now, at=work.at)
