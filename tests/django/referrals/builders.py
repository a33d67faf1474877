"""What tests of referrals start from: a programme, two people, a payment."""

from __future__ import annotations

from typing import Any

from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_core.referrals import Programme
from saaskit_django.billing.models import WalletBalance
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.customers.models import Customer
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.confirm import confirm
from saaskit_django.payments.services.refund import refund
from saaskit_django.plans.models import SubscriptionPlan
from saaskit_django.referrals.models import (
    ReferralCode,
    ReferralProgramme,
    ReferralTransaction,
    reward_of,
)
from saaskit_django.referrals.services.claims import claim
from saaskit_django.referrals.services.codes import generate
from saaskit_django.referrals.services.programmes import put_programme
from tests.builders import START, make_customer, make_plan

CREDIT: dict[str, Any] = {"type": "credit", "amounts": {"USD": 1000}}


def make_programme(
    key: str = "friends",
    *,
    referrer: dict[str, Any] | None = None,
    referred: dict[str, Any] | None = None,
    **terms: Any,
) -> ReferralProgramme:
    return put_programme(
        Programme(key=key, referrer=reward_of(referrer), referred=reward_of(referred), **terms),
        actor="engine",
    )


def make_code(email: str = "ada@example.com") -> ReferralCode:
    customer = Customer.objects.filter(email=email).first() or make_customer(email)
    return generate(customer, user=customer.user)


def came_by(code: ReferralCode, email: str = "bob@example.org", *, now: Any = START) -> Customer:
    """A new customer who named the code."""
    customer = Customer.objects.filter(email=email).first() or make_customer(email)
    claim(customer, code=code.code, user=customer.user, now=now)
    return customer


def plan(amount: str = "30.00") -> SubscriptionPlan:
    return SubscriptionPlan.objects.filter(key="pro").first() or make_plan("pro", amount)


def buy(customer: Customer, *, now: Any = START) -> Payment:
    """The customer pays for his first month."""
    purchase = Purchase(user=customer.user, plan=plan(), frequency=BillingFrequency.MONTHLY)
    intent = intend_purchase(customer, purchase, now=now)
    assert intent.payment is not None
    return confirm(intent.payment, method_ref="pm_card_ok", idempotency_key="", now=now)


def give_back(payment: Payment, minor: int, *, now: Any = START) -> None:
    payment.refresh_from_db()
    amount = Money(minor, payment.currency)
    refund(payment, amount=amount, reason="", requested_by=None, now=now)


def balance(customer: Customer) -> int:
    row = WalletBalance.objects.filter(customer=customer, currency="USD").first()
    return row.balance_minor if row else 0


def the_referral() -> ReferralTransaction:
    return ReferralTransaction.objects.get()
