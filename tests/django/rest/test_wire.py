"""How values look on the wire, and the errors of a host's own code."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import UnreadablePostError
from rest_framework import exceptions

from saaskit_core.money import Money
from saaskit_django.customers.models import Profile
from saaskit_django.rest.fields import DayField, InstantField, MoneyField, UserIdField
from saaskit_django.rest.problems import problem_of


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money(1999, "USD"), "19.99"),
        (Money(1999, "JPY"), "1999"),
        (Money(1999, "KWD"), "1.999"),
        (Money(-5, "EUR"), "-0.05"),
        (Money(0, "USD"), "0.00"),
    ],
)
def test_money_has_its_currencys_decimals(amount, text):
    assert MoneyField().to_representation(amount) == text


def test_instants_are_utc_and_days_are_days():
    at = datetime(2026, 1, 31, 10, tzinfo=timezone(timedelta(hours=2)))
    assert InstantField().to_representation(at) == "2026-01-31T08:00:00Z"
    assert DayField().to_representation(date(2026, 1, 31)) == "2026-01-31"
    assert InstantField().to_representation(datetime(2026, 1, 1, tzinfo=UTC)).endswith("Z")


def test_a_users_id_is_a_number_or_text():
    key = uuid.UUID(int=7)
    assert UserIdField().to_representation(7) == 7
    assert UserIdField().to_representation(key) == str(key)


@pytest.mark.parametrize(
    ("exc", "status", "code"),
    [
        (RequestDataTooBig(), 413, "body_too_large"),
        (UnreadablePostError(), 400, "bad_request"),
        (exceptions.PermissionDenied(), 403, "permission_denied"),
        (exceptions.NotFound(), 404, "not_found"),
        (exceptions.ParseError(), 400, "parse_error"),
        (exceptions.NotAcceptable(), 406, "not_acceptable"),
    ],
)
def test_a_hosts_exceptions_become_problems(exc, status, code):
    problem = problem_of(exc)
    assert (problem.status, problem.code) == (status, code)


def test_model_validation_points_at_its_fields():
    by_field = DjangoValidationError({"name": ["too odd"], "__all__": ["never together"]})
    errors = {(each.pointer, each.detail) for each in problem_of(by_field).errors}
    assert errors == {("/name", "too odd"), ("", "never together")}
    (alone,) = problem_of(DjangoValidationError("no", code="odd")).errors
    assert (alone.pointer, alone.code) == ("", "odd")


@pytest.mark.parametrize(("role", "status"), [("user", 403), ("moderator", 200), ("admin", 200)])
def test_moderators_and_admins_moderate(ada, role, status):
    Profile.objects.create(user=ada.user, role=role)
    assert ada.get("/moderators/").status_code == status
