"""A subscription's history in words, and the invoices to come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from saaskit_core.periods import BillingFrequency
from saaskit_core.subscriptions.log import replay
from saaskit_django import clock as site_clock
from saaskit_django.billing.models import Invoice
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.conf import conf
from saaskit_django.customers.models import Customer
from saaskit_django.customers.services import advance_clock
from saaskit_django.payments.services.confirm import confirm
from saaskit_django.renewals.services.sweep import sweep
from saaskit_django.subscriptions.history import history_of, log_entries
from saaskit_django.subscriptions.models import Subscription, SubscriptionTransition
from saaskit_django.subscriptions.selectors import with_prices
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Api, make_customer, make_plan

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customer(sandbox: SandboxProvider) -> Customer:
    customer = make_customer()
    purchase = Purchase(
        user=customer.user, plan=make_plan("pro", "30.00"), frequency=BillingFrequency.MONTHLY
    )
    intent = intend_purchase(customer, purchase, now=site_clock.now())
    assert intent.payment is not None
    confirm(intent.payment, method_ref="pm_card_ok", idempotency_key="", now=site_clock.now())
    return customer


def pass_days(customer: Customer, days: int) -> None:
    advance_clock(customer_id=customer.pk, by=timedelta(days=days))
    sweep(now=site_clock.now())
    customer.refresh_from_db()


def shown(customer: Customer, path: str) -> Any:
    answer = Api(user=customer.user).get(path)
    assert answer.status_code == 200, answer.content
    return answer.json()


def a_life(customer: Customer) -> None:
    """Renewed, changed for later, paused and resumed, declined, rescued, and cancelled."""
    api = Api(user=customer.user)
    team = make_plan("team", "20.00")
    pass_days(customer, 31)
    for verb, body in (
        ("change", {"plan_id": team.pk}),
        ("quantity", {"quantity": 2}),
        ("pause", {}),
        ("resume", {}),
        ("cancel", {}),
        ("uncancel", {}),
    ):
        assert api.post(f"core/subscription/{verb}/", body).status_code == 200, verb
    customer.payment_methods.update(method_ref="pm_card_declined")
    pass_days(customer, 31)
    customer.payment_methods.update(method_ref="pm_card_ok")
    pass_days(customer, 4)
    assert api.post("core/subscription/cancel/", {"when": "now"}).status_code == 200


def test_a_whole_life_can_be_replayed_from_the_rows(customer: Customer) -> None:
    a_life(customer)
    rows = list(SubscriptionTransition.objects.order_by("sequence"))
    assert len(rows) > 10
    replayed = replay(log_entries(rows), policies=conf().policies)
    stored = with_prices().get().to_core()
    assert replayed.status == stored.status
    assert (replayed.price, replayed.period, replayed.add_ons) == (
        stored.price,
        stored.period,
        stored.add_ons,
    )
    assert replayed.cancel_requested_at == stored.cancel_requested_at


def test_the_history_says_what_happened_and_why(customer: Customer) -> None:
    a_life(customer)
    page = shown(customer, "core/subscription/history/?limit=100")
    newest, oldest = page["results"][0], page["results"][-1]
    assert (newest["event"], newest["to_status"], newest["actor"]) == (
        "CancelRequested",
        "Cancelled",
        "customer",
    )
    assert (
        newest["text"] == "a cancellation is asked for, now, by the customer → Cancelled (customer)"
    )
    assert oldest["text"].startswith("subscribed to pro at 30.00 USD → Pending")
    assert page["has_access"] is False
    assert page["why"].startswith("It was cancelled with effect from")
    assert page["remedy"] == "Only a new subscription: what has ended stays ended."


def test_the_history_comes_in_pages(customer: Customer) -> None:
    page = shown(customer, "core/subscription/history/?limit=1&offset=1")
    assert (page["count"], [each["event"] for each in page["results"]]) == (2, ["Started"])
    assert page["has_access"] is True


def test_a_log_that_other_policies_contradict_is_told_line_by_line(customer: Customer) -> None:
    SubscriptionTransition.objects.filter(sequence=1).update(to_status="Trial", detail={})
    row = with_prices().get()
    history = history_of(row, at=site_clock.now())
    assert history.explanation is None
    assert [line.text for line in history.lines][1] == "Started → Trial (awaiting_payment)"
    assert shown(customer, "core/subscription/history/")["why"] is None


def test_who_never_subscribed_has_no_history(sandbox: SandboxProvider) -> None:
    page = shown(make_customer(), "core/subscription/history/")
    assert (page["count"], page["subscription_id"], page["why"]) == (0, None, None)


def test_the_next_twelve_invoices(customer: Customer) -> None:
    coming = shown(customer, "core/billing/upcoming/")["invoices"]
    assert [each["amount_due"] for each in coming] == ["30.00"] * 12
    assert coming[0]["kind"] == "renewal"
    assert coming[0]["due_at"] == shown(customer, "core/subscription/")["subscription"]["end_date"]


def test_what_comes_is_what_is_issued(customer: Customer) -> None:
    Api(user=customer.user).post("core/subscription/quantity/", {"quantity": 4})
    (coming,) = shown(customer, "core/billing/upcoming/?count=1")["invoices"]
    pass_days(customer, 31)
    issued = Invoice.objects.get(kind="renewal")
    assert coming["total"] == str(issued.total.decimal) == "120.00"
    assert [each["explanation"] for each in coming["lines"]] == list(
        issued.lines.values_list("explanation", flat=True)
    )


def test_nothing_comes_after_a_cancellation(customer: Customer) -> None:
    Api(user=customer.user).post("core/subscription/cancel/")
    assert shown(customer, "core/billing/upcoming/")["invoices"] == []
    Subscription.objects.update(status="Cancelled")
    assert shown(customer, "core/billing/upcoming/")["invoices"] == []
