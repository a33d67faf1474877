"""Customers whose renewals have fallen due, and what may be said of their books afterwards."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from saaskit_core.periods import BillingFrequency
from saaskit_django.billing.models import Invoice
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.payments.services.confirm import confirm
from saaskit_django.renewals.models import SweepClaim
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import make_customer, make_plan

AGO = timedelta(days=32)


def make_due(people: int, *, now: datetime) -> None:
    """So many customers who bought 32 days ago: one monthly renewal of each is due."""
    plan = make_plan("pro", "30.00")
    for number in range(people):
        customer = make_customer(f"payer{number}@example.com")
        wanted = Purchase(user=customer.user, plan=plan, frequency=BillingFrequency.MONTHLY)
        made = intend_purchase(customer, wanted, now=now - AGO)
        assert made.payment is not None
        confirm(made.payment, method_ref="pm_card_ok", idempotency_key="", now=now - AGO)


def assert_renewed_once(people: int, sandbox: SandboxProvider) -> None:
    """Each was charged for his purchase and one renewal, at the provider and here."""
    charged = Counter(each.reference for each in sandbox.payments() if each.received.minor)
    assert len(charged) == 2 * people
    assert set(charged.values()) == {1}
    renewals = Invoice.objects.filter(kind="renewal")
    assert Counter(renewals.values_list("status", flat=True)) == {"paid": people}
    assert renewals.values("subscription").distinct().count() == people
    numbers = sorted(Invoice.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 2 * people + 1))
    moved = Counter(Subscription.objects.values_list("status", "period_index"))
    assert moved == {("Active", 1): people}
    assert not SweepClaim.objects.exists()
