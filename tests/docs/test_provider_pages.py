"""The code on the pages about providers runs as it stands there."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from saaskit_core.provider_setup import build, provider_problem
from saaskit_core.providers import WebhookVerificationError
from saaskit_core.testing.behaviours import Operation
from saaskit_providers.sandbox import SandboxProvider, SandboxSettings
from saaskit_providers.sandbox.methods import behaviour_of
from tests.architecture.source import ROOT

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def text_of(page):
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def run(page):
    """Run the page's Python from top to bottom, in one namespace."""
    namespace = {"__name__": "page"}
    for block in BLOCK.findall(text_of(page)):
        exec(compile(block, page, "exec", dont_inherit=True), namespace)
    return namespace


def test_the_sandbox_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = run("howto/sandbox.md")
    entry = ran["SAASKIT"]["PROVIDERS"]["sandbox"]
    assert entry.pop("type") == SandboxProvider.type_name
    build(SandboxProvider, name="sandbox", settings=entry).check_configuration()
    assert len(ran["sandbox"].signed_deliveries()) == 3


def test_the_sandbox_page_names_every_setting():
    named = set(re.findall(r"^\| `(\w+)` \|", text_of("howto/sandbox.md"), re.MULTILINE))
    assert set(SandboxSettings.model_fields) <= named


def test_the_sandbox_page_names_methods_that_exist():
    named = re.findall(r"^\| `(pm_card_[^`]+)` \|", text_of("howto/sandbox.md"), re.MULTILINE)
    assert len(named) == 12
    for method in named:
        example = method.replace("<reason>", "lost_or_stolen").replace("<n>", "2")
        assert behaviour_of(example, charges=0) is not None, method


def test_the_sandbox_page_names_every_operation():
    page = text_of("howto/sandbox.md")
    assert [each for each in Operation if each not in page.lower()] == []


def test_the_page_on_writing_a_provider():
    ran = run("howto/write_a_provider.md")
    assert provider_problem(ran["Acme"]) == ""
    assert ran["saaskit_payment_providers"]() == [ran["Acme"]]
    settings = dict(ran["SAASKIT"]["PROVIDERS"]["acme-us"])
    assert settings.pop("type") == ran["Acme"].type_name
    acme = build(ran["Acme"], name="acme-us", settings=settings)
    with pytest.raises(WebhookVerificationError):
        acme.parse_webhook(
            ran["WebhookRequest"](
                headers={}, body=b"{}", url="", received_at=datetime(2026, 1, 1, tzinfo=UTC)
            )
        )


def test_the_page_on_hooks():
    run("reference/hooks.md")
