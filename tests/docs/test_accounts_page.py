"""The page about accounts says what is so, and its code runs."""

from __future__ import annotations

import re

import pytest
from django.db import transaction

from saaskit_django import clock
from saaskit_django.accounts.models import LoginSession
from saaskit_django.accounts.services.throttles import DEFAULT_RATES
from saaskit_django.accounts.urls import api_urls, auth_urls, core_urls
from tests.architecture.source import ROOT
from tests.builders import make_user

PAGE = (ROOT / "docs" / "howto" / "accounts.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.django_db
def test_the_code_runs():
    settings, *code = BLOCKS
    assert "AUTH_USER_MODEL" in settings
    user = make_user()
    names = {"user": user, "clock": clock, "transaction": transaction}
    for block in code:
        exec(compile(block, "accounts.md", "exec", dont_inherit=True), names)
    assert names["pair"].access
    assert LoginSession.objects.get().revoke_reason == "password"
    user.refresh_from_db()
    assert user.check_password("a new and longer one")


def test_every_rate_is_named_with_its_default():
    for scope, rate in DEFAULT_RATES.items():
        assert f"| `{scope}` | `{rate}` |" in PAGE


def test_every_path_is_named():
    routes = {
        *(f"auth/{route.pattern}" for route in auth_urls),
        *(f"core/{route.pattern}" for route in core_urls),
        *(str(route.pattern) for route in api_urls),
    }
    assert sorted(route for route in routes if f"{route}`" not in PAGE) == []
