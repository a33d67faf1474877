from __future__ import annotations

import pytest
from django.test import Client

from saaskit_django.accounts.models import LoginSession, User
from tests.django.accounts.conftest import PASSWORD, Api, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    boss = User.objects.create_superuser("boss@example.com", PASSWORD, full_name="Boss")
    client = Client()
    client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_staff_sign_in_with_any_spelling(admin: Client) -> None:
    assert Client().login(username="BOSS@example.com", password=PASSWORD)
    assert not Client().login(username="no address", password=PASSWORD)


def test_the_pages_open(admin: Client, signed_in: Api, user: User) -> None:
    login = LoginSession.objects.get(user=user)
    for page in (
        "user/",
        "user/add/",
        f"user/{user.pk}/change/",
        "user/?q=ada",
        "loginsession/",
        f"loginsession/{login.pk}/change/",
        "loginsession/?q=ada",
    ):
        assert admin.get(f"/admin/saaskit_accounts/{page}").status_code == 200, page
    assert admin.get("/admin/saaskit_accounts/loginsession/add/").status_code == 403


def test_a_user_is_made_by_address_and_name(admin: Client) -> None:
    form = {
        "email": "New@Example.com",
        "full_name": "New",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    response = admin.post("/admin/saaskit_accounts/user/add/", form)
    assert response.status_code == 302, response.content
    assert User.objects.get(email="new@example.com").check_password(PASSWORD)


@pytest.mark.parametrize("email", ["ADA@example.com", "a b@example.com", "mike@\u0131x"])
def test_a_taken_or_invalid_address_is_a_message_not_an_error(
    admin: Client, user: User, email: str
) -> None:
    form = {"email": email, "full_name": "N", "password1": PASSWORD, "password2": PASSWORD}
    response = admin.post("/admin/saaskit_accounts/user/add/", {**form, "usable_password": "true"})
    assert response.status_code == 200
    assert User.objects.count() == 2


def test_a_password_set_by_staff_ends_the_users_logins(
    admin: Client, signed_in: Api, user: User
) -> None:
    new = "quite another password"
    response = admin.post(
        f"/admin/saaskit_accounts/user/{user.pk}/password/",
        {"usable_password": "true", "password1": new, "password2": new},
    )
    assert response.status_code == 302, response.content
    assert problem(signed_in.get("core/user/"))[0] == 401
    assert problem(signed_in.post("auth/token/refresh/", refresh=signed_in.refresh))[0] == 401
    assert Api().login(user.email, new).status_code == 200
