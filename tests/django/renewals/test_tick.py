from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from saaskit_core.periods import BillingFrequency
from saaskit_django.checkout.services.subscribe import Purchase, subscribe
from saaskit_django.payments.services.methods import add_method
from saaskit_django.renewals.services.tick import tick
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Api, Moving, make_customer, make_plan, make_user


@pytest.mark.django_db(transaction=True)
def test_a_tick_does_what_is_due_and_again_nothing(sandbox: SandboxProvider, clock: Moving) -> None:
    customer = make_customer()
    plan = make_plan("pro", "30.00", trial_days=14)
    purchase = Purchase(user=customer.user, plan=plan, frequency=BillingFrequency.MONTHLY)
    with transaction.atomic():
        subscribe(customer, purchase, now=clock.now)
    add_method(customer, provider_name="sandbox", method_ref="pm_card_ok", now=clock.now)
    clock.forward(days=14)

    assert tick(now=clock.now).subscriptions.looked_at == 1
    assert Subscription.objects.get().status == "Active"
    assert tick(now=clock.now).subscriptions.looked_at == 0


@pytest.mark.django_db(transaction=True)
def test_an_admin_moves_a_customers_clock(sandbox: SandboxProvider) -> None:
    customer = make_customer()
    plan = make_plan("pro", "30.00", trial_days=14)
    purchase = Purchase(user=customer.user, plan=plan, frequency=BillingFrequency.MONTHLY)
    from saaskit_django import clock as real

    with transaction.atomic():
        subscribe(customer, purchase, now=real.now())
    add_method(customer, provider_name="sandbox", method_ref="pm_card_ok", now=real.now())
    boss = Api(make_user("boss@example.com", is_superuser=True))

    path = f"admin/customers/{customer.pk}/test-clock/"
    assert Api(customer.user).post(path, {"days": 14}).status_code == 403
    answer = boss.post(path, {"days": 45})

    assert answer.status_code == 200, answer.content
    assert answer.json()["subscriptions_renewed"] == 1
    row = Subscription.objects.get()
    assert (row.status, row.period_index) == ("Active", 1)
    assert row.end_date is not None
    assert row.end_date > real.now() + timedelta(days=45)
