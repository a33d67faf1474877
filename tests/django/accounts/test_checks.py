from __future__ import annotations

import pytest
from django.conf import settings as django_settings

from saaskit_django.accounts.checks import check_accounts


def ids() -> list[str | None]:
    return [message.id for message in check_accounts()]


def test_the_full_project_is_fine() -> None:
    assert ids() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"AUTH_USER_MODEL": "auth.User"}, "saaskit.E301"),
        ({"AUTH_PASSWORD_VALIDATORS": []}, "saaskit.W305"),
        ({"SIMPLE_JWT": {"BLACKLIST_AFTER_ROTATION": True}}, "saaskit.E304"),
    ],
)
def test_each_fault_has_its_message(settings, changes: dict, expected: str) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    (message,) = check_accounts()
    assert message.id == expected
    assert message.hint


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"JWT": {"ACCESS_MINUTES": 14_400}}, "saaskit.W302"),
        ({"RATE_LIMITS": {"login": "often"}}, "saaskit.E303"),
    ],
)
def test_each_fault_of_our_settings_has_its_message(settings, changes, expected) -> None:
    settings.SAASKIT = {**settings.SAASKIT, **changes}
    (message,) = check_accounts()
    assert message.id == expected
    assert message.hint


def test_settings_that_cannot_be_read_are_left_to_their_own_check(settings) -> None:
    settings.SAASKIT = {"FRONTEND_URLS": ""}
    assert ids() == []


def test_a_blacklist_that_is_installed_is_fine(settings, monkeypatch) -> None:
    settings.SIMPLE_JWT = {"BLACKLIST_AFTER_ROTATION": True}
    names = [*settings.INSTALLED_APPS, "rest_framework_simplejwt.token_blacklist"]
    monkeypatch.setattr(django_settings, "INSTALLED_APPS", names)
    assert ids() == []
