from __future__ import annotations

import pytest
from django.db import transaction

from saaskit_core.periods import BillingFrequency
from saaskit_django.billing.models import Invoice
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase, subscribe
from saaskit_django.customers.models import Customer
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.confirm import confirm
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Moving, make_customer, make_plan

pytestmark = pytest.mark.django_db(transaction=True)

MONTHLY = BillingFrequency.MONTHLY


def test_a_paid_plan_becomes_active_with_its_payment(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    customer = make_customer()
    purchase = Purchase(user=customer.user, plan=make_plan("pro", "29.99"), frequency=MONTHLY)

    intent = intend_purchase(customer, purchase, now=clock.now)

    assert intent.payment is not None
    assert intent.payment.status == "Pending"
    assert Subscription.objects.get().status == "Pending"
    assert intent.invoice.number is None

    paid = confirm(intent.payment, method_ref="pm_card_ok", idempotency_key="", now=clock.now)

    assert paid.status == "Completed"
    row = Subscription.objects.get()
    assert (row.status, row.period_start) == ("Active", clock.now)
    invoice = Invoice.objects.get()
    assert (invoice.status, invoice.number, invoice.total_minor) == ("paid", 1, 2999)
    assert [each.amount.minor for each in sandbox.payments()] == [2999]


def test_asking_again_is_the_same_payment(sandbox: SandboxProvider, clock: Moving) -> None:
    customer = make_customer()
    purchase = Purchase(user=customer.user, plan=make_plan("pro", "29.99"), frequency=MONTHLY)
    first = intend_purchase(customer, purchase, now=clock.now)
    second = intend_purchase(customer, purchase, now=clock.now)
    assert first.payment == second.payment
    assert Payment.objects.count() == 1
    assert len(sandbox.payments()) == 1


def upgrading(clock: Moving) -> tuple[Customer, Purchase]:
    """A customer on a free plan, and the purchase he wants to make."""
    customer = make_customer()
    free = Purchase(user=customer.user, plan=make_plan("free", "0"), frequency=MONTHLY)
    with transaction.atomic():
        subscribe(customer, free, now=clock.now)
    return customer, Purchase(user=customer.user, plan=make_plan("pro", "29.99"), frequency=MONTHLY)


def test_asking_again_for_an_upgrade_is_the_same_payment(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    customer, purchase = upgrading(clock)
    first = intend_purchase(customer, purchase, now=clock.now)
    second = intend_purchase(customer, purchase, now=clock.forward(minutes=5))
    assert first.payment == second.payment
    assert Payment.objects.count() == len(sandbox.payments()) == 1


def test_another_upgrade_replaces_the_one_that_nobody_paid(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    customer, purchase = upgrading(clock)
    first = intend_purchase(customer, purchase, now=clock.now)
    team = Purchase(user=customer.user, plan=make_plan("team", "99.00"), frequency=MONTHLY)
    second = intend_purchase(customer, team, now=clock.now)
    assert first.payment is not None
    assert second.payment is not None
    first.payment.refresh_from_db()
    assert first.payment.status == "Cancelled"
    confirm(second.payment, method_ref="pm_card_ok", idempotency_key="", now=clock.now)
    assert Subscription.objects.get().subscription_plan.key == "team"
    assert sum(each.received.minor for each in sandbox.payments()) == 9900
