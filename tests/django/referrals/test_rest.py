"""Referrals over REST, in the admin, and in the system checks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from saaskit_django import clock as real
from saaskit_django.audit.models import AuditLog
from saaskit_django.referrals import checks
from saaskit_django.referrals.handlers import count_payment
from saaskit_django.referrals.models import ReferralCode, ReferralProgramme, ReferralTransaction
from saaskit_django.referrals.services.sweep import reward_referrals
from saaskit_django.renewals.services.tick import tick
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import START, Api, Moving, access_token, make_customer, make_user
from tests.django.referrals.builders import (
    CREDIT,
    balance,
    buy,
    came_by,
    make_code,
    make_programme,
    plan,
    the_referral,
)

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = 6
"""What the middleware asks before any view: the login, and the plan for the limit on calls."""


def test_a_code_is_generated_shared_and_applied(
    sandbox: SandboxProvider, programme: ReferralProgramme
) -> None:
    ada = Api(make_user("ada@example.com"))
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    bob = Api(make_user("bob@example.org"), client=elsewhere)
    assert ada.get("core/referrals/stats/").json()["has_code"] is False
    made = ada.post("core/referrals/generate/").json()
    assert made["link"] == f"https://app.example.com/register?referral_code={made['code']}"
    assert (made["reward_type"], made["reward_amount"], made["currency"]) == (
        "credit",
        "10.00",
        "USD",
    )
    assert ada.post("core/referrals/generate/").json() == made

    answer = bob.post("core/referrals/apply/", {"code": made["code"].lower()})
    assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == "pending"
    assert answer.json()["reward_amount"] == "5.00"

    buy(the_referral().referred)
    reward_referrals(now=START + timedelta(days=14))
    stats = ada.get("core/referrals/stats/").json()
    counted = ("total_referrals", "successful_referrals", "pending_referrals")
    assert [stats[name] for name in counted] == [1, 1, 0]
    assert stats["total_rewards_earned"] == "10.00"
    assert stats["rewards"] == [{"unit": "USD", "earned": "10.00"}]
    assert (stats["code"], stats["reward_per_referral"]) == (made["code"], "10.00")


@pytest.mark.parametrize(
    ("reward", "amount", "unit"),
    [
        ({"type": "credit", "percent": "12.50"}, "12.5", "percent"),
        ({"type": "discount", "amounts": {"EUR": 700}}, "7.00", "money"),
        ({"type": "free_month", "months": 2}, "2", "months"),
        ({"type": "feature_unlock", "feature": "api_access.enabled", "days": 30}, "30", "days"),
    ],
)
def test_each_reward_is_told_with_its_unit(reward: Any, amount: str, unit: str) -> None:
    make_programme(referrer=reward)
    made = Api(make_user()).post("core/referrals/generate/").json()
    assert (made["reward_amount"], made["reward_unit"]) == (amount, unit)
    assert made["currency"] == ("EUR" if unit == "money" else None)


def test_a_side_without_a_reward_is_told_so(sandbox: SandboxProvider) -> None:
    make_programme(referrer={"type": "discount", "percent": "20"})
    code = make_code()
    bob = Api(make_user("bob@example.org"))
    assert bob.post("core/referrals/apply/", {"code": code.code}).json()["reward_type"] is None
    buy(the_referral().referred)
    reward_referrals(now=START + timedelta(days=14))
    (coupon,) = Api(code.user).get("core/referrals/stats/").json()["coupons"]
    assert len(coupon) == 16


def test_that_somebody_looks_at_it_is_not_told(programme: ReferralProgramme) -> None:
    code = make_code("walter.white@example.com")
    other = Api(make_user("walter.white2@example.org"))
    assert other.post("core/referrals/apply/", {"code": code.code}).json()["status"] == "pending"
    assert the_referral().status == "flagged"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_input"),
        ({"code": "NOSUCHCODE12"}, 409, "referral_code_unusable"),
        ({"code": "X", "reward_amount": "100.00"}, 400, "invalid_input"),
    ],
)
def test_what_is_wrong_is_refused(
    programme: ReferralProgramme, body: Any, status: int, code: str
) -> None:
    answer = Api(make_user()).post("core/referrals/apply/", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_guesses_are_counted(programme: ReferralProgramme) -> None:
    api = Api(make_user())
    answers = [api.post("core/referrals/apply/", {"code": f"GUESS{n}"}) for n in range(11)]
    assert [answer.status_code for answer in answers] == [409] * 10 + [429]


def test_many_from_one_address_are_looked_at(programme: ReferralProgramme) -> None:
    code = make_code()
    for name in ("kim", "lou", "max", "zoe"):
        Api(make_user(f"{name}@example.org")).post("core/referrals/apply/", {"code": code.code})
    flagged = ReferralTransaction.objects.get(status="flagged")
    assert flagged.signals == ["many_from_ip"]


def test_without_a_programme_there_is_no_code(db: None) -> None:
    answer = Api(make_user()).post("core/referrals/generate/")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_referral_programme")


def test_a_code_may_be_given_with_a_purchase(
    sandbox: SandboxProvider, programme: ReferralProgramme
) -> None:
    code, bob = make_code(), Api(make_user("bob@example.org"))
    wanted = {"subscription_plan_id": plan().pk, "referral_code": code.code}
    assert bob.post("payment/create-intent/", wanted).status_code == 200
    assert bob.post("payment/create-intent/", wanted).status_code == 200
    assert the_referral().referred.user == bob.user
    wanted["referral_code"] = "NOSUCHCODE12"
    answer = bob.post("payment/create-intent/", wanted)
    assert (answer.status_code, answer.json()["code"]) == (409, "referral_code_unusable")


def test_a_tick_rewards(
    sandbox: SandboxProvider, clock: Moving, programme: ReferralProgramme
) -> None:
    code = make_code()
    buy(came_by(code))
    tick(now=START + timedelta(days=14))
    assert balance(code.customer) == 1000


def queries(method: str, path: str, body: Any, token: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = Api().call(method, f"core/referrals/{path}/", body, authorization=token)
    assert answer.status_code == 200, answer.content
    own = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return sum(not each["sql"].startswith(own) for each in captured.captured_queries)


def test_queries_are_few_however_many_referrals_there_are(
    sandbox: SandboxProvider, programme: ReferralProgramme, settings: Any
) -> None:
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "worker"}
    code = make_code()
    token = f"Bearer {access_token(code.user)}"
    few = queries("GET", "stats", None, token)
    for number in range(9):
        came_by(code, f"new{number}@example.org")
    assert few == queries("GET", "stats", None, token) <= 5 + BEFORE
    assert queries("POST", "generate", None, token) <= 6 + BEFORE
    newcomer = f"Bearer {access_token(make_user('zoe@example.net'))}"
    assert queries("POST", "apply", {"code": code.code}, newcomer) <= 32 + BEFORE


def test_rewarding_takes_as_many_queries_beside_many(
    sandbox: SandboxProvider, settings: Any
) -> None:
    make_programme(referrer=CREDIT, referred=CREDIT, max_per_30_days=50)
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "worker"}
    code = make_code()
    counts = []
    for number in range(3):
        customer = came_by(code, f"new{number}@example.org")
        payment = buy(customer)
        _count(payment)
        with CaptureQueriesContext(connection) as captured:
            assert reward_referrals(now=START + timedelta(days=14))["referrals"] == 1
        counts.append(len(captured))
    assert counts[1] == counts[2] <= 75


def _count(payment: Any) -> None:
    from django.db import transaction

    from saaskit_django.outbox.messages import Message

    payload = {"customer_id": payment.customer_id, "payment_id": payment.transaction_id}
    with transaction.atomic():
        count_payment(
            Message(id=1, topic="", key="k", aggregate="", payload=payload, occurred_at=START)
        )


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(make_user("boss@example.com", is_staff=True, is_superuser=True))
    return client


def test_staff_write_programmes(staff: Client) -> None:
    form = {
        "key": "friends",
        "referrer_reward": '{"type": "credit", "amounts": {"USD": 1000}}',
        "is_active": "on",
        "is_default": "on",
        "minimums": "{}",
        "window_days": 30,
        "hold_days": 14,
        "cycles": 1,
        "review_days": 7,
        "max_per_30_days": 0,
        "max_total": 0,
        "when_review_lapses": "hold",
        "when_suspended": "wait",
        "free_month": "extend",
    }
    path = "/admin/saaskit_referrals/referralprogramme/add/"
    wrong = staff.post(path, {**form, "referrer_reward": '{"type": "gold"}'})
    assert b"is not possible like this" in wrong.content
    assert staff.post(path, form).status_code == 302
    assert ReferralProgramme.objects.get().to_core().key == "friends"
    assert AuditLog.objects.get(action="referral_programme.created").after["key"] == "friends"


def test_staff_decide_about_referrals(staff: Client, programme: ReferralProgramme) -> None:
    code = make_code("walter.white@example.com")
    came_by(code, "walter.white2@example.org")
    pages = ("referraltransaction", "referralcode", "referralreward", "referralprogramme")
    for page in pages:
        assert staff.get(f"/admin/saaskit_referrals/{page}/").status_code == 200
    row = the_referral()
    path = "/admin/saaskit_referrals/referraltransaction/"
    assert staff.get(f"{path}{row.pk}/change/").status_code == 200
    for action, status in (
        ("approve", "pending"),
        ("reject", "pending"),
        ("take_back", "rejected"),
    ):
        staff.post(path, {"action": action, "_selected_action": [row.pk]})
        assert the_referral().status == status
    actions = set(AuditLog.objects.values_list("action", flat=True))
    assert {"referral.approved", "referral.revoked"} <= actions


def test_a_programme_that_cannot_be_carried_out_is_named(db: None) -> None:
    assert checks.check_programmes(databases=["default"]) == []
    unlock = {"type": "feature_unlock", "feature": "no.such", "days": 3}
    ReferralProgramme.objects.create(key="bad", referrer_reward=unlock)
    assert checks.check_programmes() == []
    (problem,) = checks.check_programmes(databases=["default"])
    assert (problem.id, "bad" in problem.msg) == ("saaskit.E332", True)


def test_links_that_lead_nowhere_are_named(settings: Any) -> None:
    assert checks.check_links() == []
    settings.SAASKIT = {**settings.SAASKIT, "FRONTEND_URL": ""}
    assert [each.id for each in checks.check_links()] == ["saaskit.W331"]
    settings.SAASKIT = {"NO_SUCH": 1}
    assert checks.check_links() == []


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", "saaskit_referrals", check=True, dry_run=True, verbosity=0)


def test_the_window_counts_from_signing_up(programme: ReferralProgramme) -> None:
    code = make_code()
    bob = make_customer("bob@example.org")
    late = real.now() + timedelta(days=31)
    assert ReferralCode.objects.get() == code
    with pytest.raises(Exception, match="within 30 days"):
        came_by(code, bob.email, now=late)
