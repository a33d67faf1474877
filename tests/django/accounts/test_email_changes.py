from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core import mail

from saaskit_django import clock
from saaskit_django.accounts import links
from saaskit_django.accounts.links import Purpose
from saaskit_django.accounts.models import EmailChange, User
from saaskit_django.audit.models import ActivityLog
from saaskit_django.outbox.dispatcher import deliver_due
from tests.django.accounts.conftest import PASSWORD, Api, field_errors, problem
from tests.django.accounts.test_passwords import token_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(signed_in: Api):
    def asking(email: str) -> str:
        """Ask for an address; answers the token that was mailed to it, "" if none was."""
        mail.outbox.clear()
        assert signed_in.patch("core/user/update/", email=email).status_code == 200
        deliver_due()
        bodies = [each.body for each in mail.outbox if "confirm-email-change" in each.body]
        return token_in(bodies[0]) if bodies else ""

    return asking


def confirm(api: Api, token: str):
    return api.post("auth/confirm-email-change/", token=token)


def test_a_new_address_counts_once_its_owner_confirmed(signed_in: Api, user: User, ask) -> None:
    token = ask("Ada@Example.org")
    assert [(each.to, each.subject) for each in mail.outbox] == [
        (["ada@example.org"], "Confirm your new e-mail address"),
        (["ada@example.com"], "Another e-mail address was asked for"),
    ]
    body = signed_in.get("core/user/").json()
    assert (body["email"], body["pending_email"]) == ("ada@example.com", "ada@example.org")
    assert Api().login("ada@example.org").status_code == 401
    response = confirm(Api(), token)
    assert (response.status_code, response.json()) == (200, {"email": "ada@example.org"})
    body = signed_in.get("core/user/").json()
    assert (body["email"], body["pending_email"]) == ("ada@example.org", None)
    assert Api().login("ada@example.org").status_code == 200
    assert Api().login("ada@example.com").status_code == 401
    assert ActivityLog.objects.filter(user=user, activity_type="email_changed").count() == 1


def test_a_link_works_once(ask) -> None:
    token = ask("ada@example.org")
    assert confirm(Api(), token).status_code == 200
    assert field_errors(confirm(Api(), token)) == {"/token": "link_invalid"}


def test_a_newer_wish_kills_the_older_link(ask, user: User) -> None:
    first = ask("ada@example.org")
    second = ask("ada@example.net")
    assert field_errors(confirm(Api(), first)) == {"/token": "link_invalid"}
    assert confirm(Api(), second).json() == {"email": "ada@example.net"}


def test_asking_for_the_own_address_takes_the_wish_back(signed_in: Api, ask) -> None:
    token = ask("ada@example.org")
    assert ask("ADA@example.com") == ""
    assert mail.outbox == []
    assert signed_in.get("core/user/").json()["pending_email"] is None
    assert field_errors(confirm(Api(), token)) == {"/token": "link_invalid"}


def test_a_taken_address_is_not_betrayed(signed_in: Api, ask) -> None:
    User.objects.create_user("bob@example.com", PASSWORD, full_name="Bob")
    assert ask("bob@example.com") == ""
    assert [each.to for each in mail.outbox] == [["ada@example.com"]]
    assert signed_in.get("core/user/").json()["pending_email"] == "bob@example.com"


def test_an_address_taken_meanwhile_is_refused_and_nothing_changes(ask, user: User) -> None:
    token = ask("bob@example.com")
    User.objects.create_user("bob@example.com", PASSWORD, full_name="Bob")
    assert field_errors(confirm(Api(), token)) == {"/email": "email_taken"}
    assert User.objects.get(pk=user.pk).email == "ada@example.com"
    assert EmailChange.objects.get().email == "bob@example.com"


def test_a_link_dies_after_an_hour_and_with_a_new_password(ask, user: User) -> None:
    token = ask("ada@example.org")
    with time_machine.travel(clock.now() + timedelta(minutes=61), tick=False):
        assert field_errors(confirm(Api(), token)) == {"/token": "link_invalid"}
    user.set_password("something else")
    user.save()
    assert field_errors(confirm(Api(), token)) == {"/token": "link_invalid"}


def test_a_login_elsewhere_does_not_kill_it(ask, user: User) -> None:
    token = ask("ada@example.org")
    Api().login(user.email)
    assert confirm(Api(), token).status_code == 200


def test_a_reset_token_confirms_nothing(user: User, ask) -> None:
    ask("ada@example.org")
    user.refresh_from_db()
    token = links.mint(Purpose.PASSWORD_RESET, user=user, serial=1)
    assert field_errors(confirm(Api(), token)) == {"/token": "link_invalid"}


def test_a_confirmed_address_kills_reset_links(user: User, ask) -> None:
    user.refresh_from_db()
    reset = links.mint(Purpose.PASSWORD_RESET, user=user)
    assert confirm(Api(), ask("ada@example.org")).status_code == 200
    response = Api().post("auth/reset-password/", token=reset, new_password="a new long one")
    assert field_errors(response) == {"/token": "link_invalid"}


def test_other_fields_of_the_same_change_count_at_once(signed_in: Api) -> None:
    body = signed_in.patch("core/user/update/", email="a@example.org", phone="+1").json()
    assert (body["phone"], body["email"]) == ("+1", "ada@example.com")


def test_wishes_are_limited(signed_in: Api) -> None:
    for number in range(10):
        response = signed_in.patch("core/user/update/", email=f"a{number}@example.org")
        assert response.status_code == 200
    refused = signed_in.patch("core/user/update/", email="b@example.org", phone="+1")
    assert problem(refused) == (429, "too_many_attempts")
    assert int(refused["Retry-After"]) > 0
    assert signed_in.get("core/user/").json()["phone"] == ""
