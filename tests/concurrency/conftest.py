from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from saaskit_django import registry
from saaskit_providers.sandbox.provider import SandboxProvider


@pytest.fixture
def sandbox(settings: Any, tmp_path: Path) -> SandboxProvider:
    settings.SAASKIT = {
        **settings.SAASKIT,
        "PROVIDERS": {"sandbox": {"type": "sandbox", "path": str(tmp_path / "books.sqlite3")}},
    }
    sandbox = registry.payment_provider("sandbox")
    assert isinstance(sandbox, SandboxProvider)
    return sandbox


@pytest.fixture
def untuned_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads open their SQLite connections with Django's defaults and nothing else."""
    if connections["default"].vendor == "sqlite":
        monkeypatch.setitem(connections.settings["default"], "OPTIONS", {})
