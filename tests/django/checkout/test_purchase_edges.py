"""Purchases and changes at their edges: nothing free, nothing lost, no server error."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction

import saaskit_django.clock as real_clock
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_django.billing.models import Invoice
from saaskit_django.billing.selectors import carried_amount
from saaskit_django.billing.services.wallet import credit
from saaskit_django.checkout.services.change_plan import Change, change_plan, preview_change
from saaskit_django.checkout.services.create_intent import (
    intend_amount,
    intend_purchase,
)
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.coupons.models import Coupon, CouponUsage
from saaskit_django.customers.models import Customer
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.confirm import (
    confirm,
)
from saaskit_django.payments.services.reserve import Collection
from saaskit_django.plans.models import SubscriptionPlan
from saaskit_django.renewals.services.sweep import sweep
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import Api, Moving, make_customer, make_plan, make_user

pytestmark = pytest.mark.django_db(transaction=True)

M = BillingFrequency.MONTHLY


def coupon(code: str = "ALL", percent: int = 100) -> Coupon:
    return Coupon.objects.create(code=code, discount_type="percentage", percent=Decimal(percent))


def buy(
    customer: Customer, plan: SubscriptionPlan, clock: Moving, method: str = "pm_card_ok"
) -> None:
    purchase = Purchase(user=customer.user, plan=plan, frequency=M)
    intent = intend_purchase(customer, purchase, now=clock.now)
    assert intent.payment is not None
    confirm(intent.payment, method_ref=method, idempotency_key="", now=clock.now)


def test_a_coupon_over_the_whole_price_needs_no_payment(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    coupon()
    c = make_customer()
    i = intend_purchase(
        c,
        Purchase(user=c.user, plan=make_plan("pro", "30"), frequency=M, coupon_code="ALL"),
        now=clock.now,
    )
    assert i.payment is None
    assert Subscription.objects.get().status == "Active"
    assert CouponUsage.objects.get().status == "confirmed"


def test_an_upgrade_that_the_wallet_pays_is_done_at_once(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock)
    with transaction.atomic():
        credit(customer=c, amount=Money(100000, "USD"), transaction="x", reason="g", now=clock.now)
    i = intend_purchase(
        c, Purchase(user=c.user, plan=make_plan("team", "60"), frequency=M), now=clock.now
    )
    assert i.payment is None
    assert Subscription.objects.get().subscription_plan.key == "team"


def test_a_trial_with_an_unknown_provider_is_refused(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    p = make_plan("pro", "30", trial_days=7)
    a = Api(user=c.user).post(
        "payment/create-intent/", {"subscription_plan_id": p.pk, "provider": "nope"}
    )
    assert a.status_code == 404
    assert not Subscription.objects.exists()


def test_a_customer_chooses_no_terms_that_the_site_does_not_offer(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock)
    t = make_plan("team", "300")
    a = Api(user=c.user)
    Customer.objects.update(clock_offset=clock.now - real_clock.now())
    a.post("core/subscription/change/", {"plan_id": t.pk, "policy": "now-without-invoice"})
    assert Subscription.objects.get().subscription_plan.key == "pro"


def test_a_declined_change_gives_its_coupon_back(sandbox: SandboxProvider, clock: Moving) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock, "pm_card_decline_after_1")
    coupon("HALF", 50)
    t = make_plan("team", "300")
    clock.forward(days=15)
    d = change_plan(c, Change(user=c.user, plan=t, coupon_code="HALF"), now=clock.now)
    assert d.payment is not None
    assert d.payment.status == "Failed"
    assert CouponUsage.objects.get().status == "released"
    assert Coupon.objects.get().current_uses == 0


def test_a_new_coupon_takes_nothing_off_the_credit_and_the_preview_knows_it(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "100"), clock)
    coupon("HALF", 50)
    t = make_plan("team", "1000")
    clock.forward(days=15)
    ch = Change(user=c.user, plan=t, coupon_code="HALF")
    pre = preview_change(c, ch, now=clock.now)
    d = change_plan(c, ch, now=clock.now)
    assert [line.net.minor for line in d.quote.invoice.lines] == [-5000, 25000]
    assert pre.quote == d.quote


def test_a_trial_that_ends_unpaid_gives_its_coupon_back(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    coupon("HALF", 50)
    c = make_customer()
    intend_purchase(
        c,
        Purchase(
            user=c.user, plan=make_plan("pro", "30", trial_days=7), frequency=M, coupon_code="HALF"
        ),
        now=clock.now,
    )
    sweep(now=clock.forward(days=7))
    assert Subscription.objects.get().status == "Expired"
    assert CouponUsage.objects.get().status == "released"


def test_a_purchase_paid_meanwhile_counts_before_another_plan_is_bought(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    i = intend_purchase(
        c, Purchase(user=c.user, plan=make_plan("pro", "30"), frequency=M), now=clock.now
    )
    assert i.payment is not None
    sandbox.approve(i.payment.provider_ref)
    j = intend_purchase(
        c, Purchase(user=c.user, plan=make_plan("team", "60"), frequency=M), now=clock.now
    )
    assert Payment.objects.get(pk=i.payment.pk).status == "Completed"
    assert Subscription.objects.get().subscription_plan.key == "pro"
    assert j.payment is not None
    assert j.payment.amount_minor == 3000


def test_a_one_off_charge_leaves_what_was_carried_forward(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock)
    Invoice.objects.update(amount_due_minor=2970, carried_minor=30)
    intend_amount(c, Money(500, "USD"), collection=Collection(provider="sandbox"), now=clock.now)
    assert carried_amount(c, "USD").minor == 30


def test_odd_amounts_are_refused(sandbox: SandboxProvider, clock: Moving) -> None:
    admin = make_user("admin@example.com", is_superuser=True)
    for amount in ("0", "92233720368547758.07", "99999999999999999999999", "0.001"):
        r = Api(user=admin).post("payment/create-intent/", {"amount": amount, "currency": "USD"})
        assert r.status_code < 500


def test_a_coupon_on_a_free_plan_is_no_server_error(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    coupon("HALF", 50)
    c = make_customer()
    p = make_plan("free", "0")
    r = Api(user=c.user).post(
        "payment/create-intent/", {"subscription_plan_id": p.pk, "coupon_code": "HALF"}
    )
    assert r.status_code < 500


def test_a_dearer_plan_in_the_trial_is_taken_at_once(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    p = make_plan("pro", "30", trial_days=14)
    intend_purchase(c, Purchase(user=c.user, plan=p, frequency=M), now=clock.now)
    intend_purchase(
        c,
        Purchase(user=c.user, plan=make_plan("team", "60", trial_days=14), frequency=M),
        now=clock.forward(days=1),
    )
    assert Subscription.objects.get().subscription_plan.key == "team"
    assert Subscription.objects.get().status == "Trial"
