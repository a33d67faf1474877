"""A subscription's life on rows, moved by the clock alone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from saaskit_core.periods import BillingFrequency
from saaskit_django.billing.models import Invoice
from saaskit_django.billing.selectors import ledger_sum, wallet_balance
from saaskit_django.checkout.services.change_plan import Change, change_plan, preview_change
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.coupons.models import Coupon, CouponUsage
from saaskit_django.customers.models import Customer
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.confirm import confirm, follow_up
from saaskit_django.payments.services.methods import add_method
from saaskit_django.payments.services.refund import refund
from saaskit_django.renewals.models import Renewal
from saaskit_django.renewals.services.sweep import sweep
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Moving, make_customer, make_plan

pytestmark = pytest.mark.django_db(transaction=True)

MONTHLY = BillingFrequency.MONTHLY


def subscribed(clock: Moving, amount: str = "30.00", method: str = "pm_card_ok") -> Customer:
    """A customer who bought the plan "pro" just now."""
    customer = make_customer()
    purchase = Purchase(user=customer.user, plan=make_plan("pro", amount), frequency=MONTHLY)
    intent = intend_purchase(customer, purchase, now=clock.now)
    assert intent.payment is not None
    confirm(intent.payment, method_ref=method, idempotency_key="", now=clock.now)
    return customer


def test_a_renewal_charges_the_kept_method(sandbox: SandboxProvider, clock: Moving) -> None:
    subscribed(clock)
    clock.forward(days=30)

    swept = sweep(now=clock.now)

    assert (swept.looked_at, swept.renewed, swept.errors) == (1, 1, [])
    row = Subscription.objects.get()
    assert (row.status, row.period_index, row.renewal_count) == ("Active", 1, 1)
    assert [each.received.minor for each in sandbox.payments()] == [3000, 3000]
    assert [each.number for each in Invoice.objects.order_by("pk")] == [1, 2]
    assert Renewal.objects.get().renewal_cost_minor == 3000


def test_sweeping_again_changes_nothing(sandbox: SandboxProvider, clock: Moving) -> None:
    subscribed(clock)
    clock.forward(days=30)
    sweep(now=clock.now)
    assert sweep(now=clock.now).looked_at == 0
    assert len(sandbox.payments()) == 2


def test_a_worker_that_was_away_renews_late_but_from_the_anchor(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    subscribed(clock)
    clock.forward(days=33)
    sweep(now=clock.now)
    row = Subscription.objects.get()
    assert row.status == "Active"
    assert row.period_start == clock.now - timedelta(days=3)


def test_a_decline_is_retried_and_a_new_card_recovers(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    customer = subscribed(clock, method="pm_card_decline_after_1")
    clock.forward(days=30)
    sweep(now=clock.now)
    row = Subscription.objects.get()
    assert (row.status, row.status_reason) == ("RenewalPending", "retrying")
    assert Payment.objects.filter(state="failed").count() == 1

    clock.forward(days=1)
    sweep(now=clock.now)
    assert Payment.objects.filter(state="failed").count() == 2

    _, to_submit = add_method(
        customer, provider_name="sandbox", method_ref="pm_card_ok", now=clock.now
    )
    follow_up(to_submit, now=clock.now)

    row = Subscription.objects.get()
    assert row.status == "Active"
    assert row.period_start == clock.now - timedelta(days=1)
    assert Invoice.objects.filter(status="paid").count() == 2


def test_grace_and_dunning_run_out(sandbox: SandboxProvider, clock: Moving) -> None:
    subscribed(clock, method="pm_card_decline_after_1")
    clock.forward(days=30)
    for _ in range(8):
        sweep(now=clock.now)
        clock.forward(days=1)
    sweep(now=clock.now)
    assert Subscription.objects.get().status == "Suspended"
    clock.forward(days=20)
    sweep(now=clock.now)
    row = Subscription.objects.get()
    assert (row.status, row.status_reason) == ("Cancelled", "dunning")
    assert Invoice.objects.get(kind="renewal").status == "uncollectible"


def test_a_trial_ends_in_the_first_charge_with_its_coupon(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    Coupon.objects.create(code="WELCOME", discount_type="percentage", percent=Decimal(20))
    customer = make_customer()
    plan = make_plan("pro", "30.00", trial_days=14)
    purchase = Purchase(user=customer.user, plan=plan, frequency=MONTHLY, coupon_code="welcome")
    from django.db import transaction

    from saaskit_django.checkout.services.subscribe import subscribe

    with transaction.atomic():
        done = subscribe(customer, purchase, now=clock.now)
    assert done.subscription.status == "Trial"
    assert done.payment is None
    add_method(customer, provider_name="sandbox", method_ref="pm_card_ok", now=clock.now)

    clock.forward(days=14)
    sweep(now=clock.now)

    row = Subscription.objects.get()
    assert (row.status, row.anchor) == ("Active", clock.now)
    invoice = Invoice.objects.get()
    assert (invoice.subtotal_minor, invoice.discount_minor, invoice.total_minor) == (
        3000,
        600,
        2400,
    )
    assert CouponUsage.objects.get().status == "confirmed"
    clock.forward(days=30)
    sweep(now=clock.now)
    assert Invoice.objects.order_by("-pk")[0].total_minor == 3000


def test_a_trial_without_a_method_expires(sandbox: SandboxProvider, clock: Moving) -> None:
    from django.db import transaction

    from saaskit_django.checkout.services.subscribe import subscribe

    customer = make_customer()
    plan = make_plan("pro", "30.00", trial_days=14)
    with transaction.atomic():
        subscribe(
            customer, Purchase(user=customer.user, plan=plan, frequency=MONTHLY), now=clock.now
        )
    clock.forward(days=14)
    sweep(now=clock.now)
    assert Subscription.objects.get().status == "Expired"


def test_an_upgrade_at_half_time_costs_the_difference(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    customer = subscribed(clock, "100.00")
    team = make_plan("team", "300.00")
    clock.forward(days=15)
    change = Change(user=customer.user, plan=team)

    preview = preview_change(customer, change, now=clock.now)
    done = change_plan(customer, change, now=clock.now)

    assert preview.quote == done.quote
    assert [line.amount.minor for line in done.quote.invoice.lines] == [-5000, 15000]
    assert done.payment is not None
    assert done.payment.received_minor == 10000
    assert Subscription.objects.get().subscription_plan == team


def test_a_declined_upgrade_leaves_the_plan_as_it_was(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    customer = subscribed(clock, "100.00", method="pm_card_decline_after_1")
    team = make_plan("team", "300.00")
    clock.forward(days=15)

    done = change_plan(customer, Change(user=customer.user, plan=team), now=clock.now)

    assert done.payment is not None
    assert done.payment.status == "Failed"
    row = Subscription.objects.get()
    assert (row.subscription_plan.key, row.pending_price) == ("pro", None)
    assert Invoice.objects.get(kind="change").status == "void"


def test_a_downgrade_waits_for_the_period_end(sandbox: SandboxProvider, clock: Moving) -> None:
    customer = subscribed(clock, "100.00")
    basic = make_plan("basic", "10.00")
    clock.forward(days=15)
    change_plan(customer, Change(user=customer.user, plan=basic), now=clock.now)
    assert Subscription.objects.get().subscription_plan.key == "pro"
    clock.forward(days=15)
    sweep(now=clock.now)
    assert Subscription.objects.get().subscription_plan.key == "basic"
    assert Payment.objects.order_by("-pk")[0].received_minor == 1000


def test_refunds_never_exceed_what_was_received(sandbox: SandboxProvider, clock: Moving) -> None:
    from saaskit_core.money import Money
    from saaskit_core.payments.decisions import RefundTooLarge

    subscribed(clock)
    payment = Payment.objects.get()
    refund(payment, amount=Money(1800, "USD"), reason="sorry", requested_by=None, now=clock.now)
    payment.refresh_from_db()
    assert (payment.status, payment.refunded_minor) == ("Partial", 1800)
    with pytest.raises(RefundTooLarge):
        refund(payment, amount=Money(1800, "USD"), reason="", requested_by=None, now=clock.now)
    refund(payment, amount=None, reason="", requested_by=None, now=clock.now)
    payment.refresh_from_db()
    assert (payment.status, payment.refunding_minor) == ("Refunded", 0)
    assert Invoice.objects.get().credit_notes.count() == 2


def test_wallet_credit_pays_first(sandbox: SandboxProvider, clock: Moving) -> None:
    from django.db import transaction

    from saaskit_core.money import Money
    from saaskit_django.billing.services.wallet import credit

    customer = subscribed(clock)
    with transaction.atomic():
        credit(
            customer=customer,
            amount=Money(1000, "USD"),
            transaction="gift",
            reason="gift",
            now=clock.now,
        )
    clock.forward(days=30)
    sweep(now=clock.now)
    assert Payment.objects.order_by("-pk")[0].received_minor == 2000
    assert wallet_balance(customer, "USD").minor == 0
    assert ledger_sum() == {"USD": 0}


@pytest.mark.parametrize(
    ("unused", "wallet", "refunded"),
    [("wallet-credit", 5000, 0), ("refund", 0, 5000), ("none", 0, 0)],
)
def test_a_cancellation_gives_unused_time_back_as_the_policy_says(
    sandbox: SandboxProvider, clock: Moving, settings: Any, unused: str, wallet: int, refunded: int
) -> None:
    from django.db import transaction

    from saaskit_core.subscriptions.facts import CancelRequested, CancelWhen
    from saaskit_django.payments.services.collect import Work, carry_out
    from saaskit_django.payments.services.janitor import check_due
    from saaskit_django.subscriptions.selectors import live_subscription
    from saaskit_django.subscriptions.services import advance

    settings.SAASKIT = {**settings.SAASKIT, "POLICIES": {"unused_time": unused}}
    customer = subscribed(clock, "100.00")
    clock.forward(days=15)
    with transaction.atomic():
        row = live_subscription(customer)
        assert row is not None
        fact = CancelRequested(when=CancelWhen.NOW)
        carry_out(row, advance(row, fact, now=clock.now), Work(now=clock.now, at=clock.now))
    check_due(now=clock.now)
    assert Subscription.objects.get().status == "Cancelled"
    assert wallet_balance(customer, "USD").minor == wallet
    assert Payment.objects.get().refunded_minor == refunded
    assert ledger_sum() in ({"USD": 0}, {})
