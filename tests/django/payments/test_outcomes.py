"""What becomes of payments whose outcome isn't known, comes late, or comes by webhook."""

from __future__ import annotations

from typing import Any

import pytest

from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_core.providers import ProviderUnavailable, WebhookRequest, WebhookVerificationError
from saaskit_core.testing.behaviours import Operation, time_out_after, time_out_before
from saaskit_django.billing.models import Invoice
from saaskit_django.billing.selectors import wallet_balance
from saaskit_django.checkout.services.create_intent import Intent, intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.customers.models import Customer
from saaskit_django.payments.models import Payment, Refund, WebhookEvent
from saaskit_django.payments.services.confirm import confirm, refresh
from saaskit_django.payments.services.deliveries import revive
from saaskit_django.payments.services.inbox import process, process_due
from saaskit_django.payments.services.janitor import check_due
from saaskit_django.payments.services.refund import refund
from saaskit_django.payments.services.webhook import receive
from saaskit_django.renewals.services.sweep import sweep
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Moving, make_customer, make_plan

pytestmark = pytest.mark.django_db(transaction=True)


def intended(clock: Moving, amount: str = "30.00") -> tuple[Customer, Intent]:
    customer = make_customer()
    purchase = Purchase(
        user=customer.user, plan=make_plan("pro", amount), frequency=BillingFrequency.MONTHLY
    )
    return customer, intend_purchase(customer, purchase, now=clock.now)


def bought(clock: Moving, method: str = "pm_card_ok") -> Customer:
    customer, intent = intended(clock)
    assert intent.payment is not None
    confirm(intent.payment, method_ref=method, idempotency_key="", now=clock.now)
    return customer


def deliveries(sandbox: SandboxProvider, clock: Moving) -> list[WebhookRequest]:
    return [
        WebhookRequest(headers=each.headers, body=each.body, url="", received_at=clock.now)
        for each in sandbox.signed_deliveries(signed_at=clock.now)
    ]


