"""The code on the page about webhooks runs as it stands there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from saaskit_core.providers import WebhookRequest
from saaskit_django import clock, registry
from saaskit_django.cli import webhooks
from saaskit_django.payments.models import WebhookEvent
from saaskit_django.payments.services.inbox import BACKOFF, MAX_ATTEMPTS
from saaskit_django.payments.services.webhook import receive
from saaskit_providers.sandbox.provider import SandboxProvider
from saaskit_providers.sandbox.signatures import HEADER, sign
from tests.architecture.source import ROOT

PAGE = "docs/howto/webhooks.md"
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
NEW, OLD = "whsec_" + "n" * 32, "whsec_" + "o" * 32


def body() -> bytes:
    """A delivery about a method, as the sandbox writes them."""
    event = {
        "id": "evt_1",
        "type": "method.attached",
        "created": clock.now().isoformat(),
        "livemode": False,
        "data": {"id": "pm_1"},
    }
    return json.dumps(event).encode()


@pytest.mark.django_db(transaction=True)
def test_the_page_runs(settings: Any, tmp_path: Any) -> None:
    entry = {"type": "sandbox", "path": str(tmp_path / "sandbox.sqlite3")}
    settings.SAASKIT = {**settings.SAASKIT, "PROVIDERS": {"sandbox": entry}, "DISPATCH": "worker"}
    now = clock.now()
    WebhookEvent.objects.create(
        provider="sandbox",
        event_id="evt_0",
        kind="payment.changed",
        body=b"{}",
        occurred_at=now,
        received_at=now,
        status="dead",
    )
    names: dict[str, Any] = {"__name__": "page", "NEW_SECRET": NEW, "OLD_SECRET": OLD}
    for block in PYTHON.findall((ROOT / PAGE).read_text(encoding="utf-8")):
        exec(compile(block, PAGE, "exec", dont_inherit=True), names)
    assert WebhookEvent.objects.get().status == "received"

    settings.SAASKIT = {**settings.SAASKIT, "PROVIDERS": {"sandbox": names["entry"]}}
    assert isinstance(registry.payment_provider("sandbox"), SandboxProvider)
    sent = body()
    for secret in (NEW, OLD):
        headers = {HEADER: sign(sent, secret=secret, at=now)}
        request = WebhookRequest(headers=headers, body=sent, url="", received_at=now)
        assert receive(provider_name="sandbox", request=request).status == "ignored"


def test_its_tables_are_true() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    for status in WebhookEvent.Status:
        assert f"| `{status}` |" in text
        assert status in webhooks.STATUSES
    assert MAX_ATTEMPTS == 12
    assert "after twelve attempts" in text
    assert BACKOFF[0].total_seconds() == 10
