"""From nothing to a paid plan by the host's own users, requests atomic, the required apps alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import Resolver404, resolve

from saaskit_django import registry
from saaskit_django.billing.models import Invoice
from saaskit_django.payments.models import Payment
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import make_plan
from tests.contract.table import STILL_TO_COME, contract
from tests.projects.own_user_model.conftest import Caller

OF_ANALYTICS = (
    *("/api/admin/dashboard/", "/api/admin/analytics/"),
    *("/api/admin/subscriptions/analytics/", "/api/admin/subscriptions/dashboard/"),
    *("/api/admin/subscriptionplans/analytics/", "/api/admin/subscriptionplans/dashboard/"),
)
OF_OPTIONAL_APPS = ("/api/auth/", "/api/core/user/", "/api/core/referrals/", *OF_ANALYTICS)
OF_OTHERS = ("/api/auth/subscriptionplans/", "/api/auth/payment/")


@pytest.fixture
def sandbox(settings: Any, tmp_path: Path) -> SandboxProvider:
    providers = {"play": {"type": "sandbox", "path": str(tmp_path / "books.sqlite3")}}
    settings.SAASKIT = {**settings.SAASKIT, "PROVIDERS": providers}
    provider = registry.payment_provider("play")
    assert isinstance(provider, SandboxProvider)
    return provider


def test_a_purchase_from_the_price_list_to_the_invoice(
    sandbox: SandboxProvider, ada: Caller, bob: Caller
) -> None:
    make_plan("pro", "29.00", currency="EUR")
    plan = Caller().send("GET", "/auth/subscriptionplans/").json()["results"][0]
    wanted = {"subscription_plan_id": plan["id"]}

    intent = ada.send("POST", "/payment/create-intent/", wanted, **{"idempotency-key": "one"})
    again = ada.send("POST", "/payment/create-intent/", wanted, **{"idempotency-key": "one"})

    assert intent.status_code == 200, intent.content
    assert (again.content, again["Idempotent-Replayed"]) == (intent.content, "true")
    made = intent.json()
    assert (made["amount"], made["currency"], made["provider"]) == ("29.00", "EUR", "play")

    body = {"transaction_id": made["transaction_id"], "payment_method_id": "pm_card_ok"}
    assert bob.send("POST", "/payment/confirm/", body).status_code == 404
    paid = ada.send("POST", "/payment/confirm/", body)

    assert (paid.status_code, paid.json()["status"]) == (200, "Completed")
    shown = ada.send("GET", "/core/subscription/").json()["subscription"]
    assert (shown["status"], shown["user"]) == ("Active", str(ada.person.pk))
    assert bob.send("GET", "/core/subscription/").json()["subscription"] is None
    assert [each.received.minor for each in sandbox.payments()] == [2900]
    assert Invoice.objects.get().number_text == "INV-000001"


def test_a_decline_is_kept_although_the_host_rolls_back_on_errors(
    sandbox: SandboxProvider, ada: Caller
) -> None:
    plan = make_plan("pro", "29.00", currency="EUR")
    made = ada.send("POST", "/payment/create-intent/", {"subscription_plan_id": plan.pk}).json()
    body = {"transaction_id": made["transaction_id"], "payment_method_id": "pm_card_declined"}

    declined = ada.send("POST", "/payment/confirm/", body)

    assert (declined.status_code, declined.json()["reason"]) == (402, "insufficient_funds")
    assert Payment.objects.get().failure_reason == "insufficient_funds"
    assert Subscription.objects.get().status == "Pending"


def test_a_referral_code_means_nothing_where_there_are_no_referrals(
    sandbox: SandboxProvider, ada: Caller
) -> None:
    plan = make_plan("pro", "29.00", currency="EUR")
    wanted = {"subscription_plan_id": plan.pk, "referral_code": "ANYTHING"}
    assert ada.send("POST", "/payment/create-intent/", wanted).status_code == 200


@pytest.mark.parametrize("name", sorted(contract().keys() - set(STILL_TO_COME)))
def test_the_contracts_rows_stand_below_the_hosts_prefix(name: str) -> None:
    path = contract()[name].path
    here = "/saas/v9" + path.removeprefix("/api").replace("<id>", "7").replace("<provider>", "play")
    if path.startswith(OF_OPTIONAL_APPS) and not path.startswith(OF_OTHERS):
        with pytest.raises(Resolver404):
            resolve(here)
    else:
        assert resolve(here).app_names[:1] == ["saaskit"]
