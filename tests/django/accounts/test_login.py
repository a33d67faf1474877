from __future__ import annotations

import jwt
import pytest
from django.contrib.auth import authenticate, hashers
from django.test import override_settings

from saaskit_django.accounts.models import LoginSession, RefreshToken, User
from saaskit_django.audit.models import ActivityLog
from saaskit_django.conf import conf, jwt_signing_key
from saaskit_django.customers.models import Profile
from tests.django.accounts.conftest import PASSWORD, Api, field_errors, problem

pytestmark = pytest.mark.django_db


def test_login_answers_as_in_the_contract(api: Api, user: User) -> None:
    response = api.login("ada@example.com")
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"access", "refresh", "user"}
    assert body["user"] == {
        "user_id": user.pk,
        "email": "ada@example.com",
        "full_name": "Ada Lovelace",
        "role": "user",
    }
    assert response["Cache-Control"] == "no-store"
    user.refresh_from_db()
    assert user.last_login is not None
    login = LoginSession.objects.get()
    assert (login.user, login.ip) == (user, "203.0.113.7")
    assert ActivityLog.objects.filter(user=user, activity_type="signed_in").count() == 1


@pytest.mark.parametrize(
    "spelling", ["ADA@example.com", " ada@EXAMPLE.com ", "\uff41da@example.com"]
)
def test_any_spelling_of_the_address_signs_in(api: Api, user: User, spelling: str) -> None:
    assert api.login(spelling).status_code == 200


@pytest.mark.parametrize("path", ["auth/api/token/", "token/"])
def test_the_token_paths_answer_the_pair_only(api: Api, user: User, path: str) -> None:
    response = api.post(path, email=user.email, password=PASSWORD)
    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh"}


def test_unknown_wrong_and_inactive_are_one_answer_after_the_same_work(
    api: Api, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.create_user("off@example.com", PASSWORD, full_name="Off", is_active=False)
    User.objects.create_user("none@example.com", None, full_name="No password")
    hashed: list[str] = []
    hasher = type(hashers.get_hasher())
    original = hasher.encode

    def counting(self: object, password: str, salt: str) -> str:
        hashed.append(password)
        return original(self, password, salt)

    monkeypatch.setattr(hasher, "encode", counting)
    answers = []
    for email in ("nobody@example.com", user.email, "off@example.com", "none@example.com", "no"):
        hashed.clear()
        password = PASSWORD if email == "off@example.com" else "wrong"
        response = api.post("auth/login/", email=email, password=password)
        document = response.json()
        document.pop("instance")
        answers.append((response.status_code, document, len(hashed)))
    assert answers[0][0] == 401
    assert answers[0][1]["code"] == "invalid_credentials"
    assert all(answer == answers[0] for answer in answers), answers
    assert not LoginSession.objects.exists()
    failures = ActivityLog.objects.filter(activity_type="sign_in_failed")
    assert failures.count() == 5
    assert all(row.user is None and "ada" not in str(row.activity_details) for row in failures)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/email", "/password"}),
        ({"email": "ada@example.com"}, {"/password"}),
        ({"email": 7, "password": "x"}, {"/email"}),
        ({"email": ["a"], "password": {"b": 1}}, {"/email", "/password"}),
        ({"email": None, "password": "x"}, {"/email"}),
        ({"email": "a" * 300, "password": "x"}, {"/email"}),
        ({"email": "ada@example.com", "password": "x" * 5000}, {"/password"}),
        ({"email": "ada@example.com", "password": "x", "role": "admin"}, {"/role"}),
    ],
)
def test_malformed_logins_are_refused(api: Api, user: User, body: dict, pointers: set) -> None:
    assert set(field_errors(api.post("auth/login/", **body))) == pointers
    assert not LoginSession.objects.exists()


def test_an_old_token_sent_along_does_not_keep_anyone_out(api: Api, user: User) -> None:
    api.access = "rubbish"
    assert api.login(user.email).status_code == 200


def test_the_tokens_carry_no_role_and_say_for_whom_they_are(signed_in: Api, user: User) -> None:
    for token, kind in ((signed_in.access, "access"), (signed_in.refresh, "refresh")):
        assert jwt.get_unverified_header(token)["alg"] == "HS256"
        claims = jwt.decode(token, options={"verify_signature": False})
        assert set(claims) == {
            *("token_type", "exp", "iat", "jti", "user_id", "session_id", "session_epoch"),
            *("iss", "aud"),
        }
        assert (claims["token_type"], claims["user_id"]) == (kind, str(user.pk))
        assert (claims["iss"], claims["aud"]) == ("saaskit", "saaskit")
    assert RefreshToken.objects.get().jti == claims["jti"]


def test_the_role_is_the_databases(signed_in: Api, user: User) -> None:
    Profile.objects.create(user=user, role="moderator")
    assert signed_in.get("core/user/").json()["role"] == "moderator"
    Profile.objects.update(role="user")
    assert signed_in.get("core/user/").json()["role"] == "user"


