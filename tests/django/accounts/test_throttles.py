from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import OperationalError

from saaskit_django.accounts.models import User
from saaskit_django.accounts.services import throttles
from saaskit_django.accounts.services.throttles import (
    Attempt,
    Scope,
    TooManyAttempts,
    count,
    network,
)
from saaskit_django.limits.models import UsageCounter
from tests.django.accounts.conftest import PASSWORD, Api, problem

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 6, 1, 12, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def still() -> Iterator[time_machine.Traveller]:
    """Otherwise a test that runs over the end of a window may be let in once more."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def rates(settings):
    def setting(**given: str) -> None:
        settings.SAASKIT = {**settings.SAASKIT, "RATE_LIMITS": given}

    return setting


def tries(api: Api, email: str, times: int) -> list[int]:
    return [api.login(email, "wrong").status_code for _ in range(times)]


def test_a_known_and_an_unknown_address_are_slowed_down_alike(api: Api, user: User) -> None:
    for email in (user.email, "nobody@example.com"):
        assert tries(api, email, 6) == [401] * 5 + [429]
    refused = api.login(user.email)
    assert problem(refused) == (429, "too_many_attempts")
    assert 1 <= int(refused["Retry-After"]) <= 600


def test_after_retry_after_it_works(api: Api, user: User, still: time_machine.Traveller) -> None:
    tries(api, user.email, 5)
    wait = int(api.login(user.email)["Retry-After"])
    still.shift(timedelta(seconds=wait - 1))
    assert api.login(user.email).status_code == 429
    still.shift(timedelta(seconds=1))
    assert api.login(user.email).status_code == 200


def test_spellings_do_not_multiply_the_attempts(api: Api, user: User) -> None:
    codes = [
        api.login(email, "wrong").status_code
        for email in ("ada@example.com", "ADA@example.com", " ada@EXAMPLE.com", "Ada@example.com")
    ]
    assert codes + tries(api, user.email, 2) == [401] * 5 + [429]


def test_somebody_elses_failures_lock_nobody_out(api: Api, user: User) -> None:
    tries(Api(ip="198.51.100.66"), user.email, 8)
    assert api.login(user.email).status_code == 200


def test_success_is_not_counted_as_failure(user: User) -> None:
    for _ in range(12):
        assert Api().login(user.email).status_code == 200


def test_trying_many_addresses_is_limited_too(api: Api, db: None) -> None:
    codes = [api.login(f"user{n}@example.com", "wrong").status_code for n in range(31)]
    assert codes == [401] * 30 + [429]


def test_forged_addresses_do_not_help(user: User) -> None:
    codes = []
    for number in range(40):
        api = Api()
        forged = {"x-forwarded-for": f"10.1.2.{number}"}
        body = {"email": user.email, "password": "wrong"}
        codes.append(api.call("POST", "auth/login/", body, **forged).status_code)
    assert codes == [401] * 5 + [429] * 35


def test_behind_a_trusted_proxy_each_client_counts(user: User, settings) -> None:
    settings.SAASKIT = {**settings.SAASKIT, "TRUSTED_PROXIES": 1}
    body = {"email": user.email, "password": "wrong"}
    for number in range(8):
        forwarded = {"x-forwarded-for": f"6.6.6.6, 198.51.100.{number}"}
        assert Api().call("POST", "auth/login/", body, **forwarded).status_code == 401


def test_a_whole_ipv6_network_is_one_client(user: User) -> None:
    codes = [
        Api(ip=f"2001:db8:1:2::{number:x}").login(user.email, "wrong").status_code
        for number in range(1, 8)
    ]
    assert codes == [401] * 5 + [429] * 2


def test_a_refused_attempt_reaches_no_password_check(
    api: Api, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries(api, user.email, 5)
    asked: list[object] = []
    monkeypatch.setattr(
        "saaskit_django.accounts.services.logins.authenticate", lambda **given: asked.append(given)
    )
    assert api.login(user.email).status_code == 429
    assert asked == []


def test_when_attempts_cannot_be_counted_nobody_gets_in(
    api: Api, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise OperationalError("no such table: secrets")

    monkeypatch.setattr(UsageCounter.objects, "filter", broken)
    response = api.login(user.email)
    assert problem(response) == (503, "limits_unavailable")
    assert b"secrets" not in response.content


@pytest.mark.parametrize(
    ("scope", "path", "body"),
    [
        ("login", "auth/login/", {"email": "a@example.com", "password": "x"}),
        ("login", "token/", {"email": "a@example.com", "password": "x"}),
        ("register", "auth/register-user/", {"full_name": "A", "email": "a", "password": "x"}),
        ("token", "auth/token/refresh/", {"refresh": "x"}),
        ("token", "auth/token/verify/", {"token": "x"}),
        ("password_reset", "auth/request-password-reset/", {"email": "a@example.com"}),
        ("password_reset_mail", "auth/request-password-reset/", {"email": "a@example.com"}),
        ("confirm", "auth/reset-password/", {"token": "x", "new_password": "x"}),
        ("confirm", "auth/confirm-email-change/", {"token": "x"}),
    ],
)
def test_every_open_endpoint_is_limited_as_the_settings_say(
    rates, api: Api, db: None, scope: str, path: str, body: dict
) -> None:
    rates(**{scope: "2/m"})
    codes = [api.post(path, **body).status_code for _ in range(3)]
    assert 429 not in codes[:2]
    assert codes[2] == 429


def test_reset_mails_per_address_are_limited_whoever_asks(user: User) -> None:
    codes = [
        Api(ip=f"198.51.100.{number}")
        .post("auth/request-password-reset/", email=user.email)
        .status_code
        for number in range(6)
    ]
    assert codes == [202] * 5 + [429]


def used() -> dict[str, int]:
    return dict(UsageCounter.objects.values_list("meter", "used"))


def test_a_refused_attempt_counts_nowhere(db: None) -> None:
    strict = Attempt(scope=Scope.LOGIN_FAILED, ip="203.0.113.7", email="a@example.com")
    wide = Attempt(scope=Scope.LOGIN, ip="203.0.113.7")
    for _ in range(5):
        count(wide, strict, now=NOON)
    for _ in range(3):
        with pytest.raises(TooManyAttempts):
            count(wide, strict, now=NOON)
    assert used() == {"attempts_login_failed": 5, "attempts_login": 5}


def test_what_is_given_back_can_be_used_again_but_never_more(db: None) -> None:
    attempt = Attempt(scope=Scope.LOGIN_FAILED, ip="203.0.113.7", email="a@example.com")
    count(attempt, now=NOON)
    for _ in range(3):
        throttles.give_back(attempt, now=NOON)
    assert used() == {"attempts_login_failed": 0}


def test_counters_hold_no_address(api: Api, user: User) -> None:
    tries(api, user.email, 2)
    for subject in UsageCounter.objects.values_list("subject", flat=True):
        assert len(subject) == 64
        assert "ada" not in subject


@pytest.mark.parametrize(
    ("ip", "subject"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("rubbish", ""),
    ],
)
def test_one_subscriber_is_one_subject(ip: str, subject: str) -> None:
    assert network(ip) == subject


def test_the_password_is_never_logged(api: Api, user: User, caplog) -> None:
    caplog.set_level("DEBUG")
    api.login(user.email, "canary-7f3a")
    api.login(user.email, PASSWORD)
    assert settings.SECRET_KEY not in caplog.text
    assert "canary-7f3a" not in caplog.text
    assert PASSWORD not in caplog.text
