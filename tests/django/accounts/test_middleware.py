from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from saaskit_core.customers import Role
from saaskit_django.accounts.middleware import JWTAuthentication
from saaskit_django.accounts.models import User
from saaskit_django.customers.models import Profile
from tests.django.accounts.conftest import Api

pytestmark = pytest.mark.django_db


def passed_on(header: str = "", user: Any = None) -> HttpRequest:
    """The request as the next middleware sees it."""
    seen: list[HttpRequest] = []

    def next_one(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    headers = {"authorization": header} if header else {}
    request = RequestFactory().get("/", headers=headers)
    request.user = user or AnonymousUser()
    JWTAuthentication(next_one)(request)
    return seen[0]


def test_user_id_and_role_come_from_the_database(signed_in: Api, user: User) -> None:
    Profile.objects.create(user=user, role="moderator")
    request = passed_on(f"Bearer {signed_in.access}")
    assert request.user == user
    assert (request.user_id, request.role) == (user.pk, Role.MODERATOR)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer rubbish", "Basic YTpi"])
def test_without_a_good_token_nobody_is_signed_in(db: None, header: str) -> None:
    request = passed_on(header)
    assert request.user.is_anonymous
    assert (request.user_id, request.role) == (None, None)


def test_whoever_the_session_found_stays(user: User) -> None:
    request = passed_on("", user=user)
    assert (request.user, request.user_id, request.role) == (user, user.pk, Role.USER)


def test_the_view_does_not_look_the_login_up_again(
    signed_in: Api, user: User, settings, django_assert_max_num_queries
) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(50) as captured:
            assert signed_in.get("core/user/").status_code == 200
        return sum("saaskit_accounts_loginsession" in each["sql"] for each in captured)

    own = "saaskit_django.accounts.middleware.JWTAuthentication"
    others = [name for name in settings.MIDDLEWARE if name != own]
    settings.MIDDLEWARE = [*others[:-1], own, others[-1]]
    assert queries() == 1
