from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from saaskit_django import registry
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.contract.world import World

PATIENT = dict.fromkeys(
    (
        *("login", "login_failed", "login_failed_per_ip", "register", "token", "password_reset"),
        *("password_reset_mail", "password_change", "email_change", "confirm"),
        *("coupon", "referral"),
    ),
    "100000/m",
)
"""Rates so wide that many wrong calls are answered for what is wrong with them."""


@pytest.fixture
def world(settings: Any, tmp_path: Path, db: None) -> World:
    settings.SAASKIT = {
        **settings.SAASKIT,
        "PROVIDERS": {"sandbox": {"type": "sandbox", "path": str(tmp_path / "books.sqlite3")}},
        "RATE_LIMITS": PATIENT,
    }
    sandbox = registry.payment_provider("sandbox")
    assert isinstance(sandbox, SandboxProvider)
    return World(sandbox)
