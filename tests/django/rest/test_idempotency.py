"""One Idempotency-Key, one effect, one answer."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from saaskit_django import clock
from saaskit_django.notifications.models import Notification
from saaskit_django.rest.idempotency import LOCKED_FOR, purge_expired
from saaskit_django.rest.models import IdempotencyKey
from tests.builders import make_user
from tests.django.rest.conftest import Caller

KEY = {"idempotency-key": "k-1"}


def effects() -> int:
    return Notification.objects.count()


@pytest.mark.django_db
class TestOneAfterAnother:
    def test_without_a_key_each_request_works(self, ada):
        assert [ada.post("/buy/").status_code for _ in range(2)] == [201, 201]
        assert effects() == 2

    def test_the_same_request_replays_the_first_answer(self, ada):
        first = ada.post("/buy/", {"a": 1, "b": [2]}, **KEY)
        again = ada.post("/buy/", {"b": [2], "a": 1}, **KEY)
        assert effects() == 1
        assert (again.status_code, again.content) == (201, first.content)
        assert again["Location"] == first["Location"]
        assert again["Idempotent-Replayed"] == "true"
        assert not first.has_header("Idempotent-Replayed")

    def test_another_body_is_422(self, ada):
        ada.post("/buy/", {"a": 1}, **KEY)
        response = ada.post("/buy/", {"a": 2}, **KEY)
        assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
        assert effects() == 1

    def test_a_decline_is_replayed_as_the_same_problem(self, ada):
        first = ada.post("/buy/", {"how": "declined"}, **KEY)
        again = ada.post("/buy/", {"how": "declined"}, **KEY)
        assert (first.status_code, again.status_code, effects()) == (402, 402, 1)
        assert again.content == first.content
        assert again["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize(("how", "status"), [("bug", 500), ("invalid", 400), ("conflict", 409)])
    def test_after_another_failure_the_key_is_free(self, ada, how, status):
        assert ada.post("/buy/", {"how": how}, **KEY).status_code == status
        assert not IdempotencyKey.objects.exists()
        assert ada.post("/buy/", {}, **KEY).status_code == 201

    def test_two_users_may_choose_the_same_key(self, ada):
        other = Caller(make_user("bob@example.com"))
        answers = [caller.post("/buy/", **KEY).json()["id"] for caller in (ada, other)]
        assert len(set(answers)) == 2

    @pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
    def test_what_is_no_key_is_400(self, ada, key):
        response = ada.post("/buy/", **{"idempotency-key": key})
        assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_invalid")
        assert effects() == 0

    def test_the_longest_key_works(self, ada):
        assert ada.post("/buy/", **{"idempotency-key": "x" * 255}).status_code == 201

    def test_while_it_is_in_flight_it_is_409(self, ada):
        ada.post("/buy/", **KEY)
        IdempotencyKey.objects.update(status=None, locked_at=clock.now(), locked_by="other")
        response = ada.post("/buy/", **KEY)
        assert (response.status_code, response.json()["code"]) == (409, "request_in_flight")
        assert response["Retry-After"] == "1"

    def test_a_stale_lock_is_taken_over(self, ada):
        ada.post("/buy/", **KEY)
        stale = clock.now() - LOCKED_FOR
        IdempotencyKey.objects.update(status=None, body="", locked_at=stale, locked_by="dead")
        assert ada.post("/buy/", **KEY).status_code == 201
        assert effects() == 2
        assert ada.post("/buy/", **KEY)["Idempotent-Replayed"] == "true"

    def test_an_old_key_may_be_used_anew_and_is_purged(self, ada):
        ada.post("/buy/", {"a": 1}, **KEY)
        assert purge_expired(now=clock.now()) == 0
        IdempotencyKey.objects.update(expires_at=clock.now() - timedelta(seconds=1))
        assert ada.post("/buy/", {"a": 2}, **KEY).status_code == 201
        assert purge_expired(now=clock.now() + timedelta(hours=73)) == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_work_once():
    caller = Caller(make_user("ada@example.com"))

    def buy(_: int):
        try:
            return caller_copy(caller).post("/buy/", {"seconds": 0.2}, **KEY)
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(buy, range(50)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert effects() == 1
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert all(answer.has_header("Retry-After") for answer in answers if answer.status_code == 409)


@pytest.mark.django_db(transaction=True)
def test_fifty_different_keys_work_fifty_times():
    caller = Caller(make_user("ada@example.com"))

    def buy(number: int) -> int:
        try:
            key = {"idempotency-key": f"k-{number}"}
            return caller_copy(caller).post("/buy/", {}, **key).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        assert Counter(pool.map(buy, range(50))) == {201: 50}
    assert effects() == 50


def caller_copy(caller: Caller) -> Caller:
    return Caller(caller.user)
