"""A referral from the code to the reward, and back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from saaskit_core.money import Money
from saaskit_core.payments.events import PaymentDisputed
from saaskit_django.billing.models import Invoice
from saaskit_django.billing.services.wallet import pay_from_wallet
from saaskit_django.coupons.models import Coupon
from saaskit_django.features.models import FeatureOverride
from saaskit_django.outbox.dispatcher import deliver_due
from saaskit_django.outbox.models import Delivery
from saaskit_django.outbox.services import record
from saaskit_django.payments.models import Payment
from saaskit_django.plans.models import Price
from saaskit_django.referrals.models import ReferralProgramme, ReferralReward
from saaskit_django.referrals.services.reviews import revoke
from saaskit_django.referrals.services.sweep import reward_referrals
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import START, Moving
from tests.django.referrals.builders import (
    CREDIT,
    balance,
    buy,
    came_by,
    give_back,
    make_code,
    make_programme,
    the_referral,
)

pytestmark = pytest.mark.django_db(transaction=True)

DUE = START + timedelta(days=14)


def kinds() -> list[tuple[str, str, int]]:
    rows = ReferralReward.objects.order_by("pk")
    return [(row.kind, row.side, row.units) for row in rows]


def redeliver(clock: Moving, reaction: str) -> int:
    Delivery.objects.filter(handler__endswith=reaction).update(
        status=Delivery.Status.PENDING, next_at=clock.now, delivered_at=None
    )
    return deliver_due().done


def test_both_are_rewarded_once_the_first_payment_has_stood(
    sandbox: SandboxProvider, clock: Moving, programme: ReferralProgramme
) -> None:
    code = make_code()
    bob = came_by(code)
    buy(bob)
    assert (the_referral().status, the_referral().due_at) == ("pending", DUE)

    early = reward_referrals(now=DUE - timedelta(seconds=1))
    assert (early, kinds()) == ({"referrals": 0, "failed": 0}, [])

    assert reward_referrals(now=DUE) == {"referrals": 1, "failed": 0}
    assert the_referral().status == "rewarded"
    assert (balance(code.customer), balance(bob)) == (1000, 500)
    assert kinds() == [("grant", "referrer", 1000), ("grant", "referred", 500)]
    assert (the_referral().referrer_rewarded, the_referral().referred_reward_amount) == (True, 500)
    assert reward_referrals(now=DUE + timedelta(days=9)) == {"referrals": 0, "failed": 0}


def test_a_payment_told_twice_is_rewarded_once(
    sandbox: SandboxProvider, clock: Moving, programme: ReferralProgramme
) -> None:
    code = make_code()
    buy(came_by(code))
    assert redeliver(clock, "count_payment") == 1
    reward_referrals(now=DUE)
    assert redeliver(clock, "count_payment") == 1
    reward_referrals(now=DUE + timedelta(days=30))
    assert len(kinds()) == 2
    assert balance(code.customer) == 1000


def test_what_is_refunded_while_on_hold_earns_nothing(
    sandbox: SandboxProvider, programme: ReferralProgramme
) -> None:
    code = make_code()
    payment = buy(came_by(code))
    give_back(payment, 3000)
    assert (the_referral().status, the_referral().due_at) == ("rejected", None)
    assert reward_referrals(now=DUE)["referrals"] == 0
    assert (kinds(), balance(code.customer)) == ([], 0)


def test_what_is_refunded_later_is_taken_back(
    sandbox: SandboxProvider, clock: Moving, programme: ReferralProgramme
) -> None:
    code = make_code()
    bob = came_by(code)
    payment = buy(bob)
    reward_referrals(now=DUE)

    give_back(payment, 3000, now=DUE)

    assert the_referral().status == "reversed"
    assert (balance(code.customer), balance(bob)) == (0, 0)
    assert kinds()[2:] == [("reverse", "referrer", -1000), ("reverse", "referred", -500)]
    assert redeliver(clock, "take_back") == 1
    assert len(kinds()) == 4


def test_a_partial_refund_that_leaves_enough_changes_nothing(
    sandbox: SandboxProvider, programme: ReferralProgramme
) -> None:
    code = make_code()
    payment = buy(came_by(code))
    give_back(payment, 1000)
    reward_referrals(now=DUE)
    assert balance(code.customer) == 1000


def test_a_share_is_one_of_what_was_kept(sandbox: SandboxProvider, db: None) -> None:
    make_programme(referrer={"type": "credit", "percent": "10"})
    code = make_code()
    payment = buy(came_by(code))
    reward_referrals(now=DUE)
    assert balance(code.customer) == 300
    give_back(payment, 1500, now=DUE)
    assert balance(code.customer) == 150


@pytest.mark.parametrize("is_rewarded", [False, True])
def test_a_disputed_payment_counts_as_given_back(
    sandbox: SandboxProvider, programme: ReferralProgramme, is_rewarded: bool
) -> None:
    code = make_code()
    payment = buy(came_by(code))
    if is_rewarded:
        reward_referrals(now=DUE)
    Payment.objects.filter(pk=payment.pk).update(is_disputed=True)
    tell_disputed(payment, is_disputed=False)
    assert the_referral().status == ("rewarded" if is_rewarded else "pending")
    tell_disputed(payment, is_disputed=True)
    assert the_referral().status == ("reversed" if is_rewarded else "rejected")
    assert balance(code.customer) == 0


@transaction.atomic
def tell_disputed(payment: Payment, *, is_disputed: bool) -> None:
    record(
        PaymentDisputed(
            aggregate=f"payment:{payment.transaction_id}",
            occurred_at=DUE,
            payment_id=payment.transaction_id,
            customer_id=str(payment.customer_id),
            invoice_id=str(payment.invoice_id),
            provider=payment.provider,
            currency=payment.currency,
            amount_minor=payment.amount_minor,
            received_minor=payment.received_minor,
            refunded_minor=0,
            is_disputed=is_disputed,
        )
    )


def test_what_is_spent_is_a_shortfall(
    sandbox: SandboxProvider, programme: ReferralProgramme
) -> None:
    code = make_code()
    payment = buy(came_by(code))
    reward_referrals(now=DUE)
    with transaction.atomic():
        pay_from_wallet(
            customer=code.customer,
            amount=Money(700, "USD"),
            transaction="bill",
            now=DUE,
            invoice=Invoice.objects.get(),
        )
    give_back(payment, 3000, now=DUE)
    assert balance(code.customer) == 0
    reversal = ReferralReward.objects.get(kind="reverse", side="referrer")
    assert (reversal.units, reversal.shortfall) == (-300, 700)
    assert ReferralReward.objects.get(kind="consume").units == -700


def test_a_discount_is_a_coupon_for_one_purchase(sandbox: SandboxProvider, db: None) -> None:
    make_programme(referrer={"type": "discount", "percent": "25"})
    payment = buy(came_by(make_code()))
    reward_referrals(now=DUE)
    coupon = Coupon.objects.get()
    assert (coupon.percent, coupon.max_uses, coupon.is_active) == (25, 1, True)
    give_back(payment, 3000, now=DUE)
    coupon.refresh_from_db()
    assert not coupon.is_active


def test_a_discount_that_was_used_stays(sandbox: SandboxProvider, db: None) -> None:
    make_programme(referrer={"type": "discount", "amounts": {"USD": 700}})
    payment = buy(came_by(make_code()))
    reward_referrals(now=DUE)
    Coupon.objects.update(current_uses=1)
    give_back(payment, 3000, now=DUE)
    reversal = ReferralReward.objects.get(kind="reverse")
    assert (reversal.units, reversal.shortfall) == (0, 700)
    assert Coupon.objects.get().is_active


def test_a_free_month_makes_the_period_longer(sandbox: SandboxProvider, db: None) -> None:
    make_programme(referrer={"type": "free_month", "months": 1})
    code = make_code()
    payment = buy(came_by(code))
    reward_referrals(now=DUE)
    assert (kinds(), the_referral().status) == ([], "qualified")
    assert the_referral().due_at == DUE + timedelta(days=1)

    buy(code.customer, now=DUE)
    reward_referrals(now=DUE + timedelta(days=1))

    row = Subscription.objects.get(customer=code.customer)
    assert row.end_date == DUE.replace(month=8)
    assert kinds() == [("grant", "referrer", 1), ("consume", "", -1)]
    give_back(payment, 3000, now=DUE + timedelta(days=2))
    assert ReferralReward.objects.get(kind="reverse").shortfall == 1
    row.refresh_from_db()
    assert row.end_date == DUE.replace(month=8)


def test_a_free_month_may_be_its_price_as_credit(sandbox: SandboxProvider, db: None) -> None:
    make_programme(referrer={"type": "free_month", "months": 2}, free_month="credit")
    code = make_code()
    payment = buy(came_by(code))
    buy(code.customer)
    reward_referrals(now=DUE)
    assert balance(code.customer) == 6000
    give_back(payment, 3000, now=DUE)
    assert balance(code.customer) == 0
    assert ReferralReward.objects.get(kind="reverse").units == -2


def test_a_feature_is_unlocked_for_some_days(sandbox: SandboxProvider, db: None) -> None:
    unlocks = {"type": "feature_unlock", "feature": "api_access.enabled", "days": 30}
    make_programme(referrer=unlocks)
    code = make_code()
    payments = [buy(came_by(code, f"{name}@example.org")) for name in ("bob", "eve")]
    reward_referrals(now=DUE)
    first, second = FeatureOverride.objects.filter(customer=code.customer).order_by("pk")
    assert (first.starts_at, first.ends_at) == (DUE, DUE + timedelta(days=30))
    assert (second.starts_at, second.ends_at) == (first.ends_at, DUE + timedelta(days=60))

    later = DUE + timedelta(days=10)
    give_back(payments[0], 3000, now=later)
    assert FeatureOverride.objects.get().ends_at == DUE + timedelta(days=30)
    give_back(payments[1], 3000, now=later)
    assert FeatureOverride.objects.get().ends_at == later
    assert [row.shortfall for row in ReferralReward.objects.filter(kind="reverse")] == [0, 10]


def test_caps_are_for_who_sends(sandbox: SandboxProvider, db: None) -> None:
    make_programme(referrer=CREDIT, referred=CREDIT, max_per_30_days=1)
    code = make_code()
    for name in ("bob", "eve"):
        buy(came_by(code, f"{name}@example.org"))
    reward_referrals(now=DUE)
    assert balance(code.customer) == 1000
    assert ReferralReward.objects.filter(kind="grant", side="referred").count() == 2
    assert ReferralReward.objects.get(kind="capped").reason == "cap_reached"


@pytest.mark.parametrize(("policy", "kind"), [("no_reward", ["withheld"]), ("wait", [])])
def test_a_closed_user_is_not_rewarded(
    sandbox: SandboxProvider, db: None, policy: Any, kind: list[str]
) -> None:
    make_programme(referrer=CREDIT, when_suspended=policy)
    code = make_code()
    buy(came_by(code))
    type(code.user).objects.filter(pk=code.user_id).update(is_active=False)
    reward_referrals(now=DUE)
    assert [each[0] for each in kinds()] == kind
    assert balance(code.customer) == 0


def test_a_referral_is_revoked_by_hand(
    sandbox: SandboxProvider, programme: ReferralProgramme
) -> None:
    code = make_code()
    buy(came_by(code))
    reward_referrals(now=DUE)
    revoke(referral_id=the_referral().pk, actor="engine", now=DUE, reason="one person")
    assert (the_referral().status, balance(code.customer)) == ("reversed", 0)


def test_one_that_fails_stops_nobody_else(
    sandbox: SandboxProvider, programme: ReferralProgramme
) -> None:
    code = make_code()
    for name in ("bob", "eve"):
        buy(came_by(code, f"{name}@example.org"))
    other = make_programme("other", referrer=CREDIT)
    ReferralProgramme.objects.filter(pk=other.pk).update(referrer_reward={"type": "gold"})
    broken = ReferralReward._meta.get_field("referral").related_model.objects.earliest("pk")
    type(broken).objects.filter(pk=broken.pk).update(programme=other)
    assert reward_referrals(now=DUE) == {"referrals": 2, "failed": 1}
    assert balance(code.customer) == 1000
    assert Price.objects.count() == 1
