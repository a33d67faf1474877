"""What the core knows of a subscription is what its row holds, and the log can be replayed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from saaskit_core.periods import BillingFrequency
from saaskit_core.subscriptions.documents import fact_document, next_prices_document
from saaskit_core.subscriptions.facts import CancelRequested, ChangeRequested, Uncancelled
from saaskit_core.subscriptions.model import NextPrice
from saaskit_core.subscriptions.policies import ChangeTiming
from saaskit_core.subscriptions.terms import AddOn
from saaskit_django.billing.models import Invoice
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.payments.services.confirm import confirm
from saaskit_django.plans.models import Price, SubscriptionPlan
from saaskit_django.renewals.services.sweep import sweep
from saaskit_django.subscriptions.models import Subscription
from saaskit_django.subscriptions.selectors import with_prices
from saaskit_django.subscriptions.services import advance
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Moving, make_customer, make_plan

pytestmark = pytest.mark.django_db(transaction=True)

LATER = ChangeTiming.PERIOD_END


@pytest.fixture
def row(sandbox: SandboxProvider, clock: Moving) -> Subscription:
    customer = make_customer()
    purchase = Purchase(
        user=customer.user, plan=make_plan("pro", "30.00"), frequency=BillingFrequency.MONTHLY
    )
    intent = intend_purchase(customer, purchase, now=clock.now)
    assert intent.payment is not None
    confirm(intent.payment, method_ref="pm_card_ok", idempotency_key="", now=clock.now)
    return with_prices().get()


@transaction.atomic
def moved(row: Subscription, fact: Any, clock: Moving) -> Any:
    return advance(row, fact, now=clock.now, actor="customer").subscription


def price_of(plan: SubscriptionPlan) -> Price:
    return plan.prices.select_related("plan").get()


def test_add_ons_are_kept_and_billed(row: Subscription, clock: Moving) -> None:
    storage = AddOn(price=price_of(make_plan("storage", "5.00")).to_core(), quantity=2)
    moved(row, ChangeRequested(add_ons=(storage,), timing=LATER), clock)
    pending = with_prices().get().to_core().pending_change
    assert pending is not None
    assert pending.add_ons == (storage,)

    sweep(now=clock.forward(days=31))

    assert with_prices().get().to_core().add_ons == (storage,)
    renewal = Invoice.objects.get(kind="renewal")
    assert (renewal.status, renewal.total_minor) == ("paid", 4000)
    assert list(renewal.lines.values_list("price__plan__key", "quantity", "amount_minor")) == [
        ("pro", 1, 3000),
        ("storage", 2, 1000),
    ]


def test_a_cancellation_remembers_when_it_was_asked_for(row: Subscription, clock: Moving) -> None:
    asked_at = clock.forward(days=3)
    expected = moved(row, CancelRequested(), clock)
    assert row.to_core().cancel_requested_at == asked_at
    assert with_prices().get().to_core() == row.to_core()
    assert row.to_core().cancel_at == expected.cancel_at
    moved(row, Uncancelled(), clock)
    assert with_prices().get().cancel_requested_at is None


def test_versions_that_are_to_come_are_kept(row: Subscription, clock: Moving) -> None:
    coming = NextPrice(
        price=price_of(make_plan("team", "60.00")).to_core(),
        effective_at=clock.now + timedelta(days=31),
    )
    Subscription.objects.update(next_prices=next_prices_document([coming]))
    assert with_prices().get().to_core().next_prices == (coming,)


def test_what_was_written_is_what_is_in_memory(row: Subscription, clock: Moving) -> None:
    team = price_of(make_plan("team", "10.00"))
    moved(row, ChangeRequested(price=team.to_core(), timing=LATER), clock)
    assert row.to_core() == with_prices().get().to_core()
    sweep(now=clock.forward(days=31))
    fresh = with_prices().get()
    assert (fresh.subscription_plan.key, fresh.pending_price) == ("team", None)


def test_every_line_of_the_log_holds_its_fact(row: Subscription, clock: Moving) -> None:
    asked = CancelRequested()
    moved(row, asked, clock)
    lines = row.transitions.order_by("sequence")
    assert [line.sequence for line in lines] == [1, 2, 3]
    assert [line.event for line in lines] == ["Started", "PaymentSucceeded", "CancelRequested"]
    assert [line.detail["fact"] for line in lines] == [line.event for line in lines]
    assert lines[2].detail == fact_document(asked)
