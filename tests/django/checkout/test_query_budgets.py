"""How many queries an answer may take: the same however many rows there are."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saaskit_core.periods import BillingFrequency
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.confirm import confirm
from saaskit_django.renewals.services.sweep import sweep
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Api, Moving, access_token, make_customer, make_plan

pytestmark = pytest.mark.django_db(transaction=True)

LISTS = [
    "core/payments/",
    "core/payments/billing/history/",
    "core/billing/invoices/",
    "core/subscription/history/",
]
READS = [
    "core/subscription/health/",
    "core/subscription/history/",
    "core/billing/upcoming/",
    "core/billing/wallet/",
    "core/billing/payment-methods/",
]
BEFORE = 6
"""What the middleware asks before any view: the login, and the plan for the limit on calls."""


def queries(api: Api, method: str, path: str, body: Any, token: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = api.call(method, path, body, authorization=f"Bearer {token}")
    assert answer.status_code == 200, (path, answer.content)
    own = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return sum(not each["sql"].startswith(own) for each in captured.captured_queries)


@pytest.fixture
def payer(sandbox: SandboxProvider, clock: Moving) -> Any:
    customer = make_customer()
    purchase = Purchase(
        user=customer.user, plan=make_plan("pro", "30.00"), frequency=BillingFrequency.MONTHLY
    )
    intent = intend_purchase(customer, purchase, now=clock.now)
    assert intent.payment is not None
    confirm(intent.payment, method_ref="pm_card_ok", idempotency_key="", now=clock.now)
    return customer.user


@pytest.mark.parametrize("path", LISTS)
def test_lists_take_as_many_for_many_rows(payer: Any, clock: Moving, path: str) -> None:
    api, token = Api(), access_token(payer)
    few = queries(api, "GET", path, None, token)
    for _ in range(4):
        sweep(now=clock.forward(days=31))
    assert Payment.objects.count() == 5
    many = queries(api, "GET", path, None, token)
    assert few == many <= 5 + BEFORE


@pytest.mark.parametrize("path", READS)
def test_reads_stay_small(payer: Any, path: str) -> None:
    assert queries(Api(), "GET", path, None, access_token(payer)) <= 8 + BEFORE


def test_writes_that_call_a_provider(sandbox: SandboxProvider, settings: Any) -> None:
    """With the outbox left to a worker: these are ceilings, the aim is 25 for each."""
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "worker"}
    user = make_customer().user
    api, token = Api(), access_token(user)
    wanted = {"subscription_plan_id": make_plan("pro", "30.00").pk}
    made = queries(api, "POST", "payment/create-intent/", wanted, token)
    paying = {
        "transaction_id": Payment.objects.get().transaction_id,
        "payment_method_id": "pm_card_ok",
    }
    confirmed = queries(api, "POST", "payment/confirm/", paying, token)
    change = {"plan_id": make_plan("team", "60.00").pk}
    changed = queries(api, "POST", "core/subscription/change/", change, token)
    more = queries(api, "POST", "core/subscription/quantity/", {"quantity": 2}, token)
    ended = queries(api, "POST", "core/subscription/cancel/", {"when": "now"}, token)
    assert made <= 34
    assert confirmed <= 26
    assert changed <= 41
    assert more <= 39
    assert ended <= 18
