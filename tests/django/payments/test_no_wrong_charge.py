"""No charge too many, none lost: holds, void invoices, new cards, late money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction

from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_core.providers import ProviderUnavailable
from saaskit_core.subscriptions.facts import CancelRequested, CancelWhen
from saaskit_core.testing.behaviours import Behaviour, Effect, Operation, decline, time_out_before
from saaskit_django.billing.models import Invoice
from saaskit_django.billing.selectors import wallet_balance
from saaskit_django.checkout.services.create_intent import (
    intend_invoice,
    intend_purchase,
)
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.coupons.models import Coupon
from saaskit_django.customers.models import Customer, Membership
from saaskit_django.customers.services import CustomerParked, create_organisation
from saaskit_django.payments.models import Payment, PaymentMethod
from saaskit_django.payments.services.collect import Work, carry_out
from saaskit_django.payments.services.confirm import (
    PaymentNotConfirmable,
    confirm,
    follow_up,
    refresh,
)
from saaskit_django.payments.services.janitor import check_due
from saaskit_django.payments.services.methods import add_method, remove_method
from saaskit_django.payments.services.refund import refund
from saaskit_django.payments.services.reserve import Collection, reserve_refund
from saaskit_django.plans.models import SubscriptionPlan
from saaskit_django.renewals.services import sweep as sweeping
from saaskit_django.renewals.services.sweep import sweep
from saaskit_django.subscriptions.models import Subscription
from saaskit_django.subscriptions.selectors import live_subscription
from saaskit_django.subscriptions.services import advance
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


def test_an_unknown_provider_leaves_no_payment_behind(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock, "pm_card_decline_after_1")
    sweep(now=clock.forward(days=30))
    inv = Invoice.objects.get(status="open")
    api = Api(user=c.user)
    a = api.post("payment/create-intent/", {"invoice_id": inv.pk, "provider": "nope"})
    assert a.status_code == 404
    assert Payment.objects.count() == 2
    check_due(now=clock.forward(hours=1))


def test_a_refund_of_nothing_is_refused(sandbox: SandboxProvider, clock: Moving) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock)
    admin = make_user("admin@example.com", is_superuser=True)
    r = Api(user=admin).post(
        "payment/refund/",
        {"transaction_id": Payment.objects.get().transaction_id, "amount": "0.00"},
    )
    assert r.status_code in (400, 409), r.content
    assert Payment.objects.get().refunded_minor == 0


def test_a_new_card_is_charged_only_once_the_hold_is_over(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock, "pm_card_decline_after_1")
    sweep(now=clock.forward(days=30))
    Customer.objects.update(parked_at=clock.now, parked_reason="x")
    _, ids = add_method(c, provider_name="sandbox", method_ref="pm_card_ok", now=clock.now)
    follow_up(ids, now=clock.now)
    assert sum(p.received.minor for p in sandbox.payments()) == 3000
    Customer.objects.update(parked_at=None, parked_reason="")
    check_due(now=clock.forward(days=30))
    assert sum(p.received.minor for p in sandbox.payments()) == 6000


def test_nothing_is_confirmed_while_on_hold(sandbox: SandboxProvider, clock: Moving) -> None:
    c = make_customer()
    i = intend_purchase(
        c, Purchase(user=c.user, plan=make_plan("pro", "30"), frequency=M), now=clock.now
    )
    assert i.payment is not None
    Customer.objects.update(parked_at=clock.now, parked_reason="x")
    with pytest.raises(CustomerParked):
        confirm(i.payment, method_ref="pm_card_ok", idempotency_key="", now=clock.now)
    assert sum(p.received.minor for p in sandbox.payments()) == 0


def test_a_method_added_again_after_its_removal_works(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock)
    m, _ = add_method(c, provider_name="sandbox", method_ref="pm_card_ok", now=clock.now)
    remove_method(c, method_id=m.pk, now=clock.now)
    m, _ = add_method(c, provider_name="sandbox", method_ref="pm_card_ok", now=clock.now)
    assert PaymentMethod.objects.filter(is_default=True, removed_at=None).count() == 1
    sweep(now=clock.forward(days=30))
    assert Subscription.objects.get().status == "Active"


def test_a_card_unknown_to_the_provider_is_a_hard_decline(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock)
    sandbox.detach_method(method_ref=PaymentMethod.objects.get().method_ref, idempotency_key="d")
    sweep(now=clock.forward(days=30))
    _, ids = add_method(c, provider_name="sandbox", method_ref="pm_card_ok", now=clock.now)
    follow_up(ids, now=clock.now)
    assert Subscription.objects.get().status == "Active"


def test_a_new_card_is_charged_although_a_payment_was_abandoned(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock, "pm_card_decline_after_1")
    sweep(now=clock.forward(days=30))
    inv = Invoice.objects.get(status="open")
    intend_invoice(
        c, invoice_id=inv.pk, collection=Collection(provider="sandbox", user=c.user), now=clock.now
    )
    sweep(now=clock.forward(days=1))
    _, ids = add_method(c, provider_name="sandbox", method_ref="pm_card_ok", now=clock.now)
    follow_up(ids, now=clock.now)
    assert Subscription.objects.get().status == "Active"
    assert sum(p.received.minor for p in sandbox.payments()) == 6000


def test_retries_go_on_although_a_payment_was_abandoned(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock)
    sandbox.script(decline())
    sweep(now=clock.forward(days=30))
    inv = Invoice.objects.get(status="open")
    intend_invoice(
        c, invoice_id=inv.pk, collection=Collection(provider="sandbox", user=c.user), now=clock.now
    )
    sweep(now=clock.forward(days=1))
    sweep(now=clock.forward(days=2))
    assert Subscription.objects.get().status == "Active"


def test_an_unsent_charge_of_a_void_invoice_is_never_sent(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock)
    clock.forward(days=30)
    sweeping._catch_up(Subscription.objects.get().pk, now=clock.now)
    with transaction.atomic():
        row = live_subscription(c)
        assert row is not None
        carry_out(
            row,
            advance(row, CancelRequested(when=CancelWhen.NOW), now=clock.now),
            Work(now=clock.now, at=clock.now),
        )
    check_due(now=clock.forward(minutes=6))
    assert sum(p.received.minor for p in sandbox.payments()) == 3000
    check_due(now=clock.forward(days=30))
    assert Customer.objects.get().parked_at is None
    assert set(Payment.objects.values_list("state", flat=True)) == {"succeeded", "cancelled"}


def test_a_refund_owed_is_sent_until_it_arrives(sandbox: SandboxProvider, clock: Moving) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock)
    with transaction.atomic():
        reserve_refund(
            Payment.objects.get(),
            amount=Money(1000, "USD"),
            reason="unused_time",
            at=clock.now,
            check_at=clock.now,
        )
    sandbox.script(Behaviour(effect=Effect.UNREACHABLE), operation=Operation.REFUND)
    check_due(now=clock.now)
    check_due(now=clock.forward(days=1))
    assert Payment.objects.get().refunded_minor == 1000


def test_a_refund_of_late_money_takes_its_credit_back(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    i = intend_purchase(
        c, Purchase(user=c.user, plan=make_plan("pro", "30"), frequency=M), now=clock.now
    )
    assert i.payment is not None
    sandbox.script(time_out_before(), operation=Operation.CANCEL)
    sweep(now=clock.forward(hours=24))
    sandbox.approve(i.payment.provider_ref)
    refresh(Payment.objects.get(), now=clock.now)
    assert wallet_balance(c, "USD").minor == 3000
    refund(Payment.objects.get(), amount=None, reason="", requested_by=None, now=clock.now)
    assert wallet_balance(c, "USD").minor == 0


def test_a_payment_of_a_void_invoice_is_not_confirmed(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    intend_purchase(
        c, Purchase(user=c.user, plan=make_plan("pro", "30"), frequency=M), now=clock.now
    )
    sandbox.script(time_out_before(), operation=Operation.CANCEL)
    sweep(now=clock.forward(hours=24))
    with pytest.raises(PaymentNotConfirmable):
        confirm(Payment.objects.get(), method_ref="pm_card_ok", idempotency_key="", now=clock.now)


def test_a_new_card_replaces_a_charge_that_waits_for_the_payer(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock)
    sandbox.script(Behaviour(effect=Effect.REQUIRE_ACTION))
    sweep(now=clock.forward(days=30))
    sweep(now=clock.forward(days=1))
    _, ids = add_method(c, provider_name="sandbox", method_ref="pm_card_ok", now=clock.now)
    follow_up(ids, now=clock.now)
    assert Subscription.objects.get().status == "Active"


def test_an_unknown_outcome_is_asked_about_soon_however_often_before(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    intend_purchase(
        c, Purchase(user=c.user, plan=make_plan("pro", "30"), frequency=M), now=clock.now
    )
    Payment.objects.update(checks=2)
    with pytest.raises(ProviderUnavailable):
        confirm(
            Payment.objects.get(),
            method_ref="pm_card_timeout_after",
            idempotency_key="",
            now=clock.now,
        )
    check_due(now=clock.forward(minutes=6))
    assert Payment.objects.get().status == "Completed"


def test_a_plain_member_asks_for_no_refund(sandbox: SandboxProvider, clock: Moving) -> None:
    o = make_user("o@example.com")
    m = make_user("m@example.com")
    with transaction.atomic():
        org = create_organisation(name="Org", owner=o)
        Membership.objects.create(customer=org, user=m, role="member")
    i = intend_purchase(
        org, Purchase(user=o, plan=make_plan("pro", "30"), frequency=M), now=clock.now
    )
    assert i.payment is not None
    confirm(i.payment, method_ref="pm_card_ok", idempotency_key="", now=clock.now)
    r = Api(user=m).post(
        "payment/refund/",
        {"transaction_id": i.payment.transaction_id},
        **{"x-customer": str(org.pk)},
    )
    assert r.status_code == 403, r.content


def test_a_card_from_another_purchase_pays_what_is_overdue(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    c = make_customer()
    buy(c, make_plan("pro", "30"), clock, "pm_card_decline_after_1")
    other = make_plan("addon", "5")
    type(other).objects.filter(pk=other.pk).update(group="addons")
    other.refresh_from_db()
    sweep(now=clock.forward(days=30))
    buy(c, other, clock)
    assert Subscription.objects.get(group="main").status == "Active"
