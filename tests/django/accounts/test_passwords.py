from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.core import mail, signing
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saaskit_django import clock
from saaskit_django.accounts import links
from saaskit_django.accounts.links import Purpose
from saaskit_django.accounts.models import User
from saaskit_django.audit.models import ActivityLog
from saaskit_django.customers.models import Profile
from saaskit_django.outbox.dispatcher import deliver_due
from saaskit_django.outbox.models import OutboxMessage
from tests.django.accounts.conftest import PASSWORD, Api, field_errors, problem

pytestmark = pytest.mark.django_db

NEW = "another horse, another battery"


@pytest.fixture
def reset_token(api: Api, user: User) -> str:
    assert api.post("auth/request-password-reset/", email=user.email).status_code == 202
    deliver_due()
    return token_in(mail.outbox[-1].body)


def token_in(text: str) -> str:
    url = re.search(r"https://\S+", text)
    assert url is not None, text
    return parse_qs(urlsplit(url[0]).query)["token"][0]


def test_the_mail_goes_to_the_stored_address_with_a_link_to_the_frontend(
    api: Api, user: User
) -> None:
    response = api.post("auth/request-password-reset/", email="\uff21DA@EXAMPLE.com")
    deliver_due()
    assert response.status_code == 202
    (message,) = mail.outbox
    assert message.to == ["ada@example.com"]
    assert "https://app.example.com/reset-password?token=" in message.body
    assert "Hello Ada Lovelace," in message.body
    html = message.alternatives[0][0]
    assert "https://app.example.com/reset-password?token=" in html


def test_names_are_escaped_in_html_mails(api: Api, user: User) -> None:
    User.objects.update(full_name="<img src=x onerror=alert(1)>")
    api.post("auth/request-password-reset/", email=user.email)
    deliver_due()
    html = mail.outbox[0].alternatives[0][0]
    assert "<img" not in html
    assert "&lt;img" in html


def test_known_unknown_and_closed_addresses_get_one_answer_after_the_same_work(
    api: Api, user: User
) -> None:
    User.objects.create_user("off@example.com", PASSWORD, full_name="Off", is_active=False)
    api.post("auth/request-password-reset/", email="first@example.com")
    answers = []
    queries = []
    for email in (user.email, "nobody@example.com", "off@example.com"):
        with CaptureQueriesContext(connection) as captured:
            response = api.post("auth/request-password-reset/", email=email)
        answers.append((response.status_code, response.content))
        queries.append(len(captured))
    assert answers == [answers[0]] * 3
    assert queries == [queries[0]] * 3
    assert api.post("auth/request-password-reset/", email="no address").status_code == 202
    deliver_due()
    assert [each.to for each in mail.outbox] == [[user.email]]
    assert ActivityLog.objects.filter(activity_type="password_reset_requested").count() == 5


def test_no_token_is_stored(reset_token: str) -> None:
    for message in OutboxMessage.objects.all():
        assert reset_token not in str(message.payload)


def test_a_reset_sets_the_password_once_and_ends_every_login(signed_in: Api, user: User) -> None:
    signed_in.post("auth/request-password-reset/", email=user.email)
    deliver_due()
    token = token_in(mail.outbox[-1].body)
    response = signed_in.post("auth/reset-password/", token=token, new_password=NEW)
    deliver_due()
    assert response.status_code == 200
    assert problem(signed_in.get("core/user/"))[0] == 401
    assert problem(signed_in.post("auth/token/refresh/", refresh=signed_in.refresh))[0] == 401
    again = signed_in.post("auth/reset-password/", token=token, new_password=NEW + "!")
    assert field_errors(again) == {"/token": "link_invalid"}
    assert Api().login(user.email).status_code == 401
    assert Api().login(user.email, NEW).status_code == 200
    assert mail.outbox[-1].subject == "Your password was changed"
    assert Profile.objects.get(user=user).session_epoch == 1


def test_a_weak_password_leaves_the_link_usable(api: Api, user: User, reset_token: str) -> None:
    weak = api.post("auth/reset-password/", token=reset_token, new_password="password")
    assert field_errors(weak) == {"/new_password": "password_too_common"}
    assert user.password == User.objects.get().password
    done = api.post("auth/reset-password/", token=reset_token, new_password=NEW)
    assert done.status_code == 200


