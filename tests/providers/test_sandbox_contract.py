"""The sandbox keeps the contract that every payment provider keeps."""

from __future__ import annotations

import pytest

from saaskit_core.provider_setup import build
from saaskit_core.providers import WebhookRequest
from saaskit_core.testing.behaviours import Operation
from saaskit_core.testing.clock import Clock
from saaskit_core.testing.contract import PaymentProviderContract, ProviderHarness
from saaskit_providers.sandbox import SandboxProvider, SandboxSettings
from saaskit_providers.sandbox.signatures import HEADER, sign

SECRET = "whsec_contract_canary_0123456789"


class SandboxHarness(ProviderHarness):
    provider_class = SandboxProvider
    ok_method = "pm_card_ok"

    def __init__(self, folder):
        self._folder = folder
        self.clock = Clock()

    def settings(self):
        return {"path": self._folder / "sandbox.sqlite3", "webhook_secrets": [SECRET]}

    def provider(self):
        return SandboxProvider(
            SandboxSettings.model_validate(self.settings()), name="contract", clock=self.clock
        )

    def secrets(self):
        return [SECRET]

    def script(self, behaviour, *, operation=Operation.CHARGE):
        self.provider().script(behaviour, operation=operation)

    def now(self):
        return self.clock()

    def sign(self, body, *, at=None, with_wrong_key=False):
        secret = SECRET[::-1] if with_wrong_key else SECRET
        header = sign(body, secret=secret, at=at or self.clock())
        return WebhookRequest(
            headers={"content-type": "application/json", HEADER: header},
            body=body,
            url="https://example.com/webhooks/contract/",
            received_at=self.clock(),
        )

    def webhook_bodies(self):
        return [delivery.body for delivery in self.provider().signed_deliveries()]


class TestSandbox(PaymentProviderContract):
    @pytest.fixture
    def harness(self, tmp_path):
        return SandboxHarness(tmp_path)


def test_its_own_settings_are_enough_to_build_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    built = build(SandboxProvider, name="sandbox", settings={})
    built.check_configuration()
    assert (tmp_path / "saaskit-sandbox.sqlite3").is_file()
