"""All payments as admins see them, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saaskit_core.customers import Role
from saaskit_core.periods import BillingFrequency
from saaskit_django import clock as real
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.customers.models import Profile
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.confirm import confirm
from saaskit_django.plans.models import SubscriptionPlan
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Api, access_token, make_customer, make_plan, make_user

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = 6
"""What the middleware asks before any view."""


@pytest.fixture
def api(sandbox: SandboxProvider) -> Api:
    admin = make_user("admin@example.com")
    Profile.objects.create(user=admin, role=Role.ADMIN.value)
    return Api(user=admin)


def paid(email: str, plan: SubscriptionPlan, *, is_confirmed: bool = True) -> Payment:
    customer = make_customer(email)
    purchase = Purchase(user=customer.user, plan=plan, frequency=BillingFrequency.MONTHLY)
    payment = intend_purchase(customer, purchase, now=real.now()).payment
    assert payment is not None
    if is_confirmed:
        confirm(payment, method_ref="pm_card_ok", idempotency_key="", now=real.now())
    return Payment.objects.get(pk=payment.pk)


def test_lists_are_filtered_and_totals_never_mix_currencies(api: Api) -> None:
    dollars, yen = make_plan("pro", "30.00"), make_plan("yen", "3000", currency="JPY")
    first, second = paid("a@example.com", dollars), paid("b@example.com", yen)
    waiting = paid("c@example.com", dollars, is_confirmed=False)

    def found(query: str) -> list[int]:
        answer = api.get(f"admin/payments/?{query}")
        return [each["id"] for each in answer.json()["results"]]

    every = [waiting.pk, second.pk, first.pk]
    today, tomorrow = real.now().date(), real.now().date() + timedelta(days=1)
    assert found("") == every
    assert found(f"user_id={first.user_id}") == [first.pk]
    assert found(f"subscription_id={second.subscription_id}") == [second.pk]
    assert found(f"payment_id={second.pk}") == [second.pk]
    assert found(f"subscription_plan_id={dollars.pk}") == [waiting.pk, first.pk]
    assert found("status=Completed") == [second.pk, first.pk]
    assert found("payment_method=PayPal") == []
    assert found(f"from_date={today}&to_date={tomorrow}") == every
    assert found(f"from_date={tomorrow}") == []
    assert api.get("admin/payments/").json()["totals"] == {"JPY": "3000", "USD": "30.00"}


def test_a_list_takes_as_many_queries_for_many_rows(api: Api) -> None:
    token: Any = access_token(api.user)
    plan = make_plan("pro", "30.00")

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            api.get("admin/payments/?limit=100", authorization=f"Bearer {token}")
        own = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
        return sum(not each["sql"].startswith(own) for each in captured.captured_queries)

    paid("a@example.com", plan)
    few = asked()
    for number in range(5):
        paid(f"c{number}@example.com", plan, is_confirmed=False)
    assert few == asked() <= 5 + BEFORE
