from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from saaskit_django import registry
from saaskit_providers.sandbox.provider import SandboxProvider


@pytest.fixture
def sandbox(settings: Any, tmp_path: Path) -> SandboxProvider:
    """The sandbox of this test, with books of its own, as the site sees it."""
    providers = {"sandbox": {"type": "sandbox", "path": str(tmp_path / "sandbox.sqlite3")}}
    settings.SAASKIT = {**settings.SAASKIT, "PROVIDERS": providers}
    provider = registry.payment_provider("sandbox")
    assert isinstance(provider, SandboxProvider)
    return provider
