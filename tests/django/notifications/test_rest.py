"""The endpoints of notifications: one's own, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saaskit_django import clock
from saaskit_django.customers.models import Profile
from saaskit_django.notifications.models import Notification
from saaskit_django.rest.soft_deletion import purge
from tests.builders import make_user
from tests.django.rest.conftest import Caller

ROOT = "/api/core/notifications"
GOOD = {"title": "Hello", "message": "World", "type": "System"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _signed_in_by_header(settings):
    settings.SAASKIT = {**settings.SAASKIT, "AUTHENTICATION": ["tests.identification.ByHeader"]}


@pytest.fixture
def ada() -> Caller:
    return Caller(make_user("ada@example.com"))


@pytest.fixture
def bob() -> Caller:
    return Caller(make_user("bob@example.com"))


def made(caller: Caller, **values) -> Notification:
    fields = {**GOOD, **values}
    return Notification.objects.create(user=caller.user, **fields)


def test_a_notice_is_made_for_oneself(ada):
    response = ada.post(f"{ROOT}/create/", GOOD)
    assert response.status_code == 201
    answer = response.json()
    assert {**GOOD, "is_read": False, "read_at": None, "user": ada.user.pk}.items() <= (
        answer.items()
    )
    assert set(answer) >= {"id", "created_at", "updated_at"}


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"title": "a" * 201}, "/title", "max_length"),
        ({"title": "a\x00b"}, None, None),
        ({"type": "Nope"}, "/type", "invalid_choice"),
        ({"type": ["System"]}, "/type", "invalid_choice"),
        ({"message": None}, "/message", "null"),
        ({"is_read": True}, "/is_read", "unknown_field"),
        ({"id": 7}, "/id", "unknown_field"),
    ],
)
def test_bad_input_is_400_and_makes_nothing(ada, change, pointer, code):
    response = ada.post(f"{ROOT}/create/", {**GOOD, **change})
    assert response.status_code == 400
    if pointer:
        (error,) = response.json()["errors"]
        assert (error["pointer"], error["code"]) == (pointer, code)
    assert not Notification.objects.exists()


@pytest.mark.parametrize("exists", [True, False])
def test_another_user_is_403_whether_or_not_he_exists(ada, bob, exists):
    named = bob.user.pk if exists else 999_999
    response = ada.post(f"{ROOT}/create/", {**GOOD, "user_id": named})
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert not Notification.objects.exists()


def test_oneself_may_be_named(ada):
    assert ada.post(f"{ROOT}/create/", {**GOOD, "user_id": ada.user.pk}).status_code == 201


def test_an_admin_notifies_anyone(ada, bob):
    Profile.objects.create(user=ada.user, role="admin")
    assert ada.post(f"{ROOT}/create/", {**GOOD, "user_id": bob.user.pk}).status_code == 201
    assert Notification.objects.get().user == bob.user
    response = ada.post(f"{ROOT}/create/", {**GOOD, "user_id": 999_999})
    assert (response.status_code, response.json()["code"]) == (404, "user_not_found")


def test_the_list_is_ones_own_newest_first(ada, bob):
    rows = [made(ada, title=str(number)) for number in range(3)]
    made(bob)
    page = ada.get(f"{ROOT}/list/").json()
    assert page["count"] == 3
    assert [each["id"] for each in page["results"]] == [row.pk for row in reversed(rows)]


def test_the_list_is_filtered(ada):
    made(ada, type="Expiry")
    read = made(ada, is_read=True, read_at=clock.now())
    assert ada.get(f"{ROOT}/list/?type=Expiry").json()["count"] == 1
    for query in ("is_read=true", "is_read=1", "is_read=true&type=System"):
        assert [each["id"] for each in ada.get(f"{ROOT}/list/?{query}").json()["results"]] == [
            read.pk
        ]
    assert ada.get(f"{ROOT}/list/?is_read=false").json()["count"] == 1
    for query in ("is_read=perhaps", "type=Nope", "limit=0", "sort=title"):
        assert ada.get(f"{ROOT}/list/?{query}").status_code == 400


def test_a_list_costs_the_same_however_long(ada):
    for _ in range(30):
        made(ada)
    with CaptureQueriesContext(connection) as queries:
        ada.get(f"{ROOT}/list/?limit=30")
    ours = [each for each in queries if "saaskit_notifications" in each["sql"]]
    assert len(ours) == 2


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "delete"), ("PATCH", "mark-as-read"), ("PUT", "mark-as-read")]
)
@pytest.mark.parametrize("whose", ["bob's", "nobody's", "huge"])
def test_what_is_not_ones_own_is_404_and_unchanged(ada, bob, method, path, whose):
    row = made(bob)
    key = {"bob's": row.pk, "nobody's": row.pk + 1, "huge": 10**30}[whose]
    response = ada.send(method, f"{ROOT}/{key}/{path}/", {})
    assert (response.status_code, response.json()["code"]) == (404, "notification_not_found")
    row.refresh_from_db()
    assert (row.is_read, row.deleted_at) == (False, None)


def test_reading_is_noted_once(ada):
    row = made(ada)
    first = ada.send("PATCH", f"{ROOT}/{row.pk}/mark-as-read/", {}).json()
    again = ada.send("PUT", f"{ROOT}/{row.pk}/mark-as-read/", {}).json()
    assert first["is_read"] is True
    assert first["read_at"] == again["read_at"]


def test_what_is_deleted_is_hidden_and_purged_after_90_days(ada):
    row = made(ada)
    assert ada.send("DELETE", f"{ROOT}/{row.pk}/delete/").status_code == 204
    assert ada.send("DELETE", f"{ROOT}/{row.pk}/delete/").status_code == 404
    assert ada.get(f"{ROOT}/list/").json()["count"] == 0
    assert Notification.with_deleted.count() == 1
    assert purge(Notification, now=clock.now()) == 0
    assert purge(Notification, now=clock.now() + timedelta(days=91)) == 1


def test_clearing_clears_ones_own(ada, bob):
    for caller in (ada, ada, bob):
        made(caller)
    assert ada.send("DELETE", f"{ROOT}/clear-all/").json() == {"count": 2}
    assert Notification.objects.get().user == bob.user


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "create"),
        ("GET", "list"),
        ("DELETE", "1/delete"),
        ("DELETE", "clear-all"),
        ("PATCH", "1/mark-as-read"),
        ("PUT", "1/mark-as-read"),
    ],
)
def test_nobody_is_401(method, path):
    assert Caller().send(method, f"{ROOT}/{path}/", {}).status_code == 401


def test_the_admin_pages_open(ada, admin_client):
    made(ada)
    for page in ("notification", "notificationdelivery"):
        assert admin_client.get(f"/admin/saaskit_notifications/{page}/").status_code == 200
