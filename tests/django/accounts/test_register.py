"""Registering with a plan: user, customer, subscription and payment, all or nothing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from saaskit_core.periods import BillingFrequency
from saaskit_core.providers import Outcome, ProviderUnavailable
from saaskit_django.accounts.models import User
from saaskit_django.billing.models import Invoice
from saaskit_django.coupons.models import Coupon, CouponUsage
from saaskit_django.customers.models import Customer, Profile
from saaskit_django.outbox.models import OutboxMessage
from saaskit_django.payments.models import Payment
from saaskit_django.plans.models import SubscriptionPlan
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import START, make_plan
from tests.django.accounts.conftest import PASSWORD, Api, field_errors, problem
from tests.django.accounts.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ADA = {"full_name": "Ada Lovelace", "email": "ada@example.com", "password": PASSWORD}


def register(api: Api, plan: SubscriptionPlan, **more: object):
    return api.post("auth/register/", **{**ADA, "subscription_plan_id": plan.pk, **more})


def nothing_written() -> bool:
    models = (User, Profile, Customer, Subscription, Invoice, Payment, CouponUsage, OutboxMessage)
    return [model.__name__ for model in models if model.objects.exists()] == []


def make_coupon(code: str = "HALF", **values: object) -> Coupon:
    return Coupon.objects.create(
        code=code,
        discount_type="percentage",
        percent=50,
        duration="once",
        valid_from=START - timedelta(days=400),
        **values,
    )


def test_a_free_plan_is_active_and_has_no_payment(api: Api, settings) -> None:
    settings.SAASKIT = {**settings.SAASKIT, "PROVIDERS": {}}
    response = register(api, make_plan("free"))
    assert response.status_code == 201, response.content
    body = response.json()
    assert set(body) == {"user", "subscription", "payment"}
    assert body["payment"] is None
    assert body["subscription"]["status"] == "Active"
    assert body["user"]["email"] == "ada@example.com"
    assert Customer.objects.get().user == User.objects.get()
    assert api.login("ada@example.com").status_code == 200


def test_a_paid_plan_waits_for_its_payment_whatever_the_client_says(
    api: Api, sandbox: SandboxProvider
) -> None:
    plan = make_plan("pro", "29.99", features={"api_access": {"enabled": True}})
    response = register(api, plan, payment_method="CreditCard", organization="Engines")
    assert response.status_code == 201, response.content
    body = response.json()
    assert body["subscription"]["status"] == "Pending"
    assert body["subscription"]["subscription_plan"]["id"] == plan.pk
    payment = body["payment"]
    assert (payment["amount"], payment["currency"]) == ("29.99", "USD")
    assert (payment["status"], payment["payment_method"]) == ("Pending", "CreditCard")
    assert payment["client_secret"] or payment["next_action"]
    assert [each.amount.minor for each in sandbox.payments()] == [2999]
    assert body["user"]["organization"] == "Engines"
    api.login("ada@example.com")
    confirmed = api.post(
        "payment/confirm/",
        transaction_id=payment["transaction_id"],
        payment_method_id="pm_card_ok",
    )
    assert confirmed.status_code == 200, confirmed.content
    assert Subscription.objects.get().status == "Active"


def test_a_plan_with_a_trial_starts_on_trial(api: Api, sandbox: SandboxProvider) -> None:
    body = register(api, make_plan("pro", "29.99", trial_days=14)).json()
    assert body["subscription"]["status"] == "Trial"
    assert body["subscription"]["trial_end"] is not None
    assert body["payment"] is None
    assert not sandbox.payments()


def test_a_coupon_comes_off_the_first_payment(api: Api, sandbox: SandboxProvider) -> None:
    make_coupon()
    response = register(api, make_plan("pro", "30.00"), coupon_code=" half ")
    assert response.status_code == 201, response.content
    assert response.json()["payment"]["amount"] == "15.00"
    assert CouponUsage.objects.get().status == "reserved"


@pytest.mark.parametrize("code", ["UNKNOWN", "OVER", "OTHER-PLAN"])
def test_a_coupon_that_cannot_be_used_writes_nothing(
    api: Api, sandbox: SandboxProvider, code: str
) -> None:
    plan, other = make_plan("pro", "30.00"), make_plan("team", "90.00")
    make_coupon("OVER", valid_until=START - timedelta(days=399))
    make_coupon("OTHER-PLAN").applicable_plans.add(other)
    response = register(api, plan, coupon_code=code)
    assert 400 <= response.status_code < 500, response.content
    assert nothing_written()
    assert not sandbox.payments()


def test_guessing_coupons_is_limited(api: Api, sandbox: SandboxProvider) -> None:
    plan = make_plan("pro", "30.00")
    codes = [register(api, plan, coupon_code=f"GUESS{n}").status_code for n in range(11)]
    assert 429 not in codes[:10]
    assert codes[10] == 429


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"subscription_plan_id": 999_999}, 404),
        ({"billing_frequency": "Yearly"}, None),
        ({"currency": "EUR"}, None),
        ({"provider": "nobody"}, 404),
        ({"password": "short"}, 400),
        ({"email": "nobody"}, 400),
    ],
)
def test_what_is_not_for_sale_or_not_right_writes_nothing(
    api: Api, sandbox: SandboxProvider, changes: dict, status: int | None
) -> None:
    response = register(api, make_plan("pro", "30.00"), **changes)
    assert 400 <= response.status_code < 500, response.content
    assert status in (None, response.status_code)
    assert nothing_written()
    assert not sandbox.payments()


def test_hidden_and_closed_plans_are_not_there(api: Api, sandbox: SandboxProvider) -> None:
    for key, values in {"hidden": {"is_public": False}, "closed": {"is_active": False}}.items():
        plan = make_plan(key, "30.00")
        SubscriptionPlan.objects.filter(pk=plan.pk).update(**values)
        assert problem(register(api, plan))[0] == 404
    assert nothing_written()


FORBIDDEN = [
    *("payment_amount", "paymentAmount", "paymentStatus", "payment_status", "subscriptionStatus"),
    *("subscription_status", "status", "amount", "price", "price_id", "role", "is_staff"),
    *("is_superuser", "is_active", "credit", "wallet", "trial_days", "trial_end", "start_date"),
    *("end_date", "auto_renew", "discount", "customer", "customer_id", "user", "user_id"),
    *("transaction_id", "quantity", "billed_by", "clock_offset", "session_epoch"),
]


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_the_server_knows_is_not_taken_from_the_client(
    api: Api, sandbox: SandboxProvider, name: str
) -> None:
    response = register(api, make_plan("pro", "30.00"), **{name: "Completed"})
    assert field_errors(response) == {f"/{name}": "unknown_field"}
    assert nothing_written()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subscription_plan_id", "x"),
        ("subscription_plan_id", 0),
        ("subscription_plan_id", None),
        ("billing_frequency", "monthly"),
        ("currency", "XXX"),
        ("currency", "usd"),
        ("payment_method", "Cash"),
        ("coupon_code", "x" * 65),
        ("referral_code", 7),
        ("provider", ""),
    ],
)
def test_malformed_orders_are_refused(
    api: Api, sandbox: SandboxProvider, name: str, value: object
) -> None:
    response = register(api, make_plan("pro", "30.00"), **{name: value})
    assert set(field_errors(response)) == {f"/{name}"}
    assert nothing_written()


def test_the_plan_is_needed(api: Api) -> None:
    assert field_errors(api.post("auth/register/", **ADA)) == {"/subscription_plan_id": "required"}


def test_a_yearly_order_in_another_currency(api: Api, sandbox: SandboxProvider) -> None:
    plan = make_plan("pro", "300.00", currency="EUR", frequencies=(BillingFrequency.YEARLY,))
    body = register(api, plan, billing_frequency="Yearly", currency="EUR").json()
    assert body["subscription"]["billing_frequency"] == "Yearly"
    assert (body["payment"]["amount"], body["payment"]["currency"]) == ("300.00", "EUR")


def test_a_provider_that_cannot_be_asked_undoes_nothing(
    api: Api, sandbox: SandboxProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan("pro", "30.00")

    def unavailable(self: object, request: object) -> None:
        raise ProviderUnavailable(provider="sandbox", outcome=Outcome.NOT_SENT)

    with monkeypatch.context() as patched:
        patched.setattr(SandboxProvider, "create_payment", unavailable)
        response = register(api, plan)
    assert response.status_code == 201, response.content
    assert response.json()["subscription"]["status"] == "Pending"
    assert response.json()["payment"]["status"] == "Pending"
    api.login("ada@example.com")
    intent = api.post("payment/create-intent/", subscription_plan_id=plan.pk)
    assert intent.status_code == 200, intent.content
    transaction = response.json()["payment"]["transaction_id"]
    assert intent.json()["transaction_id"] == transaction
    assert len(sandbox.payments()) == 1


def test_an_address_registered_at_once_with_a_plan_is_one_of_everything(
    sandbox: SandboxProvider,
) -> None:
    plan = make_plan("pro", "30.00")

    def one(number: int) -> int:
        return register(Api(), plan).status_code

    assert Counter(at_once(one, range(20))) == {201: 1, 400: 19}
    for model in (User, Customer, Subscription, Invoice, Payment):
        assert model.objects.count() == 1, model
    assert len(sandbox.payments()) == 1


def test_the_referral_code_travels_with_the_event(api: Api) -> None:
    register(api, make_plan("free"), referral_code="FRIEND-1")
    message = OutboxMessage.objects.get(topic="user.registered")
    assert message.payload["referral_code"] == "FRIEND-1"
