from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from rest_framework.test import APIRequestFactory

from saaskit_django.limits import stores
from saaskit_django.limits.models import UsageCounter
from saaskit_django.limits.services import TooManyGuesses, guess_limited
from saaskit_django.limits.stores import LimitsUnavailable
from tests.builders import START, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _frozen() -> Any:
    with time_machine.travel(START, tick=False):
        yield


def guess(user: Any, address: str = "192.0.2.1", **meta: str) -> bool:
    request: Any = APIRequestFactory().post("/", REMOTE_ADDR=address, **meta)
    request.user = user
    try:
        guess_limited(request, "coupon")
    except TooManyGuesses as refused:
        return refused.retry_after < 1
    return True


def test_a_user_may_try_ten_times_a_minute() -> None:
    user = make_user()
    tries = [guess(user, f"192.0.2.{i}") for i in range(12)]
    assert tries == [True] * 10 + [False] * 2


def test_an_address_may_try_sixty_times_whoever_uses_it() -> None:
    users = [make_user(f"u{i}@example.com") for i in range(7)]
    tries = [guess(user) for user in users for _ in range(10)]
    assert tries == [True] * 60 + [False] * 10


def test_a_forged_forwarding_header_helps_nobody() -> None:
    users = [make_user(f"u{i}@example.com") for i in range(7)]
    tries = [
        guess(user, HTTP_X_FORWARDED_FOR=f"198.51.100.{i}") for user in users for i in range(10)
    ]
    assert sum(tries) == 60


def test_the_rate_is_a_setting(settings: Any) -> None:
    settings.SAASKIT = {**settings.SAASKIT, "RATE_LIMITS": {"coupon": "2/m"}}
    user = make_user()
    assert [guess(user) for _ in range(3)] == [True, True, False]


def test_no_address_is_stored_in_the_clear() -> None:
    guess(make_user())
    assert not UsageCounter.objects.filter(subject__contains="192.0.2").exists()


def test_nothing_may_be_guessed_while_it_cant_be_counted(monkeypatch: Any) -> None:
    class Unreachable:
        def consume(self, *_: Any, **__: Any) -> Any:
            raise OperationalError("gone")

    monkeypatch.setattr(stores, "store", Unreachable)
    with pytest.raises(LimitsUnavailable):
        guess(make_user())
