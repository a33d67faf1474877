from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from saaskit_core.accounts import EmailInvalid
from saaskit_django.accounts.models import RefreshToken, User
from tests.django.accounts.conftest import Api

pytestmark = pytest.mark.django_db


def test_addresses_are_stored_normalised() -> None:
    user = User.objects.create_user(" Ada@EXAMPLE.com", None, full_name="Ada Lovelace")
    assert str(user) == user.email == "ada@example.com"
    assert not user.has_usable_password()
    assert (user.get_full_name(), user.get_short_name()) == ("Ada Lovelace", "Ada")


def test_a_superuser_may_enter_the_admin() -> None:
    boss = User.objects.create_superuser("boss@example.com", "x" * 12, full_name="Boss")
    assert (boss.is_staff, boss.is_superuser) == (True, True)


@pytest.mark.parametrize("email", ["", "nobody", "a@b"])
def test_what_is_no_address_makes_no_user(email: str) -> None:
    with pytest.raises(EmailInvalid):
        User.objects.create_user(email, None, full_name="A")
    with pytest.raises(User.DoesNotExist):
        User.objects.get_by_natural_key(email)


def test_forms_are_told_about_an_invalid_address() -> None:
    with pytest.raises(ValidationError) as refused:
        User(email="a b@example.com", full_name="A").clean()
    assert set(refused.value.message_dict) == {"email"}


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@EXAMPLE.COM", "Ada@example.com"])
def test_the_database_itself_refuses_a_second_spelling(user: User, email: str) -> None:
    values = (email, "", "B", True, False, False)
    statement = (
        "INSERT INTO saaskit_accounts_user"
        " (email, password, full_name, is_active, is_staff, is_superuser, created_at, updated_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)"
    )
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_the_database_itself_refuses_a_second_row_of_one_token(signed_in: Api) -> None:
    row = RefreshToken.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        RefreshToken.objects.create(session=row.session, jti=row.jti, expires_at=row.expires_at)


def test_rows_say_what_they_are(signed_in: Api, user: User) -> None:
    row = RefreshToken.objects.get()
    assert str(row) == f"refresh token {row.pk}"
    assert str(row.session) == f"login {row.session_id} of user {user.pk}"
