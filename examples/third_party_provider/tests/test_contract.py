"""Acme Pay keeps the contract that every payment provider keeps."""

from __future__ import annotations

import pytest
from acme_pay import AcmePay
from acme_pay.provider import HEADER, AcmeSettings, signature
from gateway import API_KEY, Gateway, serve

from saaskit_core.plugins import load_plugins
from saaskit_core.provider_setup import build
from saaskit_core.providers import ProviderConfigurationError, WebhookRequest, capabilities
from saaskit_core.testing.behaviours import Operation
from saaskit_core.testing.clock import Clock
from saaskit_core.testing.contract import PaymentProviderContract, ProviderHarness

SECRET = "acme-webhook-canary-0815"


class AcmeHarness(ProviderHarness):
    provider_class = AcmePay
    ok_method = "card-1"

    def __init__(self):
        self._clock = Clock()
        self._gateway = Gateway(self._clock)
        self._server = serve(self._gateway)

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def settings(self):
        return {
            "api_key": API_KEY,
            "webhook_secret": SECRET,
            "base_url": f"http://127.0.0.1:{self._server.server_port}",
        }

    def provider(self):
        return AcmePay(AcmeSettings.model_validate(self.settings()), name="contract")

    def secrets(self):
        return [API_KEY, SECRET]

    def script(self, behaviour, *, operation=Operation.CHARGE):
        self._gateway.script(behaviour, operation=operation)

    def now(self):
        return self._clock()

    def sign(self, body, *, at=None, with_wrong_key=False):
        stamp = str(int((at or self._clock()).timestamp()))
        secret = "somebody-elses-secret" if with_wrong_key else SECRET
        signed = f"{stamp}:{signature(body, secret=secret, stamp=stamp)}"
        return WebhookRequest(
            headers={HEADER: signed}, body=body, url="", received_at=self._clock()
        )

    def webhook_bodies(self):
        return list(self._gateway.notes)


@pytest.fixture
def harness():
    acme = AcmeHarness()
    yield acme
    acme.close()


class TestAcmePay(PaymentProviderContract):
    """Everything comes from the contract."""


def test_it_claims_what_it_implements_and_no_more():
    assert capabilities(AcmePay) == ("payments", "webhooks")


def test_a_wrong_key_is_a_configuration_error(harness):
    provider = build(AcmePay, name="acme", settings={**harness.settings(), "api_key": "wrong"})
    with pytest.raises(ProviderConfigurationError, match="api_key is not accepted"):
        provider.check_configuration()


def test_installed_it_is_found():
    report = load_plugins()
    if "acme_pay" not in {plugin.name for plugin in report.loaded}:
        pytest.skip("not installed in this environment")
    assert report.payment_providers["acme_pay"] is AcmePay
