"""Deliveries duplicated, shuffled and at once end in one state."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_core.providers import ConfirmRequest
from saaskit_core.testing.behaviours import stay_processing
from saaskit_django import clock, registry
from saaskit_django.billing.models import CreditNote, Invoice
from saaskit_django.billing.selectors import ledger_sum
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.payments.models import Payment, Refund, WebhookEvent
from saaskit_django.payments.services.inbox import process_due
from saaskit_django.payments.services.refund import refund
from saaskit_django.subscriptions.models import Subscription, SubscriptionTransition
from saaskit_providers.sandbox.provider import SandboxProvider
from saaskit_providers.sandbox.webhooks import SignedDelivery
from tests.builders import make_customer, make_plan
from tests.concurrency.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

SEEDS = (1, 2, 3)
DELIVERIES = 200
BUYERS = 8
THREADS = 8


def post(delivery: SignedDelivery) -> int:
    client = Client(raise_request_exception=False)
    response = client.post(
        "/api/payment/webhook/sandbox/",
        delivery.body,
        content_type="application/json",
        headers={name: text for name, text in delivery.headers.items() if name != "content-type"},
    )
    return response.status_code


def things_happen_at(sandbox: SandboxProvider) -> None:
    """Eight people buy. What becomes of it happens at the provider: only deliveries tell us."""
    plan = make_plan("pro", "30.00")
    for number in range(BUYERS):
        customer = make_customer(f"buyer{number}@example.com")
        purchase = Purchase(user=customer.user, plan=plan, frequency=BillingFrequency.MONTHLY)
        payment = intend_purchase(customer, purchase, now=clock.now()).payment
        assert payment is not None
        sandbox.script(stay_processing())
        confirm_at_provider(sandbox, payment)
        if number % 4 == 3:
            sandbox.reject(payment.provider_ref)
        else:
            sandbox.approve(payment.provider_ref)


def confirm_at_provider(sandbox: SandboxProvider, payment: Payment) -> None:
    sandbox.confirm_payment(
        ConfirmRequest(
            idempotency_key=f"browser:{payment.pk}",
            transaction_id=payment.provider_ref,
            method_ref="pm_card_ok",
        )
    )


def shuffled(sandbox: SandboxProvider, seed: int) -> list[SignedDelivery]:
    """Each delivery at least once, most of them often, in an order that only the seed knows."""
    rng = random.Random(seed)
    unique = list(sandbox.signed_deliveries(signed_at=clock.now()))
    many = unique + rng.choices(unique, k=DELIVERIES - len(unique))
    rng.shuffle(many)
    return many


def state() -> dict[str, Any]:
    """What the rows say, without the names and instants that differ from run to run."""
    return {
        "payments": sorted(
            Payment.objects.values_list(
                "customer__email", "state", "amount_minor", "received_minor", "failure_reason"
            )
        ),
        "subscriptions": sorted(
            Subscription.objects.values_list("customer__email", "status", "renewal_count")
        ),
        "steps": sorted(
            SubscriptionTransition.objects.values_list(
                "subscription__customer__email", "sequence", "event", "to_status"
            )
        ),
        "invoices": sorted(
            Invoice.objects.values_list("customer__email", "status", "total_minor", "kind")
        ),
        "numbers": sorted(Invoice.objects.exclude(number=None).values_list("number", flat=True)),
        "events": sorted(WebhookEvent.objects.values_list("kind", "status")),
        "ledger": ledger_sum(),
    }


def test_two_hundred_shuffled_deliveries_are_one_state(
    sandbox: SandboxProvider, settings: Any, tmp_path: Path, transactional_db: None
) -> None:
    found = []
    for seed in SEEDS:
        call_command("flush", interactive=False, verbosity=0)
        path = str(tmp_path / f"books-{seed}.sqlite3")
        settings.SAASKIT = {
            **settings.SAASKIT,
            "PROVIDERS": {"sandbox": {"type": "sandbox", "path": path}},
        }
        provider = registry.payment_provider("sandbox")
        assert isinstance(provider, SandboxProvider)
        things_happen_at(provider)
        deliveries = shuffled(provider, seed)
        batches = [deliveries[each::THREADS] for each in range(THREADS)]
        answers = at_once(lambda batch: [post(each) for each in batch], batches)
        assert Counter(chain.from_iterable(answers)) == {200: DELIVERIES}
        process_due(now=clock.now() + timedelta(hours=1))
        found.append(state())

    assert found[0] == found[1] == found[2]
    statuses = Counter(status for _, status, _ in found[0]["subscriptions"])
    assert statuses["Active"] == 6
    assert Payment.objects.filter(state="succeeded").count() == 6
    assert found[0]["numbers"] == [1, 2, 3, 4, 5, 6]


def test_a_refund_told_of_often_is_one_refund(sandbox: SandboxProvider) -> None:
    things_happen_at(sandbox)
    assert at_once(post, sandbox.signed_deliveries(signed_at=clock.now()))
    process_due(now=clock.now() + timedelta(hours=1))
    payment = Payment.objects.filter(state="succeeded").first()
    assert payment is not None
    refund(payment, amount=Money(1000, "USD"), reason="", requested_by=None, now=clock.now())
    again = 2 * sandbox.signed_deliveries(signed_at=clock.now())

    assert Counter(at_once(post, again)) == {200: len(again)}

    payment.refresh_from_db()
    assert (payment.refunded_minor, payment.refunding_minor) == (1000, 0)
    assert Refund.objects.count() == CreditNote.objects.count() == 1
