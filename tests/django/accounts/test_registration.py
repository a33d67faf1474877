from __future__ import annotations

import pytest

from saaskit_django.accounts.models import LoginSession, User
from saaskit_django.audit.models import ActivityLog
from saaskit_django.customers.models import Customer, Profile
from saaskit_django.outbox.models import OutboxMessage
from tests.django.accounts.conftest import PASSWORD, Api, field_errors

pytestmark = pytest.mark.django_db

ADA = {"full_name": "Ada Lovelace", "email": "Ada@Example.com", "password": PASSWORD}


def test_a_new_user_is_answered_as_he_is(api: Api) -> None:
    about = {
        "organization": "Analytical Engines",
        "phone": "+44 20 7946 0000",
        "address": "12 St James's Square\nLondon",
        "state": "Greater London",
        "zipcode": "SW1Y 4JH",
        "country": "GB",
        "preferred_language": "es",
    }
    response = api.post("auth/register-user/", **ADA, **about)
    assert response.status_code == 201
    body = response.json()
    user = User.objects.get()
    assert body["id"] == body["user_id"] == user.pk
    assert (body["email"], body["full_name"]) == ("ada@example.com", "Ada Lovelace")
    assert (body["role"], body["is_active"], body["is_staff"]) == ("user", True, False)
    assert {name: body[name] for name in about} == about
    assert "password" not in response.content.decode()
    assert user.check_password(PASSWORD)
    assert not Customer.objects.exists(), "the default plan and its customer are computed"
    assert ActivityLog.objects.get().activity_type == "registered"
    message = OutboxMessage.objects.get()
    assert (message.topic, message.payload["user_id"]) == ("user.registered", str(user.pk))
    assert api.login("ada@example.com").status_code == 200


@pytest.mark.parametrize("spelling", ["ada@example.com", "ADA@EXAMPLE.COM", " ada@example.com "])
def test_an_address_is_taken_in_any_spelling(api: Api, user: User, spelling: str) -> None:
    response = api.post("auth/register-user/", **{**ADA, "email": spelling})
    assert field_errors(response) == {"/email": "email_taken"}
    assert response.json()["code"] == "email_taken"
    assert User.objects.count() == 1
    assert not Profile.objects.exists()
    assert not OutboxMessage.objects.filter(topic="user.registered").exists()


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"password": "short"}, {"/password": "password_too_short"}),
        ({"password": "password"}, {"/password": "password_too_common"}),
        ({"password": "47110815471"}, {"/password": "password_entirely_numeric"}),
        ({"password": "é" * 2049}, {"/password": "password_too_long"}),
        ({"password": "x" * 20_000}, {"/password": "max_length"}),
        ({"password": None}, {"/password": "null"}),
        ({"password": 12345678901}, {"/password": "invalid"}),
        ({"email": "nobody"}, {"/email": "email_invalid"}),
        ({"email": "a@b"}, {"/email": "email_invalid"}),
        ({"email": "ada@example.com\nBcc: all@example.com"}, {"/email": "not_one_line"}),
        ({"email": ""}, {"/email": "blank"}),
        ({"full_name": "  "}, {"/full_name": "blank"}),
        ({"full_name": "A" * 151}, {"/full_name": "max_length"}),
        ({"full_name": "Ada\r\nBcc: x@example.com"}, {"/full_name": "not_one_line"}),
        ({"full_name": ["Ada"]}, {"/full_name": "invalid"}),
        ({"preferred_language": "tlh"}, {"/preferred_language": "unknown_language"}),
        ({"phone": "1" * 33}, {"/phone": "max_length"}),
    ],
)
def test_bad_input_is_refused_and_writes_nothing(api: Api, changes: dict, errors: dict) -> None:
    response = api.post("auth/register-user/", **{**ADA, **changes})
    codes = field_errors(response)
    assert codes == errors
    assert not User.objects.exists()
    assert not OutboxMessage.objects.exists()


FOREIGN = [
    *(field.name for field in User._meta.get_fields()),
    *(field.name for field in Profile._meta.get_fields()),
    *("user_id", "subscription_status", "paymentStatus", "credit", "plan", "price", "amount"),
]
ALLOWED = {
    *("full_name", "email", "password", "organization", "phone", "address", "state", "zipcode"),
    *("country", "preferred_language"),
}


@pytest.mark.parametrize("name", sorted({*FOREIGN} - ALLOWED))
def test_whatever_else_a_model_has_is_refused(api: Api, name: str) -> None:
    for value in (True, 1, "admin"):
        response = api.post("auth/register-user/", **ADA, **{name: value})
        assert field_errors(response) == {f"/{name}": "unknown_field"}
    assert not User.objects.exists()


@pytest.mark.parametrize("body", ["null", "[]", '"x"', "7", "{", '{"email": "\\u0000"}', "\xff"])
def test_what_is_no_object_is_refused(api: Api, body: str) -> None:
    response = api.client.generic(
        "POST", "/api/auth/register-user/", body, content_type="application/json"
    )
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_registering_signs_nobody_in(api: Api) -> None:
    body = api.post("auth/register-user/", **ADA).json()
    assert "access" not in body
    assert not LoginSession.objects.exists()
