"""Many at once, on real threads with real connections."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
import time_machine

from saaskit_django.accounts import links
from saaskit_django.accounts.links import Purpose
from saaskit_django.accounts.models import LoginSession, RefreshToken, User
from saaskit_django.accounts.services.throttles import Attempt, Scope, TooManyAttempts, count
from saaskit_django.customers.models import Profile
from saaskit_django.limits.models import UsageCounter
from saaskit_django.outbox.models import OutboxMessage
from tests.concurrency.threads import at_once
from tests.django.accounts.conftest import PASSWORD, Api

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_address_registered_at_once_is_one_user() -> None:
    def register(number: int) -> tuple[int, str]:
        response = Api().post(
            "auth/register-user/",
            full_name=f"Ada {number}",
            email="ada@example.com" if number % 2 else "ADA@Example.com",
            password=PASSWORD,
        )
        return response.status_code, response.json().get("code", "")

    assert Counter(at_once(register, range(20))) == {(201, ""): 1, (400, "email_taken"): 19}
    assert User.objects.count() == Profile.objects.count() == 1
    assert OutboxMessage.objects.filter(topic="user.registered").count() == 1


def test_one_refresh_token_used_at_once_buys_one_pair(user: User) -> None:
    api = Api()
    api.login(user.email)

    def refresh(number: int) -> int:
        return Api().post("auth/token/refresh/", refresh=api.refresh).status_code

    assert Counter(at_once(refresh, range(20))) == {200: 1, 401: 19}
    assert RefreshToken.objects.count() == 2
    assert LoginSession.objects.get().revoke_reason == "reuse"


def test_one_reset_link_used_at_once_sets_one_password(user: User) -> None:
    token = links.mint(Purpose.PASSWORD_RESET, user=user)

    def reset(number: int) -> int:
        body = {"token": token, "new_password": f"a long password {number}"}
        return Api().post("auth/reset-password/", **body).status_code

    assert Counter(at_once(reset, range(10))) == {200: 1, 400: 9}
    assert Profile.objects.get().session_epoch == 1
    assert OutboxMessage.objects.filter(topic="user.password_changed").count() == 1


def test_one_email_link_used_at_once_counts_once(user: User) -> None:
    api = Api()
    api.login(user.email)
    api.patch("core/user/update/", email="ada@example.org")
    token = links.mint(Purpose.EMAIL_CHANGE, user=user, serial=1)

    def confirm(number: int) -> int:
        return Api().post("auth/confirm-email-change/", token=token).status_code

    assert Counter(at_once(confirm, range(10))) == {200: 1, 400: 9}
    assert User.objects.get().email == "ada@example.org"


def test_wishes_at_once_leave_one_wish(user: User) -> None:
    api = Api()
    api.login(user.email)

    def ask(number: int) -> int:
        other = Api()
        other.access = api.access
        return other.patch("core/user/update/", email=f"a{number}@example.org").status_code

    assert Counter(at_once(ask, range(8))) == {200: 8}
    assert user.email_change.serial == 8


def test_attempts_at_once_are_counted_exactly(db: None) -> None:
    now = datetime(2026, 6, 1, 12, 1, tzinfo=UTC)
    attempt = Attempt(scope=Scope.LOGIN_FAILED, ip="203.0.113.7", email="ada@example.com")
    wide = Attempt(scope=Scope.LOGIN, ip="203.0.113.7")

    def attempt_once(number: int) -> bool:
        try:
            count(wide, attempt, now=now)
        except TooManyAttempts:
            return False
        return True

    assert Counter(at_once(attempt_once, range(20))) == {True: 5, False: 15}
    assert set(UsageCounter.objects.values_list("used", flat=True)) == {5}


def test_guesses_at_once_are_not_more_guesses(user: User) -> None:
    def guess(number: int) -> int:
        return Api().login(user.email, f"wrong {number}").status_code

    with time_machine.travel(datetime(2026, 6, 1, 12, 1, tzinfo=UTC), tick=False):
        assert Counter(at_once(guess, range(20))) == {401: 5, 429: 15}
    assert not LoginSession.objects.exists()


def test_logins_at_once_all_work(user: User) -> None:
    assert Counter(
        at_once(lambda number: Api(f"203.0.113.{number}").login(user.email).status_code, range(10))
    ) == {200: 10}
    assert LoginSession.objects.count() == 10