def test_a_link_dies_with_a_login_a_new_password_or_a_new_address(api: Api, user: User) -> None:
    def attempt(token: str) -> None:
        response = api.post("auth/reset-password/", token=token, new_password=NEW)
        assert field_errors(response) == {"/token": "link_invalid"}

    token = links.mint(Purpose.PASSWORD_RESET, user=user)
    Api().login(user.email)
    attempt(token)
    user.refresh_from_db()
    token = links.mint(Purpose.PASSWORD_RESET, user=user)
    User.objects.update(email="ada@example.org")
    attempt(token)
    user.refresh_from_db()
    token = links.mint(Purpose.PASSWORD_RESET, user=user)
    user.set_password("something else again")
    user.save()
    attempt(token)
    token = links.mint(Purpose.PASSWORD_RESET, user=user)
    User.objects.update(is_active=False)
    attempt(token)


def test_a_link_lives_one_hour(api: Api, user: User) -> None:
    token = links.mint(Purpose.PASSWORD_RESET, user=user)
    with time_machine.travel(clock.now() + timedelta(minutes=61), tick=False):
        late = api.post("auth/reset-password/", token=token, new_password=NEW)
        assert field_errors(late) == {"/token": "link_invalid"}
    with time_machine.travel(clock.now() + timedelta(minutes=59), tick=False):
        assert api.post("auth/reset-password/", token=token, new_password=NEW).status_code == 200


def test_a_token_of_another_purpose_or_signer_is_refused(api: Api, user: User) -> None:
    good = links.mint(Purpose.PASSWORD_RESET, user=user)
    for token in (
        links.mint(Purpose.EMAIL_CHANGE, user=user),
        signing.dumps({"user": str(user.pk), "serial": 0, "state": ""}),
        signing.dumps([1], salt="saaskit.accounts.password-reset"),
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        "rubbish",
        "a:b:c",
        "ü",
        "x" * 4000,
    ):
        response = api.post("auth/reset-password/", token=token, new_password=NEW)
        assert field_errors(response) == {"/token": "link_invalid"}, token
    assert user.password == User.objects.get().password


def test_changing_the_password_keeps_this_login_and_ends_the_others(
    signed_in: Api, user: User
) -> None:
    other = Api()
    other.login(user.email)
    response = signed_in.post(
        "auth/users/change-password/", old_password=PASSWORD, new_password=NEW
    )
    deliver_due()
    assert response.status_code == 200
    assert signed_in.get("core/user/").status_code == 200
    refreshed = signed_in.post("auth/token/refresh/", refresh=signed_in.refresh)
    assert refreshed.status_code == 200
    assert problem(other.get("core/user/"))[0] == 401
    assert problem(other.post("auth/token/refresh/", refresh=other.refresh))[0] == 401
    assert Api().login(user.email, NEW).status_code == 200
    assert mail.outbox[-1].subject == "Your password was changed"
    assert ActivityLog.objects.filter(user=user, activity_type="password_changed").exists()


def test_put_is_accepted_too(signed_in: Api) -> None:
    body = {"old_password": PASSWORD, "new_password": NEW}
    assert signed_in.call("PUT", "auth/users/change-password/", body).status_code == 200


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"old_password": "wrong", "new_password": NEW}, {"/old_password": "password_wrong"}),
        (
            {"old_password": PASSWORD, "new_password": "short"},
            {"/new_password": "password_too_short"},
        ),
        (
            {"old_password": PASSWORD, "new_password": "é" * 2049},
            {"/new_password": "password_too_long"},
        ),
        ({"old_password": "é" * 2049, "new_password": NEW}, {"/old_password": "password_too_long"}),
        ({"old_password": PASSWORD}, {"/new_password": "required"}),
        (
            {"old_password": PASSWORD, "new_password": NEW, "user_id": 1},
            {"/user_id": "unknown_field"},
        ),
    ],
)
def test_a_refused_change_changes_nothing(
    signed_in: Api, user: User, body: dict, errors: dict
) -> None:
    response = signed_in.post("auth/users/change-password/", **body)
    assert field_errors(response) == errors
    assert Api().login(user.email).status_code == 200
    assert signed_in.get("core/user/").status_code == 200


def test_guessing_the_old_password_is_limited(signed_in: Api) -> None:
    for _ in range(5):
        signed_in.post("auth/users/change-password/", old_password="no", new_password=NEW)
    response = signed_in.post(
        "auth/users/change-password/", old_password=PASSWORD, new_password=NEW
    )
    assert problem(response) == (429, "too_many_attempts")


def test_changing_needs_a_login(api: Api, db: None) -> None:
    response = api.post("auth/users/change-password/", old_password="a", new_password="b")
    assert problem(response)[0] == 401
