"""Renewals that staff ask for, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from saaskit_core.customers import Role
from saaskit_core.periods import BillingFrequency
from saaskit_django import clock as real
from saaskit_django.audit.models import AuditLog
from saaskit_django.billing.models import Invoice
from saaskit_django.checkout.services.administer import subscribe_customer
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.customers.models import Customer, Profile
from saaskit_django.payments.models import Payment, PaymentMethod
from saaskit_django.payments.services.methods import add_method
from saaskit_django.renewals.models import Renewal
from saaskit_django.rest.fields import instant_text
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Api, make_customer, make_plan, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def api(sandbox: SandboxProvider) -> Api:
    admin = make_user("admin@example.com")
    Profile.objects.create(user=admin, role=Role.ADMIN.value)
    return Api(user=admin)


@pytest.fixture
def row(api: Api) -> Subscription:
    customer = make_customer()
    keep(customer, "pm_card_ok")
    purchase = Purchase(
        user=customer.user,
        plan=make_plan("pro", "30.00"),
        frequency=BillingFrequency.MONTHLY,
        is_off_session=True,
    )
    return subscribe_customer(customer, purchase, actor=api.user, now=real.now()).subscription


def keep(customer: Customer, method: str) -> None:
    add_method(customer, provider_name="sandbox", method_ref=method, now=real.now())


def later(days: int) -> None:
    Customer.objects.update(clock_offset=timedelta(days=days))


def renew(api: Api, row: Subscription, **fields: Any) -> Any:
    return api.post(f"admin/subscriptions/{row.pk}/renew/", fields)


def test_a_period_that_is_over_is_charged(api: Api, row: Subscription) -> None:
    later(32)
    answer = renew(api, row, notes="By telephone").json()
    assert answer["subscription"]["renewal_count"] == 1
    assert (answer["payment"]["status"], answer["payment"]["amount"]) == ("Completed", "30.00")
    assert answer["renewal"]["payment"] == answer["payment"]["id"]
    assert (answer["renewal"]["renewed_by"], answer["renewal"]["notes"]) == (
        api.user.pk,
        "By telephone",
    )
    assert Renewal.objects.count() == 1
    assert AuditLog.objects.filter(action="subscription.renewal_requested").count() == 1


def test_a_running_period_is_not_charged_twice(api: Api, row: Subscription) -> None:
    answer = renew(api, row)
    assert (answer.status_code, answer.json()["code"]) == (409, "renewal_not_due")
    assert (Payment.objects.count(), Invoice.objects.count()) == (1, 1)
    later(32)
    assert renew(api, row).status_code == 200
    assert renew(api, row).status_code == 409
    assert Payment.objects.count() == 2


def test_a_failed_renewal_is_charged_again(api: Api, row: Subscription) -> None:
    PaymentMethod.objects.all().delete()
    keep(row.customer, "pm_card_decline_after_0")
    later(32)
    declined = renew(api, row)
    assert (declined.status_code, declined.json()["code"]) == (402, "payment_declined")
    assert Subscription.objects.get().status == "RenewalPending"
    assert not Renewal.objects.exists()
    tried = Payment.objects.count()
    PaymentMethod.objects.all().delete()
    keep(row.customer, "pm_card_ok")
    assert renew(api, row).json()["subscription"]["status"] == "Active"
    assert Payment.objects.count() <= tried + 1
    assert Renewal.objects.count() == 1


def test_a_grant_moves_the_end_costs_nothing_and_is_audited(api: Api, row: Subscription) -> None:
    end = Subscription.objects.get().end_date
    answer = renew(api, row, charge=False, notes="For the outage").json()
    assert answer["payment"] is None
    assert answer["renewal"]["renewal_cost"] == "0.00"
    after = Subscription.objects.get()
    assert end is not None
    assert after.end_date is not None
    assert timedelta(days=28) <= after.end_date - end <= timedelta(days=31)
    assert (after.status, after.renewal_count) == ("Active", 1)
    assert answer["subscription"]["end_date"] == instant_text(after.end_date)
    entry = AuditLog.objects.get(action="subscription.renewal_granted")
    assert (entry.actor, entry.after["notes"]) == (f"user:{api.user.pk}", "For the outage")
    assert Payment.objects.count() == 1
    assert [line.total_minor for line in Invoice.objects.order_by("pk")] == [3000, 0]


def test_an_unpaid_renewal_can_be_granted(api: Api, row: Subscription) -> None:
    PaymentMethod.objects.all().delete()
    later(32)
    assert renew(api, row).status_code in (200, 402)
    assert Subscription.objects.get().status == "RenewalPending"
    assert renew(api, row, charge=False).json()["subscription"]["status"] == "Active"
    assert Invoice.objects.get(kind="renewal").status == Invoice.Status.VOID


@pytest.mark.parametrize("charge", [True, False])
def test_what_has_ended_is_not_renewed(api: Api, row: Subscription, charge: bool) -> None:
    api.call("PATCH", f"admin/subscriptions/{row.pk}/update/", {"status": "Cancelled"})
    answer = renew(api, row, charge=charge)
    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")
    assert not Renewal.objects.exists()


def test_no_such_subscription_is_404(api: Api) -> None:
    for charge in (True, False):
        answer = api.post("admin/subscriptions/999/renew/", {"charge": charge})
        assert (answer.status_code, answer.json()["code"]) == (404, "subscription_not_found")