def test_a_closed_user_is_out_at_once_everywhere(signed_in: Api, user: User) -> None:
    User.objects.update(is_active=False)
    assert problem(signed_in.get("core/user/")) == (401, "not_signed_in")
    assert problem(signed_in.post("auth/token/refresh/", refresh=signed_in.refresh))[0] == 401
    for token in (signed_in.access, signed_in.refresh):
        assert problem(signed_in.post("auth/token/verify/", token=token)) == (401, "token_invalid")


def test_a_deleted_user_is_401_not_500(signed_in: Api, user: User) -> None:
    User.objects.all().delete()
    assert problem(signed_in.get("core/user/"))[0] == 401
    assert problem(signed_in.post("auth/token/refresh/", refresh=signed_in.refresh))[0] == 401
    assert problem(signed_in.post("auth/token/verify/", token=signed_in.access))[0] == 401


def test_an_older_session_epoch_is_401(signed_in: Api, user: User) -> None:
    Profile.objects.create(user=user, session_epoch=1)
    assert problem(signed_in.get("core/user/"))[0] == 401
    assert problem(signed_in.post("auth/token/refresh/", refresh=signed_in.refresh))[0] == 401


def _forged(signed_in: Api, key: str | None = None, alg: str = "HS256", **changes: object) -> str:
    claims = jwt.decode(signed_in.access, options={"verify_signature": False})
    claims.update(changes)
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, jwt_signing_key() if key is None else key, algorithm=alg)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody-else"},
        {"aud": "somebody-else"},
        {"aud": None},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"jti": None},
        {"token_type": "refresh"},
        {"token_type": None},
        {"user_id": "999999"},
        {"user_id": None},
        {"session_id": 999999},
        {"session_id": None},
        {"session_id": "x"},
        {"session_epoch": 1},
        {"session_epoch": None},
        {"alg": "HS512"},
        {"key": "another key that is long enough to sign with, no more"},
    ],
)
def test_what_is_not_exactly_our_token_is_401(signed_in: Api, changes: dict) -> None:
    signed_in.access = _forged(signed_in, **changes)
    assert problem(signed_in.get("core/user/")) == (401, "not_signed_in")


def test_unsigned_tokens_are_401(signed_in: Api) -> None:
    signed_in.access = _forged(signed_in, key="", alg="none")
    assert problem(signed_in.get("core/user/"))[0] == 401


def test_a_forged_token_that_changes_nothing_works(signed_in: Api) -> None:
    signed_in.access = _forged(signed_in, role="admin")
    response = signed_in.get("core/user/")
    assert (response.status_code, response.json()["role"]) == (200, "user")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer a b",
        "Bearer ünsigned",
        "Basic YTpi",
        "",
        "Bearer " + "x" * 9000,
        "Bearer .",
    ],
)
def test_any_other_header_is_401_and_names_the_scheme(api: Api, user: User, header: str) -> None:
    response = api.call("GET", "core/user/", authorization=header)
    assert problem(response) == (401, "not_signed_in")
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_token_in_the_address_is_not_looked_at(signed_in: Api) -> None:
    token, signed_in.access = signed_in.access, ""
    assert signed_in.get(f"core/user/?token={token}&access={token}").status_code == 401


def test_a_token_signed_under_another_key_is_worthless(signed_in: Api) -> None:
    with override_settings(SAASKIT={"JWT": {"SIGNING_KEY": "k" * 40}}):
        assert conf().jwt.signing_key is not None
        assert problem(signed_in.get("core/user/"))[0] == 401


def test_the_scheme_is_case_insensitive(signed_in: Api) -> None:
    header = f"bearer {signed_in.access}"
    assert signed_in.call("GET", "core/user/", authorization=header).status_code == 200


def test_an_outdated_hash_is_renewed_by_a_login(api: Api, user: User) -> None:
    hashed = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]
    with override_settings(PASSWORD_HASHERS=hashed):
        User.objects.update(password=hashers.make_password(PASSWORD, hasher="pbkdf2_sha256"))
        assert api.login(user.email).status_code == 200
        assert User.objects.get().password.startswith("md5$")


def test_a_hash_that_another_login_renews_meanwhile_does_no_harm(
    api: Api, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewals = [hashers.make_password(PASSWORD)]

    def renewing(**credentials: str) -> object:
        found = authenticate(**credentials)
        if renewals:
            User.objects.update(password=renewals.pop())
        return found

    monkeypatch.setattr("saaskit_django.accounts.services.logins.authenticate", renewing)
    assert api.login(user.email).status_code == 200
    assert LoginSession.objects.count() == 1


def test_a_user_closed_between_check_and_login_stays_out(
    api: Api, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closing(**credentials: str) -> object:
        found = authenticate(**credentials)
        User.objects.update(is_active=False)
        return found

    monkeypatch.setattr("saaskit_django.accounts.services.logins.authenticate", closing)
    assert problem(api.login(user.email)) == (401, "invalid_credentials")
    assert not LoginSession.objects.exists()
