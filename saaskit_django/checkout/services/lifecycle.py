"""What a customer asks of his subscription beside another plan: to end, to rest, to go on."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from saaskit_core.errors import SaasKitError
from saaskit_core.subscriptions.facts import CancelRequested, Paused, Resumed, Uncancelled
from saaskit_django.checkout.services.change_plan import Change, NotSubscribed
from saaskit_django.customers.services import billing_now, lock_customer
from saaskit_django.payments.models import Payment
from saaskit_django.payments.selectors import orphaned_payments
from saaskit_django.payments.services.cancel import cancel
from saaskit_django.payments.services.charge import submit
from saaskit_django.payments.services.collect import Work, carry_out
from saaskit_django.subscriptions.selectors import live_subscription, with_prices
from saaskit_django.subscriptions.services import advance

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from saaskit_django.customers.models import Customer
    from saaskit_django.subscriptions.models import Subscription

logger = logging.getLogger(__name__)

Asked = CancelRequested | Uncancelled | Paused | Resumed
"""What is asked for here; a change of terms is `change_plan`'s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Where the subscription stands now, and the payment of what became due by that, if any."""

    subscription: Subscription
    payment: Payment | None = None


def ask(customer: Customer, asked: Asked, *, group: str, now: datetime) -> Moved:
    """Tell the customer's subscription what he asks for, and carry out what follows from it.

    Paid time that a cancellation leaves unused is credited or refunded by the policy; payments of
    invoices that it voids are ended at their provider. Going on after the paid time is over is
    charged at once; a decline is dunning's, and no error. Raises NotSubscribed, InvalidTransition,
    InvalidPeriod and ManagedByProvider.
    """
    subscription_id, to_submit = _tell(customer, asked, group=group, now=now)
    for payment_id in to_submit:
        _settled_later(submit, payment_id, now=now)
    for payment in orphaned_payments(subscription_id):
        _settled_later(cancel, payment, now=now)
    return Moved(
        subscription=with_prices().get(pk=subscription_id),
        payment=_full(to_submit[0]) if to_submit else None,
    )


def quantity_change(
    customer: Customer, quantity: int, *, user: Any, group: str, coupon_code: str = ""
) -> Change:
    """Return the change to another quantity of what the customer has, at the price he has.

    Raises NotSubscribed.
    """
    row = live_subscription(customer, group=group)
    if row is None:
        raise NotSubscribed
    return Change(
        user=user,
        plan=row.subscription_plan,
        quantity=quantity,
        coupon_code=coupon_code,
        keeps_price=True,
    )


@transaction.atomic(durable=True)
def _tell(customer: Customer, asked: Asked, *, group: str, now: datetime) -> tuple[int, list[int]]:
    if customer.pk is None:
        raise NotSubscribed
    customer = lock_customer(customer.pk)
    row = live_subscription(customer, group=group)
    if row is None:
        raise NotSubscribed
    work = Work(now=now, at=billing_now(customer, now))
    carry_out(row, advance(row, asked, now=work.at, actor="customer"), work)
    return row.pk, work.to_submit


def _settled_later(call: Any, subject: object, *, now: datetime) -> None:
    """Call a provider about what is written already: what fails now, the janitor repeats."""
    try:
        call(subject, now=now)
    except SaasKitError as exc:
        logger.warning("%s of %s is left to the janitor: %s", call.__name__, subject, exc.code)


def _full(payment_id: int) -> Payment:
    return Payment.objects.select_related("invoice", "customer").get(pk=payment_id)
