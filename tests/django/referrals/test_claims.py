"""Who may name whose code, and what becomes of it under a crowd."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from saaskit_core.accounts import UserRegistered
from saaskit_core.referrals import (
    AlreadyReferred,
    AttributionWindowClosed,
    ReferralCircular,
    ReferralCodeUnusable,
    ReferralNotFlagged,
    ReferredNotNew,
    SelfReferral,
)
from saaskit_django import clock as real
from saaskit_django.customers.models import Customer
from saaskit_django.customers.services import create_organisation
from saaskit_django.outbox.models import OutboxMessage
from saaskit_django.outbox.services import record
from saaskit_django.referrals.models import ReferralCode, ReferralProgramme, ReferralTransaction
from saaskit_django.referrals.selectors import NoReferralProgramme, ReferralNotFound
from saaskit_django.referrals.services.claims import claim, claim_for_purchase
from saaskit_django.referrals.services.codes import generate
from saaskit_django.referrals.services.erasure import erase_user
from saaskit_django.referrals.services.reviews import decide, revoke
from saaskit_django.referrals.services.sweep import reward_referrals
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import START, make_customer, make_user
from tests.concurrency.threads import at_once
from tests.django.referrals.builders import (
    CREDIT,
    balance,
    buy,
    came_by,
    make_code,
    make_programme,
    the_referral,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programme")]

CROWD = 20


def refused(code: ReferralCode, email: str, error: type[Exception], *, now: Any = START) -> None:
    """Naming the code is refused, and nothing is left of it."""
    customer = Customer.objects.filter(email=email).first() or make_customer(email)
    before = ReferralTransaction.objects.count(), ReferralCode.objects.get(pk=code.pk).current_uses
    with pytest.raises(error):
        claim(customer, code=code.code, user=customer.user, now=now)
    after = ReferralTransaction.objects.count(), ReferralCode.objects.get(pk=code.pk).current_uses
    assert before == after


def test_a_user_has_one_code() -> None:
    code = make_code()
    assert make_code() == code
    assert len(code.code) == 12
    assert (code.reward_type, str(code)) == ("credit", code.code)


def test_a_code_of_a_closed_programme_is_replaced() -> None:
    code = make_code()
    make_programme("newer", referrer=CREDIT)
    assert make_code() == code
    ReferralProgramme.objects.filter(key="friends").update(is_active=False)
    refused(code, "bob@example.org", ReferralCodeUnusable)
    assert make_code().programme.key == "newer"
    assert ReferralCode.objects.filter(is_active=True).count() == 1


def test_without_a_programme_there_are_no_codes() -> None:
    ReferralProgramme.objects.update(is_active=False)
    with pytest.raises(NoReferralProgramme):
        make_code()


def test_a_code_is_read_in_any_spelling() -> None:
    code = make_code()
    bob = make_customer("bob@example.org")
    claim(bob, code=f"  {code.code.lower()} ", user=bob.user, now=START)
    assert the_referral().status == "pending"
    assert OutboxMessage.objects.filter(topic="referral.attributed").exists()


@pytest.mark.parametrize("code", ["NOSUCHCODE12", "with space", "", "x" * 500])
def test_what_is_no_code_is_told_as_any_useless_one(code: str) -> None:
    bob = make_customer("bob@example.org")
    with pytest.raises(ReferralCodeUnusable):
        claim(bob, code=code, user=bob.user, now=START)


def test_nobody_refers_himself() -> None:
    code = make_code()
    refused(code, "ada@example.com", SelfReferral)
    firm = create_organisation(name="Acme", owner=code.user)
    with pytest.raises(SelfReferral):
        claim(firm, code=code.code, user=code.user, now=START)


def test_there_is_no_circle_of_any_length() -> None:
    names = [f"{name}@example.org" for name in ("kim", "lou", "max", "zoe")]
    codes = [make_code(name) for name in names]
    for above, below in zip(codes, names[1:], strict=False):
        came_by(above, below)
    refused(codes[-1], names[0], ReferralCircular)


def test_the_first_referral_counts() -> None:
    came_by(make_code())
    refused(make_code("eve@example.net"), "bob@example.org", AlreadyReferred)
    refused(make_code(), "bob@example.org", AlreadyReferred)


def test_a_user_is_referred_once_whomever_he_acts_for() -> None:
    bob = came_by(make_code())
    firm = create_organisation(name="Acme", owner=bob.user)
    with pytest.raises(AlreadyReferred):
        claim(firm, code=make_code("eve@example.net").code, user=bob.user, now=START)


def test_who_has_paid_is_not_new(sandbox: SandboxProvider) -> None:
    buy(make_customer("bob@example.org"))
    refused(make_code(), "bob@example.org", ReferredNotNew)


def test_it_is_too_late_after_the_window() -> None:
    refused(
        make_code(),
        "bob@example.org",
        AttributionWindowClosed,
        now=real.now() + timedelta(days=31),
    )


def test_one_person_with_two_accounts_hears_what_any_useless_code_says() -> None:
    code = make_code()
    Customer.objects.filter(pk=code.customer_id).update(name="Ada Lovelace")
    bob = make_customer("bob@example.org", name="ada  LOVELACE")
    with pytest.raises(ReferralCodeUnusable) as told:
        claim(bob, code=code.code, user=bob.user, now=START)
    assert told.value.code == "referral_code_unusable"


def test_a_code_is_used_up_and_ends() -> None:
    code = make_code()
    ReferralCode.objects.update(max_uses=1)
    came_by(code)
    refused(code, "eve@example.net", ReferralCodeUnusable)
    ReferralCode.objects.update(max_uses=0, expires_at=START)
    refused(code, "eve@example.net", ReferralCodeUnusable)


def test_twenty_claims_of_one_newcomer_make_one_referral() -> None:
    codes = [make_code(f"friend{number}@example.com") for number in range(CROWD)]
    bob = make_customer("bob@example.org")

    def one(code: ReferralCode) -> str:
        try:
            return claim(bob, code=code.code, user=bob.user, now=START).status
        except AlreadyReferred as exc:
            return exc.code

    assert sorted(at_once(one, codes)) == ["already_referred"] * (CROWD - 1) + ["pending"]
    assert ReferralTransaction.objects.count() == 1
    assert sum(ReferralCode.objects.values_list("current_uses", flat=True)) == 1


def test_twenty_newcomers_of_a_code_with_five_uses_are_five() -> None:
    code = make_code()
    ReferralCode.objects.update(max_uses=5)
    people = [make_customer(f"new{number}@example.org") for number in range(CROWD)]

    def one(customer: Customer) -> bool:
        try:
            claim(customer, code=code.code, user=customer.user, now=START)
        except ReferralCodeUnusable:
            return False
        return True

    assert sum(at_once(one, people)) == 5
    assert ReferralCode.objects.get().current_uses == 5


def test_a_ring_that_is_claimed_at_once_stays_open() -> None:
    names = [f"{name}@example.org" for name in ("kim", "lou", "max", "zoe")]
    codes = [make_code(name) for name in names]
    pairs = list(zip(codes, [*names[1:], names[0]], strict=True))

    def one(pair: tuple[ReferralCode, str]) -> bool:
        try:
            came_by(*pair)
        except ReferralCircular:
            return False
        return True

    assert sum(at_once(one, pairs)) == len(names) - 1


def test_one_user_asking_at_once_gets_one_code() -> None:
    user = make_customer().user
    firms = [create_organisation(name=f"Firm {number}", owner=user) for number in range(6)]
    found = at_once(lambda firm: generate(firm, user=user).code, firms)
    assert len(set(found)) == ReferralCode.objects.count() == 1


def test_rewarding_at_once_rewards_once(sandbox: SandboxProvider) -> None:
    code = make_code()
    buy(came_by(code))
    due = START + timedelta(days=14)
    at_once(lambda _: reward_referrals(now=due), list(range(6)))
    assert balance(code.customer) == 1000


def suspicious() -> tuple[ReferralCode, Customer]:
    code = make_code("walter.white@example.com")
    return code, came_by(code, "walter.white2@example.org")


def test_what_looks_suspicious_waits_for_a_decision(sandbox: SandboxProvider) -> None:
    code, newcomer = suspicious()
    row = the_referral()
    assert (row.status, row.signals) == ("flagged", ["similar_email", "similar_name"])
    buy(newcomer)
    due = START + timedelta(days=14)
    assert reward_referrals(now=due)["referrals"] == 0
    decide(referral_id=row.pk, is_approved=True, actor="user:1", now=due)
    assert reward_referrals(now=due)["referrals"] == 1
    assert balance(code.customer) == 1000
    with pytest.raises(ReferralNotFlagged):
        decide(referral_id=row.pk, is_approved=False, actor="user:1", now=due)


def test_a_review_that_nobody_made_ends_as_the_programme_says() -> None:
    ReferralProgramme.objects.update(when_review_lapses="reject")
    suspicious()
    reward_referrals(now=START + timedelta(days=7))
    assert the_referral().status == "rejected"


def test_a_rejected_one_earns_nothing(sandbox: SandboxProvider) -> None:
    code, newcomer = suspicious()
    decide(referral_id=the_referral().pk, is_approved=False, actor="user:1", now=START)
    buy(newcomer)
    reward_referrals(now=START + timedelta(days=30))
    assert (the_referral().status, balance(code.customer)) == ("rejected", 0)
    with pytest.raises(ReferralNotFound):
        revoke(referral_id=0, actor="user:1", now=START, reason="")


@transaction.atomic
def registered(user: Any, code: str) -> None:
    record(
        UserRegistered(
            aggregate=f"user:{user.pk}",
            user_id=str(user.pk),
            referral_code=code,
            occurred_at=START,
        )
    )


def test_a_code_given_with_the_registration_counts() -> None:
    registered(make_user("bob@example.org"), make_code().code.lower())
    assert the_referral().referred.email == "bob@example.org"


def test_a_registration_told_late_counts_what_was_paid_since(sandbox: SandboxProvider) -> None:
    code = make_code()
    bob = make_customer("bob@example.org")
    buy(bob)
    registered(bob.user, code.code)
    reward_referrals(now=START + timedelta(days=14))
    assert balance(code.customer) == 1000


def test_a_useless_code_keeps_nobody_from_registering() -> None:
    registered(make_user("bob@example.org"), "NOSUCHCODE12")
    registered(make_user("eve@example.org"), "")
    assert not ReferralTransaction.objects.exists()


def test_a_code_given_with_a_purchase_counts_once() -> None:
    code, bob = make_code(), make_customer("bob@example.org")
    for _ in range(2):
        claim_for_purchase(bob, code=code.code, user=bob.user, now=START)
    assert ReferralCode.objects.get().current_uses == 1
    with pytest.raises(AlreadyReferred):
        claim_for_purchase(bob, code=make_code("z@example.net").code, user=bob.user, now=START)


def test_who_is_erased_is_forgotten_and_gets_nothing(sandbox: SandboxProvider) -> None:
    code = make_code()
    bob = came_by(code)
    buy(bob)
    with transaction.atomic():
        erase_user(user=code.user, now=START)
        erase_user(user=bob.user, now=START)
    reward_referrals(now=START + timedelta(days=14))
    assert (balance(code.customer), balance(bob)) == (0, 0)
    gone = ReferralCode.objects.get()
    assert (gone.user, gone.ip_hash, gone.is_active) == (None, "", False)
    assert (the_referral().referred_user, the_referral().ip_hash) == (None, "")