def test_a_renewal_whose_answer_was_lost_is_asked_about_and_not_charged_again(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    bought(clock)
    sandbox.script(time_out_after())
    clock.forward(days=30)
    sweep(now=clock.now)
    assert Payment.objects.order_by("-pk")[0].state == "unknown"
    assert Subscription.objects.get().status == "RenewalPending"

    clock.forward(minutes=6)
    assert check_due(now=clock.now) == 1

    assert Subscription.objects.get().status == "Active"
    assert [each.received.minor for each in sandbox.payments()] == [3000, 3000]


def test_a_renewal_that_never_arrived_is_sent_again_under_its_key(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    bought(clock)
    sandbox.script(time_out_before())
    clock.forward(days=30)
    sweep(now=clock.now)
    clock.forward(minutes=6)
    check_due(now=clock.now)
    assert Subscription.objects.get().status == "Active"
    assert Payment.objects.count() == 2
    assert len(sandbox.payments()) == 2


def test_a_lost_confirmation_is_unknown_and_then_found(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    _, intent = intended(clock)
    assert intent.payment is not None
    with pytest.raises(ProviderUnavailable):
        confirm(
            intent.payment,
            method_ref="pm_card_timeout_after",
            idempotency_key="",
            now=clock.now,
        )
    assert Payment.objects.get().state == "unknown"
    assert Subscription.objects.get().status == "Pending"
    assert refresh(Payment.objects.get(), now=clock.now).status == "Completed"
    assert Subscription.objects.get().status == "Active"


def test_a_purchase_that_timed_out_expires_and_late_money_is_credit(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    customer, intent = intended(clock)
    assert intent.payment is not None
    sandbox.script(time_out_before(), operation=Operation.CANCEL)
    clock.forward(hours=24)
    sweep(now=clock.now)
    row = Subscription.objects.get()
    assert (row.status, row.status_reason) == ("Expired", "payment_timeout")
    assert Invoice.objects.get().status == "void"

    sandbox.approve(intent.payment.provider_ref)
    for each in deliveries(sandbox, clock):
        process(receive(provider_name="sandbox", request=each).pk, now=clock.now)

    assert wallet_balance(customer, "USD") == Money(3000, "USD")
    assert Subscription.objects.get().status == "Expired"


def test_webhooks_in_any_order_and_number_end_in_one_state(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    bought(clock)
    requests = deliveries(sandbox, clock)
    for each in [*reversed(requests), *requests, *requests]:
        process(receive(provider_name="sandbox", request=each).pk, now=clock.now)
    assert WebhookEvent.objects.count() == len(requests)
    assert Payment.objects.get().status == "Completed"
    assert Invoice.objects.get().status == "paid"
    assert Subscription.objects.get().lock_version == 1


def test_a_webhook_alone_activates_a_purchase(sandbox: SandboxProvider, clock: Moving) -> None:
    _, intent = intended(clock)
    assert intent.payment is not None
    sandbox.approve(intent.payment.provider_ref)
    for each in deliveries(sandbox, clock):
        receive(provider_name="sandbox", request=each)
    assert process_due(now=clock.now) == WebhookEvent.objects.exclude(status="ignored").count()
    assert Subscription.objects.get().status == "Active"


def test_a_forged_webhook_stores_nothing(sandbox: SandboxProvider, clock: Moving) -> None:
    bought(clock)
    good = deliveries(sandbox, clock)[0]
    forged = WebhookRequest(
        headers=good.headers, body=good.body + b" ", url="", received_at=clock.now
    )
    with pytest.raises(WebhookVerificationError):
        receive(provider_name="sandbox", request=forged)
    assert not WebhookEvent.objects.exists()


def test_a_webhook_about_nothing_here_waits_and_then_is_dead(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    from datetime import timedelta

    bought(clock)
    request = deliveries(sandbox, clock)[0]
    event = receive(provider_name="sandbox", request=request)
    WebhookEvent.objects.update(reference="elsewhere", object_ref="elsewhere")
    process(event.pk, now=clock.now)
    event.refresh_from_db()
    assert (event.status, event.error) == ("deferred", "unknown_local_object")
    for _ in range(12):
        process_due(now=clock.forward(days=1))
    event.refresh_from_db()
    assert (event.status, event.next_try_at) == ("dead", None)
    assert revive([event.pk], now=clock.now) == 1
    assert WebhookEvent.objects.get().status == "received"
    assert timedelta(0) < clock.now - request.received_at


def test_a_payment_over_another_amount_parks_the_customer(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    _, intent = intended(clock)
    assert intent.payment is not None
    Payment.objects.update(amount_minor=9999)
    sandbox.approve(intent.payment.provider_ref)
    for each in deliveries(sandbox, clock):
        process(receive(provider_name="sandbox", request=each).pk, now=clock.now)
    assert Customer.objects.get().parked_reason == "paid_is_not_asked"
    assert Subscription.objects.get().status == "Pending"


def test_a_refund_whose_answer_was_lost_is_settled_by_the_janitor(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    bought(clock)
    sandbox.script(time_out_after(), operation=Operation.REFUND)
    row = refund(
        Payment.objects.get(),
        amount=Money(1000, "USD"),
        reason="",
        requested_by=None,
        now=clock.now,
    )
    assert row.state == "pending"
    assert Payment.objects.get().refunding_minor == 1000
    check_due(now=clock.forward(minutes=6))
    assert Refund.objects.get().state == "succeeded"
    payment = Payment.objects.get()
    assert (payment.refunded_minor, payment.refunding_minor) == (1000, 0)


def test_an_unanswered_payment_parks_in_the_end(sandbox: SandboxProvider, clock: Moving) -> None:
    bought(clock)
    sandbox.script(time_out_before())
    clock.forward(days=30)
    sweep(now=clock.now)
    sandbox.script(time_out_before(times=50))
    for _ in range(12):
        check_due(now=clock.forward(days=1))
    assert Customer.objects.get().parked_reason == "payment_unresolved"


@pytest.mark.parametrize("dispatch", ["inline", "worker"])
def test_the_webhook_endpoint_stores_then_acts(
    sandbox: SandboxProvider, clock: Moving, settings: Any, dispatch: str
) -> None:
    from django.test import Client

    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": dispatch}
    _, intent = intended(clock)
    assert intent.payment is not None
    sandbox.approve(intent.payment.provider_ref)
    for each in sandbox.signed_deliveries():
        answer = Client().post(
            "/api/payment/webhook/sandbox/",
            data=each.body,
            content_type="application/json",
            headers=dict(each.headers),
        )
        assert answer.status_code == 200, answer.content
    expected = "Active" if dispatch == "inline" else "Pending"
    assert Subscription.objects.get().status == expected
