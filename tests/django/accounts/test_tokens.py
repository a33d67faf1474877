from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import RequestFactory
from rest_framework.request import Request

from saaskit_django import clock
from saaskit_django.accounts.authentication import JWTAuthentication
from saaskit_django.accounts.models import LoginSession, RefreshToken, User
from saaskit_django.audit.models import ActivityLog
from tests.django.accounts.conftest import PASSWORD, Api, field_errors, problem

pytestmark = pytest.mark.django_db


def refreshed(api: Api, token: str | None = None) -> dict:
    response = api.post("auth/token/refresh/", refresh=token or api.refresh)
    assert response.status_code == 200, response.content
    return response.json()


def test_a_refresh_token_buys_one_new_pair(signed_in: Api) -> None:
    pair = refreshed(signed_in)
    assert set(pair) == {"access", "refresh"}
    assert pair["refresh"] != signed_in.refresh
    signed_in.access = pair["access"]
    assert signed_in.get("core/user/").status_code == 200
    assert LoginSession.objects.count() == 1
    assert RefreshToken.objects.count() == 2
    assert RefreshToken.objects.filter(used_at=None).count() == 1


def test_a_used_refresh_token_ends_its_family_but_no_other_login(
    signed_in: Api, user: User
) -> None:
    other = Api()
    other.login(user.email)
    pair = refreshed(signed_in)
    again = signed_in.post("auth/token/refresh/", refresh=signed_in.refresh)
    assert problem(again) == (401, "token_invalid")
    assert problem(signed_in.post("auth/token/refresh/", refresh=pair["refresh"]))[0] == 401
    signed_in.access = pair["access"]
    assert problem(signed_in.get("core/user/"))[0] == 401
    assert LoginSession.objects.get(revoked_at__isnull=False).revoke_reason == "reuse"
    assert other.get("core/user/").status_code == 200
    refreshed(other)


def test_tokens_are_not_interchangeable(signed_in: Api) -> None:
    assert problem(signed_in.post("auth/token/refresh/", refresh=signed_in.access))[0] == 401
    signed_in.access = signed_in.refresh
    assert problem(signed_in.get("core/user/"))[0] == 401


def test_access_ends_after_minutes_and_refresh_after_days(signed_in: Api) -> None:
    now = clock.now()
    with time_machine.travel(now + timedelta(minutes=9), tick=False):
        assert signed_in.get("core/user/").status_code == 200
    with time_machine.travel(now + timedelta(minutes=11), tick=False):
        assert problem(signed_in.get("core/user/"))[0] == 401
    with time_machine.travel(now + timedelta(days=14, minutes=1), tick=False):
        assert problem(signed_in.post("auth/token/refresh/", refresh=signed_in.refresh))[0] == 401
    with time_machine.travel(now + timedelta(days=13), tick=False):
        pair = refreshed(signed_in)
    with time_machine.travel(now + timedelta(days=26), tick=False):
        refreshed(signed_in, pair["refresh"])


def test_rows_of_tokens_that_ran_out_go_away(signed_in: Api, user: User) -> None:
    now = clock.now()
    with time_machine.travel(now + timedelta(days=13), tick=False):
        pair = refreshed(signed_in)
    with time_machine.travel(now + timedelta(days=15), tick=False):
        refreshed(signed_in, pair["refresh"])
        assert RefreshToken.objects.count() == 2
    with time_machine.travel(now + timedelta(days=60), tick=False):
        assert Api().login(user.email).status_code == 200
    assert LoginSession.objects.count() == 1
    assert RefreshToken.objects.count() == 1


def test_verify_asks_the_database(signed_in: Api) -> None:
    for token in (signed_in.access, signed_in.refresh):
        response = signed_in.post("auth/token/verify/", token=token)
        assert (response.status_code, response.json()) == (200, {})
    used = signed_in.refresh
    refreshed(signed_in)
    assert problem(signed_in.post("auth/token/verify/", token=used)) == (401, "token_invalid")
    signed_in.post("auth/logout/")
    assert problem(signed_in.post("auth/token/verify/", token=signed_in.access))[0] == 401


def test_verifying_changes_nothing(signed_in: Api) -> None:
    before = list(RefreshToken.objects.values())
    signed_in.post("auth/token/verify/", token=signed_in.refresh)
    assert list(RefreshToken.objects.values()) == before


@pytest.mark.parametrize("path", ["auth/token/refresh/", "auth/token/verify/"])
@pytest.mark.parametrize("token", ["x", "a.b.c", "é.é.é", "." * 3000, "eyJhbGciOiJub25lIn0.e30."])
def test_rubbish_is_401(api: Api, db: None, path: str, token: str) -> None:
    name = "refresh" if "refresh" in path else "token"
    assert problem(api.post(path, **{name: token})) == (401, "token_invalid")


@pytest.mark.parametrize("body", [{}, {"refresh": 7}, {"refresh": None}, {"refresh": "x" * 5000}])
def test_a_malformed_refresh_is_400(api: Api, db: None, body: dict) -> None:
    assert set(field_errors(api.post("auth/token/refresh/", **body))) == {"/refresh"}


def test_logout_ends_this_login_only(signed_in: Api, user: User) -> None:
    other = Api()
    other.login(user.email)
    response = signed_in.post("auth/logout/")
    assert (response.status_code, response.json()) == (200, {"ended": 1})
    assert problem(signed_in.get("core/user/"))[0] == 401
    assert problem(signed_in.post("auth/token/refresh/", refresh=signed_in.refresh))[0] == 401
    assert problem(signed_in.post("auth/logout/"))[0] == 401
    assert other.get("core/user/").status_code == 200
    assert ActivityLog.objects.filter(user=user, activity_type="signed_out").count() == 1


def test_logout_by_refresh_token_ends_that_login(signed_in: Api, user: User) -> None:
    other = Api()
    other.login(user.email)
    response = signed_in.post("auth/logout/", refresh=other.refresh)
    assert response.json() == {"ended": 1}
    assert problem(other.get("core/user/"))[0] == 401
    assert signed_in.get("core/user/").status_code == 200


def test_nobody_signs_somebody_else_out(signed_in: Api, user: User) -> None:
    User.objects.create_user("eve@example.com", PASSWORD, full_name="Eve")
    eve = Api()
    eve.login("eve@example.com")
    assert problem(eve.post("auth/logout/", refresh=signed_in.refresh)) == (401, "token_invalid")
    assert signed_in.get("core/user/").status_code == 200


def test_logout_everywhere(signed_in: Api, user: User) -> None:
    others = [Api(), Api()]
    for other in others:
        other.login(user.email)
    assert signed_in.post("auth/logout/", all=True).json() == {"ended": 3}
    for each in (signed_in, *others):
        assert problem(each.get("core/user/"))[0] == 401
        assert problem(each.post("auth/token/refresh/", refresh=each.refresh))[0] == 401
    assert Api().login(user.email).status_code == 200
    user.saaskit_profile.refresh_from_db()
    assert user.saaskit_profile.session_epoch == 1


def test_logout_needs_a_login(api: Api, db: None) -> None:
    assert problem(api.post("auth/logout/")) == (401, "not_signed_in")


def test_letting_a_request_in_is_one_query(
    signed_in: Api, user: User, django_assert_num_queries
) -> None:
    request = Request(
        RequestFactory().get("/", headers={"authorization": f"Bearer {signed_in.access}"})
    )
    with django_assert_num_queries(1):
        found = JWTAuthentication().authenticate(request)
        assert found is not None
        assert found[0] == user
