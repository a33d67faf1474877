"""Subscriptions in an admin's hands, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from saaskit_core.customers import Role
from saaskit_core.periods import BillingFrequency
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_django import clock as real
from saaskit_django.audit.models import AuditLog
from saaskit_django.billing.models import Invoice
from saaskit_django.checkout.services.subscribe import Purchase, subscribe
from saaskit_django.customers.models import Customer, Profile
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.methods import add_method
from saaskit_django.rest.fields import instant_text
from saaskit_django.subscriptions.models import Subscription
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


def create(api: Api, customer: Customer, plan: Any, **fields: Any) -> Any:
    body = {
        "customer_id": customer.pk,
        "subscription_plan_id": plan.pk,
        "billing_frequency": "Monthly",
        **fields,
    }
    return api.post("admin/subscriptions/create/", body)


def made(api: Api, customer: Customer, plan: Any, **fields: Any) -> dict[str, Any]:
    answer = create(api, customer, plan, **fields)
    assert answer.status_code == 201, answer.content
    data: dict[str, Any] = answer.json()
    return data


def update(api: Api, key: int, **fields: Any) -> Any:
    return api.call("PATCH", f"admin/subscriptions/{key}/update/", fields)


def with_method(customer: Customer, method: str = "pm_card_ok") -> Customer:
    add_method(customer, provider_name="sandbox", method_ref=method, now=real.now())
    return customer


def test_the_kept_method_is_charged(api: Api) -> None:
    customer = with_method(make_customer())
    row = made(api, customer, make_plan("pro", "30.00"), auto_renew=False)
    assert (row["status"], row["auto_renew"]) == ("Active", False)
    assert (row["payment"]["status"], row["payment"]["amount"]) == ("Completed", "30.00")
    assert row["customer"] == customer.pk
    entry = AuditLog.objects.get(action="subscription.created")
    assert (entry.actor, entry.record_id) == (f"user:{api.user.pk}", str(row["id"]))


def test_without_a_method_the_customer_has_to_pay(api: Api) -> None:
    row = made(api, make_customer(), make_plan("pro", "30.00"))
    assert (row["status"], row["payment"]["status"]) == ("Pending", "Pending")


def test_a_grant_costs_nothing_and_is_audited(api: Api) -> None:
    row = made(api, make_customer(), make_plan("pro", "30.00"), charge=False)
    assert (row["status"], row["payment"]) == ("Active", None)
    assert not Invoice.objects.exists()
    assert not Payment.objects.exists()
    assert AuditLog.objects.filter(action="subscription.granted").count() == 1


def test_a_trial_of_its_own(api: Api) -> None:
    row = made(api, make_customer(), make_plan("pro", "30.00"), trial_days=5)
    assert row["status"] == "Trial"
    assert Subscription.objects.get().trial_end - Subscription.objects.get().start_date == (
        timedelta(days=5)
    )


def test_a_later_start_waits(api: Api) -> None:
    at = instant_text(real.now() + timedelta(days=3))
    row = made(api, make_customer(), make_plan("pro", "30.00"), start_date=at)
    assert (row["status"], row["status_reason"]) == ("Pending", "scheduled")
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    ("days", "fields", "code"),
    [(3, {"charge": False}, "grant_starts_now"), (-40, {}, "invalid_period")],
)
def test_starts_that_are_not_possible(
    api: Api, days: int, fields: dict[str, Any], code: str
) -> None:
    at = instant_text(real.now() + timedelta(days=days))
    answer = create(api, make_customer(), make_plan("pro", "30.00"), start_date=at, **fields)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Subscription.objects.exists()


def test_a_second_live_one_is_a_conflict(api: Api) -> None:
    customer, plan = make_customer(), make_plan("pro", "30.00")
    made(api, customer, plan, charge=False)
    answer = create(api, customer, plan, charge=False)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_subscribed")
    assert Subscription.objects.count() == 1


@pytest.mark.parametrize("fields", [{}, {"user_id": 1, "customer_id": 1}])
def test_the_customer_is_named_once(api: Api, fields: dict[str, Any]) -> None:
    plan = make_plan("pro", "30.00")
    body = {"subscription_plan_id": plan.pk, "billing_frequency": "Monthly", **fields}
    assert api.post("admin/subscriptions/create/", body).status_code == 400


def test_suspended_and_back(api: Api) -> None:
    key = made(api, make_customer(), make_plan("pro", "30.00"), charge=False)["id"]
    assert update(api, key, status="Suspended", note="Asked to").json()["status"] == "Suspended"
    assert update(api, key, status="Active").json()["status"] == "Active"
    logged = AuditLog.objects.filter(action="subscription.updated").order_by("pk")
    assert [entry.after["status"] for entry in logged] == ["Suspended", "Active"]
    assert logged[0].after["note"] == "Asked to"
    assert [line.actor for line in Subscription.objects.get().transitions.order_by("pk")] == [
        f"user:{api.user.pk}"
    ] * 3


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        ("Pending", "Active"),
        ("Active", "Expired"),
        ("Active", "Trial"),
        ("Active", "Pending"),
        ("Active", "RenewalPending"),
        ("Cancelled", "Active"),
        ("Cancelled", "Suspended"),
    ],
)
def test_forbidden_transitions_are_409(api: Api, now: str, wanted: str) -> None:
    row = made(api, make_customer(), make_plan("pro", "30.00"), charge=now == "Pending")
    if now == "Cancelled":
        update(api, row["id"], status="Cancelled")
    before = Subscription.objects.values().get()
    audited = AuditLog.objects.count()
    answer = update(api, row["id"], status=wanted, auto_renew=False)
    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")
    assert Subscription.objects.values().get() == before
    assert AuditLog.objects.count() == audited


def test_the_end_is_moved_out_and_never_in(api: Api) -> None:
    row = made(api, make_customer(), make_plan("pro", "30.00"), charge=False)
    end = Subscription.objects.get().end_date
    assert end is not None
    longer = instant_text(end + timedelta(days=10))
    assert update(api, row["id"], end_date=longer, note="An outage").json()["end_date"] == longer
    answer = update(api, row["id"], end_date=instant_text(end))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_period")


def test_an_upgrade_is_charged(api: Api) -> None:
    customer = with_method(make_customer())
    row = made(api, customer, make_plan("basic", "10.00"))
    pro = make_plan("pro", "30.00")
    after = update(api, row["id"], subscription_plan_id=pro.pk).json()
    assert after["subscription_plan"]["id"] == pro.pk
    assert after["payment"]["status"] == "Completed"


def test_a_declined_upgrade_leaves_the_plan(api: Api) -> None:
    customer = make_customer()
    row = made(api, customer, make_plan("basic", "10.00"), charge=False)
    with_method(customer, "pm_card_decline_after_0")
    pro = make_plan("pro", "30.00")
    answer = update(api, row["id"], subscription_plan_id=pro.pk)
    assert answer.status_code == 402, answer.content
    assert Subscription.objects.get().subscription_plan_id != pro.pk


def test_a_plan_of_another_group_is_refused(api: Api) -> None:
    row = made(api, make_customer(), make_plan("basic", "10.00"), charge=False)
    other = make_plan("storage", "5.00")
    type(other).objects.filter(pk=other.pk).update(group="storage")
    answer = update(api, row["id"], subscription_plan_id=other.pk)
    assert (answer.status_code, answer.json()["code"]) == (409, "other_product_group")


def test_deleting_cancels_and_hides_and_keeps_the_books(api: Api) -> None:
    customer = with_method(make_customer())
    row = made(api, customer, make_plan("pro", "30.00"))
    path = f"admin/subscriptions/{row['id']}/delete/"
    assert api.call("DELETE", path).status_code == 204
    assert Subscription.objects.get().status == SubscriptionStatus.CANCELLED
    assert api.get("admin/subscriptions/list/").json()["count"] == 0
    assert api.call("DELETE", path).status_code == 404
    assert update(api, row["id"], auto_renew=True).status_code == 404
    assert (Invoice.objects.count(), Payment.objects.count()) == (1, 1)
    assert AuditLog.objects.filter(action="subscription.deleted").count() == 1
    assert made(api, customer, make_plan("basic", "10.00"), charge=False)["status"] == "Active"


def test_lists_are_filtered(api: Api) -> None:
    plans = make_plan("pro", "30.00"), make_plan("basic", "10.00")
    customers = with_method(make_customer("a@example.com")), make_customer("b@example.com")
    paid = made(api, customers[0], plans[0])
    granted = made(api, customers[1], plans[1], charge=False, auto_renew=False)
    update(api, granted["id"], end_date=instant_text(real.now() + timedelta(days=60)))

    def found(query: str) -> list[int]:
        answer = api.get(f"admin/subscriptions/list/?{query}")
        return [each["id"] for each in answer.json()["results"]]

    both = [granted["id"], paid["id"]]
    assert found("") == both
    assert found(f"user_id={customers[0].user_id}") == [paid["id"]]
    assert found(f"subscription_plan_id={plans[1].pk}") == [granted["id"]]
    assert found(f"subscription_id={paid['id']}") == [paid["id"]]
    assert found(f"payment_id={paid['payment']['id']}") == [paid["id"]]
    assert found("status=Active") == both
    assert found("status=Expired") == []
    assert found("billing_frequency=Yearly") == []
    assert found("auto_renew=false") == [granted["id"]]
    assert found("expiring_soon=false") == [granted["id"]]


def test_a_list_takes_as_many_queries_for_many_rows(api: Api) -> None:
    token = access_token(api.user)
    plan = make_plan("free")

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            api.get("admin/subscriptions/list/?limit=100", authorization=f"Bearer {token}")
        own = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
        return sum(not each["sql"].startswith(own) for each in captured.captured_queries)

    few = asked()
    for number in range(8):
        customer = make_customer(f"c{number}@example.com")
        purchase = Purchase(user=customer.user, plan=plan, frequency=BillingFrequency.MONTHLY)
        with transaction.atomic():
            subscribe(customer, purchase, now=real.now())
    assert asked() <= few + 1 <= 5 + BEFORE
