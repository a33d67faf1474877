"""Purchases, refunds and coupons under a crowd: on SQLite's default settings and on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.http import HttpResponse

from saaskit_django import clock
from saaskit_django.billing.models import Invoice
from saaskit_django.billing.selectors import ledger_sum
from saaskit_django.coupons.models import Coupon, CouponUsage
from saaskit_django.customers.models import Customer
from saaskit_django.customers.services import ensure_customer
from saaskit_django.payments.models import Payment, Refund
from saaskit_django.payments.services.confirm import confirm
from saaskit_django.plans.models import SubscriptionPlan
from saaskit_django.rest.models import IdempotencyKey
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Api, access_token, make_plan, make_user
from tests.concurrency.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 50


def tokens(people: int) -> list[str]:
    """The access tokens of so many users, who have no customer row yet."""
    return [access_token(make_user(f"user{number}@example.com")) for number in range(people)]


def post(token: str, path: str, body: dict[str, Any], **headers: str) -> HttpResponse:
    return Api().post(path, body, authorization=f"Bearer {token}", **headers)


def buy(token: str, plan: SubscriptionPlan, **headers: str) -> HttpResponse:
    return post(token, "payment/create-intent/", {"subscription_plan_id": plan.pk}, **headers)


def paid(sandbox: SandboxProvider, token: str, plan: SubscriptionPlan) -> Payment:
    transaction_id = buy(token, plan).json()["transaction_id"]
    payment = Payment.objects.get(transaction_id=transaction_id)
    return confirm(payment, method_ref="pm_card_ok", idempotency_key="", now=clock.now())


def statuses(answers: list[HttpResponse]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


@pytest.mark.usefixtures("untuned_sqlite")
def test_one_key_sent_by_fifty_makes_one_payment(sandbox: SandboxProvider) -> None:
    plan, token = make_plan("pro", "29.99"), tokens(1)[0]

    answers = at_once(lambda _: buy(token, plan, idempotency_key="the-one-key"), list(range(CROWD)))

    found = statuses(answers)
    assert found[200] >= 1
    assert set(found) <= {200, 409}, found
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "request_in_flight"
            assert int(answer["Retry-After"]) >= 1
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert (
        sum("Idempotent-Replayed" not in each for each in answers if each.status_code == 200) == 1
    )
    assert Payment.objects.count() == Subscription.objects.count() == Invoice.objects.count() == 1
    assert IdempotencyKey.objects.count() == Customer.objects.count() == 1
    assert [each.amount.minor for each in sandbox.payments()] == [2999]
    again = buy(token, plan, idempotency_key="the-one-key")
    assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")


@pytest.mark.usefixtures("untuned_sqlite")
def test_fifty_customers_make_fifty_payments(sandbox: SandboxProvider) -> None:
    plan = make_plan("pro", "29.99")

    answers = at_once(
        lambda token: buy(token, plan, idempotency_key=f"key-{token[-20:]}"), tokens(CROWD)
    )

    assert statuses(answers) == {200: CROWD}, [a.content for a in answers if a.status_code != 200]
    assert len({answer.json()["transaction_id"] for answer in answers}) == CROWD
    assert Payment.objects.filter(state="requires_action").count() == CROWD
    assert Subscription.objects.filter(status="Pending").count() == CROWD
    assert [each.amount.minor for each in sandbox.payments()] == [2999] * CROWD


def test_fifty_keys_of_one_customer_make_one_purchase(sandbox: SandboxProvider) -> None:
    plan, token = make_plan("pro", "29.99"), tokens(1)[0]

    answers = at_once(
        lambda number: buy(token, plan, idempotency_key=f"key-{number}"), list(range(CROWD))
    )

    assert statuses(answers) == {200: CROWD}, [a.content for a in answers if a.status_code != 200]
    assert len({answer.json()["transaction_id"] for answer in answers}) == 1
    assert Payment.objects.count() == Subscription.objects.count() == Invoice.objects.count() == 1
    assert len(sandbox.payments()) == 1


def test_twenty_confirmations_charge_once(sandbox: SandboxProvider) -> None:
    plan, token = make_plan("pro", "29.99"), tokens(1)[0]
    transaction_id = buy(token, plan).json()["transaction_id"]
    body = {"transaction_id": transaction_id, "payment_method_id": "pm_card_ok"}

    answers = at_once(lambda _: post(token, "payment/confirm/", body), list(range(20)))

    assert statuses(answers)[200] >= 1
    assert set(statuses(answers)) <= {200, 409}, [a.content for a in answers]
    payment = Payment.objects.get()
    assert (payment.status, payment.received_minor) == ("Completed", 2999)
    assert [each.received.minor for each in sandbox.payments()] == [2999]
    assert Subscription.objects.get().status == "Active"
    assert [each.number for each in Invoice.objects.filter(status="paid")] == [1]
    assert ledger_sum() in ({}, {"USD": 0})


def test_fifty_refunds_of_sixty_percent_are_one(sandbox: SandboxProvider) -> None:
    payment = paid(sandbox, tokens(1)[0], make_plan("pro", "100.00"))
    admin = access_token(make_user("admin@example.com", is_superuser=True))
    body = {"transaction_id": payment.transaction_id, "amount": "60.00"}

    answers = at_once(lambda _: post(admin, "payment/refund/", body), list(range(CROWD)))

    assert statuses(answers) == {200: 1, 409: CROWD - 1}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"refund_too_large"}
    payment.refresh_from_db()
    assert (payment.refunded_minor, payment.refunding_minor) == (6000, 0)
    assert [each.amount_minor for each in Refund.objects.all()] == [6000]
    assert [each.refunded.minor for each in sandbox.payments()] == [6000]


def test_sixty_buyers_share_the_ten_uses_of_a_coupon(sandbox: SandboxProvider) -> None:
    plan = make_plan("pro", "30.00")
    Coupon.objects.create(
        code="TEN", discount_type="percentage", percent=20, max_uses=10, max_uses_per_user=1
    )
    body = {"subscription_plan_id": plan.pk, "coupon_code": "ten"}

    answers = at_once(lambda token: post(token, "payment/create-intent/", body), tokens(60))

    assert statuses(answers) == {200: 10, 409: 50}
    assert {a.json()["amount"] for a in answers if a.status_code == 200} == {"24.00"}
    assert Coupon.objects.get().current_uses == 10
    assert CouponUsage.objects.filter(status="reserved").count() == 10
    assert Payment.objects.count() == Subscription.objects.count() == 10
    assert [each.amount.minor for each in sandbox.payments()] == [2400] * 10


def test_a_crowd_registering_one_address_is_one_customer(sandbox: SandboxProvider) -> None:
    plan = make_plan("pro", "30.00")
    body = {
        "full_name": "Ada Lovelace",
        "email": "ada@example.com",
        "password": "correct horse battery staple",
        "subscription_plan_id": plan.pk,
    }

    answers = at_once(lambda _: Api().post("auth/register/", body), list(range(20)))

    assert statuses(answers) == {201: 1, 400: 19}, [a.content for a in answers]
    assert {a.json()["code"] for a in answers if a.status_code == 400} == {"email_taken"}
    assert Customer.objects.count() == Payment.objects.count() == Subscription.objects.count() == 1
    assert ensure_customer(user=Customer.objects.get().user) == Customer.objects.get()
