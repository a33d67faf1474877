"""Payers are told what becomes of their money, once, in their own language."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_django.checkout.services.change_plan import Change, change_plan
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase, subscribe
from saaskit_django.customers.models import Membership, Profile
from saaskit_django.customers.selectors import payers_of
from saaskit_django.customers.services import create_organisation
from saaskit_django.notifications.models import Notification
from saaskit_django.outbox.models import Delivery
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.confirm import confirm
from saaskit_django.payments.services.refund import refund
from saaskit_django.renewals.services.sweep import sweep
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import START, Moving, make_customer, make_plan, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def bought(clock: Moving, *, method: str = "pm_card_ok", amount: str = "30.00"):
    """A customer who bought the plan "pro" just now; his receipt is forgotten."""
    customer = make_customer()
    plan = make_plan("pro", amount)
    purchase = Purchase(user=customer.user, plan=plan, frequency=BillingFrequency.MONTHLY)
    intent = intend_purchase(customer, purchase, now=clock.now)
    confirm(intent.payment, method_ref=method, idempotency_key="", now=clock.now)
    return customer


def subjects() -> list[str]:
    return [each.subject for each in mail.outbox]


def forget_mails() -> None:
    mail.outbox.clear()
    Notification.objects.all().delete()


def test_a_payment_that_arrives_brings_a_receipt(sandbox: SandboxProvider, clock: Moving) -> None:
    bought(clock)
    (sent,) = mail.outbox
    assert (sent.subject, sent.to) == ("Receipt for 30.00 USD", ["ada@example.com"])
    assert "INV-000001" in sent.body
    assert "June 1, 2026" in sent.body
    assert Notification.objects.get().type == "System"


def test_a_redelivered_event_tells_nobody_twice(sandbox: SandboxProvider, clock: Moving) -> None:
    from saaskit_django.outbox.dispatcher import deliver_due

    bought(clock)
    Delivery.objects.filter(handler__endswith="send_receipt").update(
        status=Delivery.Status.PENDING, next_at=clock.now, delivered_at=None
    )
    assert deliver_due().done == 1
    assert len(mail.outbox) == 1
    assert Notification.objects.count() == 1


def test_it_is_written_in_the_payers_language_and_day(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    customer = make_customer(timezone="Asia/Tokyo")
    Profile.objects.update_or_create(user=customer.user, defaults={"preferred_language": "es"})
    plan = make_plan("pro", "30.00")
    purchase = Purchase(user=customer.user, plan=plan, frequency=BillingFrequency.MONTHLY)
    at = START.replace(hour=20)
    intent = intend_purchase(customer, purchase, now=at)
    confirm(intent.payment, method_ref="pm_card_ok", idempotency_key="", now=at)
    assert "2 de junio de 2026" in mail.outbox[0].body
    assert mail.outbox[0].extra_headers["Content-Language"] == "es"


def test_a_trial_is_welcomed(sandbox: SandboxProvider, clock: Moving) -> None:
    from django.db import transaction

    customer = make_customer()
    plan = make_plan("pro", "30.00", trial_days=14)
    purchase = Purchase(user=customer.user, plan=plan, frequency=BillingFrequency.MONTHLY)
    with transaction.atomic():
        subscribe(customer, purchase, now=clock.now)
    (sent,) = mail.outbox
    assert sent.subject == "Your trial of Pro has started"
    assert "June 15, 2026" in sent.body


def test_each_failed_renewal_is_one_mail_with_its_reason(
    sandbox: SandboxProvider, clock: Moving
) -> None:
    bought(clock, method="pm_card_decline_after_1")
    forget_mails()
    clock.forward(days=30)
    sweep(now=clock.now)
    (sent,) = mail.outbox
    assert sent.subject == "Your payment for Pro failed"
    assert "there is not enough money on it" in sent.body
    assert "July 8, 2026" in sent.body
    assert Notification.objects.get().type == "Renewal"
    clock.forward(days=1)
    sweep(now=clock.now)
    assert subjects() == ["Your payment for Pro failed"] * 2


def test_grace_and_dunning_that_run_out_are_told(sandbox: SandboxProvider, clock: Moving) -> None:
    bought(clock, method="pm_card_decline_after_1")
    forget_mails()
    clock.forward(days=30)
    for _ in range(22):
        sweep(now=clock.now)
        clock.forward(days=1)
    assert subjects() == [
        *["Your payment for Pro failed"] * 4,
        "Pro is suspended",
        *["Your payment for Pro failed"],
        "Your subscription to Pro has ended",
    ]
    assert set(Notification.objects.values_list("type", flat=True)) == {"Renewal", "Expiry"}


def test_a_renewal_without_a_method_asks_for_one(sandbox: SandboxProvider, clock: Moving) -> None:
    from saaskit_django.payments.models import PaymentMethod

    bought(clock)
    PaymentMethod.objects.all().update(is_default=False, removed_at=clock.now)
    forget_mails()
    clock.forward(days=30)
    sweep(now=clock.now)
    assert "Please add another payment method." in mail.outbox[0].body


def test_who_is_present_at_a_decline_gets_no_mail(sandbox: SandboxProvider, clock: Moving) -> None:
    from saaskit_core.providers import PaymentDeclined

    with pytest.raises(PaymentDeclined):
        bought(clock, method="pm_card_expired")
    assert mail.outbox == []


def test_a_declined_change_is_told(sandbox: SandboxProvider, clock: Moving) -> None:
    customer = bought(clock, method="pm_card_decline_after_1")
    forget_mails()
    clock.forward(days=15)
    team = make_plan("team", "300.00")
    change_plan(customer, Change(user=customer.user, plan=team), now=clock.now)
    assert subjects() == ["Your payment was declined"]


def test_a_refund_is_told_with_its_amount(sandbox: SandboxProvider, clock: Moving) -> None:
    bought(clock)
    forget_mails()
    payment = Payment.objects.get()
    refund(payment, amount=Money(1250, "USD"), reason="", requested_by=None, now=clock.now)
    assert subjects() == ["Refund of 12.50 USD"]


def test_a_purchase_that_was_replaced_is_no_end(sandbox: SandboxProvider, clock: Moving) -> None:
    customer = make_customer()
    for key in ("pro", "team"):
        purchase = Purchase(
            user=customer.user, plan=make_plan(key, "30.00"), frequency=BillingFrequency.MONTHLY
        )
        intend_purchase(customer, purchase, now=clock.now)
    assert mail.outbox == []


def test_of_an_organisation_those_who_pay_are_told(db: None) -> None:
    owner, biller, member = (make_user(f"{name}@example.com") for name in ("o", "b", "m"))
    customer = create_organisation(name="Acme", owner=owner)
    Membership.objects.create(customer=customer, user=biller, role="billing")
    Membership.objects.create(customer=customer, user=member, role="member")
    assert payers_of(customer) == [owner, biller]
    type(biller).objects.filter(pk=biller.pk).update(is_active=False)
    assert payers_of(customer) == [owner]


def test_nothing_is_told_about_what_is_gone(db: None, clock: Moving) -> None:
    from saaskit_django.outbox.messages import Message
    from saaskit_django.payments.handlers import HANDLERS

    payload = {
        "payment_id": "pay_gone",
        "subscription_id": "sub_gone",
        "refund_minor": 1,
        "status_reason": "",
    }
    message = Message(
        id=1,
        topic="",
        key="k",
        aggregate="",
        payload=payload,
        occurred_at=clock.now + timedelta(),
    )
    for handlers in HANDLERS.values():
        for handler in handlers:
            handler(message)
    assert not Notification.objects.exists()
