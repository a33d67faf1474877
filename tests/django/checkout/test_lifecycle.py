"""What a customer asks of his subscription over REST: to end, to rest, to go on, to be more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from saaskit_core.periods import BillingFrequency
from saaskit_django import clock as site_clock
from saaskit_django.billing.models import Invoice
from saaskit_django.billing.selectors import wallet_balance
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.customers.models import Customer
from saaskit_django.customers.services import advance_clock
from saaskit_django.outbox.models import OutboxMessage
from saaskit_django.payments.models import Payment, Refund
from saaskit_django.payments.services.confirm import confirm
from saaskit_django.payments.services.janitor import check_due
from saaskit_django.plans.models import Price
from saaskit_django.renewals.services.sweep import sweep
from saaskit_django.rest.fields import instant_text
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Api, make_customer, make_plan

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customer(sandbox: SandboxProvider) -> Customer:
    """Somebody who has paid 30 dollars for this month."""
    customer = make_customer()
    buy(customer)
    return customer


def buy(customer: Customer, *, quantity: int = 1, is_paid: bool = True) -> None:
    plan = make_plan("pro", "30.00")
    monthly = BillingFrequency.MONTHLY
    purchase = Purchase(user=customer.user, plan=plan, frequency=monthly, quantity=quantity)
    intent = intend_purchase(customer, purchase, now=site_clock.now())
    assert intent.payment is not None
    if is_paid:
        confirm(intent.payment, method_ref="pm_card_ok", idempotency_key="", now=site_clock.now())


def ask(customer: Customer, verb: str, status: int = 200, **body: Any) -> Any:
    answer = Api(user=customer.user).post(f"core/subscription/{verb}/", body)
    assert answer.status_code == status, answer.content
    return answer.json()


def pass_days(customer: Customer, days: int) -> None:
    advance_clock(customer_id=customer.pk, by=timedelta(days=days))


def row() -> Subscription:
    return Subscription.objects.get()


def test_a_cancellation_waits_for_the_end_of_the_paid_period(customer: Customer) -> None:
    shown = ask(customer, "cancel")["subscription"]
    assert (shown["status"], shown["cancel_at"]) == ("Active", shown["end_date"])
    assert shown["cancel_requested_at"] is not None
    pass_days(customer, 32)
    sweep(now=site_clock.now())
    assert (row().status, row().status_reason) == ("Cancelled", "customer")
    assert Payment.objects.count() == 1
    assert wallet_balance(customer, "USD").minor == 0


def test_a_cancellation_that_is_planned_can_be_withdrawn(customer: Customer) -> None:
    ask(customer, "cancel")
    shown = ask(customer, "uncancel")["subscription"]
    assert (shown["cancel_at"], shown["cancel_requested_at"]) == (None, None)
    assert ask(customer, "uncancel", 409)["code"] == "invalid_transition"


def test_a_cancellation_on_a_date(customer: Customer) -> None:
    at = row().period_start + timedelta(days=10)
    shown = ask(customer, "cancel", when="at", at=instant_text(at))["subscription"]
    assert shown["cancel_at"] == instant_text(at)
    pass_days(customer, 11)
    sweep(now=site_clock.now())
    assert (row().status, row().ended_at) == ("Cancelled", at)
    assert wallet_balance(customer, "USD").minor > 1900


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({"when": "at"}, "invalid_input", id="no_date"),
        pytest.param({"at": "2100-01-01T00:00:00Z"}, "invalid_input", id="no_when"),
        pytest.param(
            {"when": "at", "at": "2020-01-01T00:00:00Z"}, "invalid_period", id="in_the_past"
        ),
    ],
)
def test_an_impossible_date_cancels_nothing(
    customer: Customer, body: dict[str, Any], code: str
) -> None:
    before = row().lock_version
    assert ask(customer, "cancel", 400, **body)["code"] == code
    assert (row().lock_version, row().cancel_at) == (before, None)


@pytest.mark.parametrize("unused", ["wallet-credit", "refund", "none"])
def test_what_is_left_of_the_period_goes_where_the_policy_says(
    customer: Customer, sandbox: SandboxProvider, settings: Any, unused: str
) -> None:
    settings.SAASKIT = {**settings.SAASKIT, "POLICIES": {"unused_time": unused}}
    pass_days(customer, 3)
    shown = ask(customer, "cancel", when="now")["subscription"]
    check_due(now=site_clock.now() + timedelta(minutes=6))
    assert (shown["status"], shown["status_reason"]) == ("Cancelled", "customer")
    back, credit = (
        sum(each.refunded.minor for each in sandbox.payments()),
        wallet_balance(customer, "USD").minor,
    )
    assert (back > 2600, credit > 2600) == (unused == "refund", unused == "wallet-credit")
    assert Refund.objects.count() == (unused == "refund")


def test_cancelling_an_unpaid_purchase_ends_its_payment(sandbox: SandboxProvider) -> None:
    customer = make_customer()
    buy(customer, is_paid=False)
    assert ask(customer, "cancel", when="now")["subscription"]["status"] == "Cancelled"
    assert Payment.objects.get().status == "Cancelled"
    assert Invoice.objects.get().status == "void"
    assert [each.state for each in sandbox.payments()] == ["cancelled"]


def test_a_pause_is_free_and_resuming_after_it_is_charged(customer: Customer) -> None:
    shown = ask(customer, "pause")["subscription"]
    assert shown["pause"] == {"starts_at": shown["end_date"], "resumes_at": None}
    pass_days(customer, 90)
    sweep(now=site_clock.now())
    assert (row().status, row().status_reason) == ("Suspended", "paused")
    assert Payment.objects.count() == 1

    answer = ask(customer, "resume")

    assert answer["payment"]["status"] == "Completed"
    assert (answer["subscription"]["status"], answer["subscription"]["pause"]) == ("Active", None)
    assert Payment.objects.count() == 2


def test_a_pause_that_has_not_begun_is_given_up(customer: Customer) -> None:
    ask(customer, "pause")
    answer = ask(customer, "resume")
    assert (answer["subscription"]["pause"], answer["payment"]) == (None, None)
    assert ask(customer, "resume", 409)["code"] == "invalid_transition"


def test_a_declined_charge_at_resuming_is_left_to_dunning(customer: Customer) -> None:
    ask(customer, "pause")
    pass_days(customer, 90)
    sweep(now=site_clock.now())
    customer.payment_methods.update(method_ref="pm_card_declined")
    answer = ask(customer, "resume")
    assert answer["payment"]["status"] == "Failed"
    assert answer["subscription"]["status"] == "RenewalPending"


def test_more_of_it_is_charged_at_once_for_the_rest(
    customer: Customer, sandbox: SandboxProvider
) -> None:
    coming = ask(customer, "quantity", quantity=3, preview=True)
    assert row().quantity == 1
    done = ask(customer, "quantity", quantity=3)
    assert done["change"]["amount_due"] == coming["change"]["amount_due"] == "60.00"
    assert (row().quantity, row().subscription_plan.key) == (3, "pro")
    assert sum(each.received.minor for each in sandbox.payments()) == 9000


def test_less_of_it_waits_for_the_period_to_end(sandbox: SandboxProvider) -> None:
    customer = make_customer()
    buy(customer, quantity=3)
    done = ask(customer, "quantity", quantity=2)
    assert done["change"]["policy"] == "period-end"
    assert (row().quantity, row().pending_quantity) == (3, 2)


def test_a_declined_charge_leaves_the_quantity(customer: Customer) -> None:
    customer.payment_methods.update(method_ref="pm_card_declined")
    assert ask(customer, "quantity", 402, quantity=3)["code"] == "payment_declined"
    assert (row().quantity, row().pending_price_id) == (1, None)


def test_another_quantity_keeps_the_price_that_one_has(customer: Customer) -> None:
    old = row().price
    Price.objects.filter(pk=old.pk).update(is_current=False)
    Price.objects.create(
        plan=old.plan,
        currency="USD",
        amount_minor=9900,
        frequency=old.frequency,
        interval_unit=old.interval_unit,
        interval_count=old.interval_count,
        version=2,
    )
    ask(customer, "quantity", quantity=2)
    assert (row().price_id, row().quantity) == (old.pk, 2)


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        pytest.param("cancel", {}, id="cancel"),
        pytest.param("uncancel", {}, id="uncancel"),
        pytest.param("pause", {}, id="pause"),
        pytest.param("resume", {}, id="resume"),
        pytest.param("quantity", {"quantity": 2}, id="quantity"),
        pytest.param("cancel", {"group": "other"}, id="another_group"),
    ],
)
def test_without_a_subscription_there_is_nothing_to_ask(
    sandbox: SandboxProvider, verb: str, body: dict[str, Any]
) -> None:
    customer = make_customer()
    if "group" in body:
        buy(customer)
    said = OutboxMessage.objects.count()
    assert ask(customer, verb, 409, **body)["code"] == "not_subscribed"
    assert OutboxMessage.objects.count() == said


def test_the_same_key_cancels_once(customer: Customer) -> None:
    pass_days(customer, 3)
    api, body = Api(user=customer.user), {"when": "now"}
    first, again = (
        api.post("core/subscription/cancel/", body, **{"idempotency-key": "k1"}) for _ in range(2)
    )
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again["Idempotent-Replayed"] == "true"
    assert row().transitions.filter(event="CancelRequested").count() == 1
