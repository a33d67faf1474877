"""Plans as admins edit them over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saaskit_core.customers import Role
from saaskit_core.periods import BillingFrequency
from saaskit_django.audit.models import AuditLog
from saaskit_django.checkout.services.subscribe import Purchase, subscribe
from saaskit_django.customers.models import Profile
from saaskit_django.plans.models import Price, PriceChange, SubscriptionPlan
from saaskit_django.subscriptions.models import Subscription
from tests.builders import START, Api, access_token, make_customer, make_plan, make_user

pytestmark = pytest.mark.django_db

BEFORE = 6
"""What the middleware asks before any view."""


@pytest.fixture
def api() -> Api:
    admin = make_user("admin@example.com")
    Profile.objects.create(user=admin, role=Role.ADMIN.value)
    return Api(user=admin)


def created(api: Api, **fields: Any) -> dict[str, Any]:
    body = {"name": "Team", "monthly_price": "50.00", "yearly_price": "500.00", **fields}
    answer = api.post("admin/subscriptionplans/create/", body)
    assert answer.status_code == 201, answer.content
    data: dict[str, Any] = answer.json()
    return data


def change(api: Api, plan_id: int, **fields: Any) -> Any:
    return api.call("PATCH", f"admin/subscriptionplans/{plan_id}/update/", fields)


def on_basic(email: str, plan: SubscriptionPlan) -> Subscription:
    customer = make_customer(email)
    purchase = Purchase(user=customer.user, plan=plan, frequency=BillingFrequency.MONTHLY)
    return subscribe(customer, purchase, now=START).subscription


def test_a_plan_is_created_with_prices_and_features(api: Api) -> None:
    plan = created(
        api,
        description="For teams",
        max_operations=1000,
        features={"export_formats": {"csv": True}},
        prices=[{"billing_frequency": "Quarterly", "amount": "140.00", "currency": "EUR"}],
        trial_days=14,
    )
    assert (plan["key"], plan["monthly_price"], plan["yearly_price"]) == ("team", "50.00", "500.00")
    assert plan["currency"] == "USD"
    assert plan["max_operations"] == 1000
    assert plan["features"] == {
        "api_access": {"daily_limit": 1000},
        "export_formats": {"csv": True},
    }
    assert [(p["billing_frequency"], p["amount"], p["currency"]) for p in plan["prices"]] == [
        ("Monthly", "50.00", "USD"),
        ("Yearly", "500.00", "USD"),
        ("Quarterly", "140.00", "EUR"),
    ]
    entry = AuditLog.objects.get(action="plan.created")
    assert entry.actor == f"user:{api.user.pk}"


def test_the_same_name_twice_is_a_conflict(api: Api) -> None:
    created(api)
    again = {"name": "team", "monthly_price": "1", "yearly_price": "1"}
    answer = api.post("admin/subscriptionplans/create/", again)
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_key_taken")
    assert Price.objects.count() == 2


def test_amounts_have_the_decimals_of_their_currency(api: Api) -> None:
    body = {"name": "Yen", "monthly_price": "50.50", "yearly_price": "500", "currency": "JPY"}
    assert api.post("admin/subscriptionplans/create/", body).status_code == 400
    assert not SubscriptionPlan.objects.exists()
    assert created(api, **{**body, "monthly_price": "50"})["monthly_price"] == "50"


def test_another_amount_is_a_new_version_and_who_has_the_old_one_is_counted(api: Api) -> None:
    plan = make_plan("basic", "10.00")
    held = on_basic("ada@example.com", plan).price_id
    on_basic("bob@example.com", make_plan("other", "10.00"))
    answer = change(api, plan.pk, monthly_price="12.00")
    assert answer.status_code == 200, answer.content
    assert (answer.json()["monthly_price"], answer.json()["affected_subscriptions"]) == ("12.00", 1)
    versions = Price.objects.filter(plan=plan).order_by("version")
    assert [(v.amount_minor, v.version, v.is_current) for v in versions] == [
        (1000, 1, False),
        (1200, 2, True),
    ]
    assert Subscription.objects.get(price__plan=plan).price_id == held


def test_the_same_amount_again_changes_nothing(api: Api) -> None:
    plan = make_plan("basic", "10.00")
    on_basic("ada@example.com", plan)
    answer = change(api, plan.pk, monthly_price="10.00", name="Basic")
    assert answer.json()["affected_subscriptions"] == 0
    assert Price.objects.filter(plan=plan).count() == 1
    assert not AuditLog.objects.filter(table_affected="subscription_plan").exists()


def test_where_prices_never_change_nobody_is_affected(api: Api) -> None:
    plan = make_plan("basic", "10.00")
    SubscriptionPlan.objects.update(price_change=PriceChange.NEVER)
    on_basic("ada@example.com", plan)
    assert change(api, plan.pk, monthly_price="12.00").json()["affected_subscriptions"] == 0


def test_what_is_not_given_stays(api: Api) -> None:
    plan = created(
        api,
        feature_details="Everything",
        features={"export_formats": {"csv": True}},
        prices=[{"billing_frequency": "Quarterly", "amount": "140.00"}],
    )
    after = change(api, plan["id"], features={"export_formats": {"pdf": True}}, name="Crew").json()
    same = {key for key in plan if plan[key] == after[key]}
    assert set(plan) - same == {"name", "features", "updated_at"}
    assert after["features"] == {"export_formats": {"csv": True, "pdf": True}}


def test_given_prices_are_all_but_the_monthly_and_the_yearly_one(api: Api) -> None:
    plan = created(api, prices=[{"billing_frequency": "Quarterly", "amount": "140.00"}])
    weekly = [{"billing_frequency": "Weekly", "amount": "12.00"}]
    after = change(api, plan["id"], prices=weekly).json()
    assert [p["billing_frequency"] for p in after["prices"]] == ["Monthly", "Yearly", "Weekly"]


def test_two_prices_for_one_thing_are_refused(api: Api) -> None:
    plan = created(api)
    twice = [{"billing_frequency": "Weekly", "amount": amount} for amount in ("12.00", "13.00")]
    answer = change(api, plan["id"], prices=twice)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_plan")


def test_the_usual_currency_is_one_that_the_plan_is_sold_in(api: Api) -> None:
    plan = created(api)
    answer = change(api, plan["id"], currency="EUR")
    assert (answer.status_code, answer.json()["code"]) == (400, "price_not_for_sale")
    after = change(api, plan["id"], currency="EUR", monthly_price="45.00").json()
    assert (after["currency"], after["monthly_price"], after["yearly_price"]) == (
        "EUR",
        "45.00",
        None,
    )
    assert len(after["prices"]) == 3


def test_a_plan_in_use_is_not_deleted(api: Api) -> None:
    plan = make_plan("basic", "10.00")
    for email in ("ada@example.com", "bob@example.com"):
        on_basic(email, plan)
    answer = api.call("DELETE", f"admin/subscriptionplans/{plan.pk}/delete/")
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_in_use")
    assert answer.json()["live_subscriptions"] == 2
    assert SubscriptionPlan.objects.filter(pk=plan.pk).exists()
    Subscription.objects.update(status="Cancelled", status_reason="customer")
    assert api.call("DELETE", f"admin/subscriptionplans/{plan.pk}/delete/").status_code == 204
    assert not SubscriptionPlan.objects.filter(pk=plan.pk).exists()
    assert Price.objects.filter(plan_id=plan.pk).exists()
    assert AuditLog.objects.filter(action="plan.deleted").count() == 1


@pytest.mark.parametrize(("method", "verb"), [("PATCH", "update"), ("DELETE", "delete")])
def test_no_such_plan_is_404(api: Api, method: str, verb: str) -> None:
    answer = api.call(method, f"admin/subscriptionplans/999/{verb}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "plan_not_found")


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", ["free", "basic", "pro", "yen"]),
        ("min_price=10", ["basic", "pro", "yen"]),
        ("min_price=10.01&max_price=30", ["pro"]),
        ("max_price=0", ["free"]),
        ("active_only=true", ["free", "basic", "yen"]),
    ],
)
def test_lists_are_filtered(api: Api, query: str, keys: list[str]) -> None:
    make_plan("free")
    make_plan("basic", "10.00")
    pro = make_plan("pro", "30.00")
    make_plan("yen", "3000", currency="JPY")
    SubscriptionPlan.objects.filter(pk=pro.pk).update(is_active=False)
    found = api.get(f"admin/subscriptionplans/list/?{query}").json()["results"]
    assert [plan["key"] for plan in found] == keys


def test_a_list_takes_as_many_queries_for_many_plans(api: Api) -> None:
    token = access_token(api.user)

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            api.get("admin/subscriptionplans/list/?limit=100", authorization=f"Bearer {token}")
        return len(captured)

    make_plan("basic", "10.00")
    few = asked()
    for number in range(20):
        make_plan(f"plan{number}", "10.00")
    assert few == asked() <= 5 + BEFORE
