"""Providers and notifiers by alias; contributions by name."""

from __future__ import annotations

import pytest

from saaskit_core.notifiers import Channel
from saaskit_core.provider_errors import ProviderConfigurationError
from saaskit_django import registry
from saaskit_django.registry import (
    NoDefaultProvider,
    ProviderNotFound,
    ProviderTypeUnknown,
    SandboxRefused,
)


@pytest.fixture
def site(settings, tmp_path):
    def configure(**saaskit):
        settings.SAASKIT = {"ALLOW_SANDBOX": True, **saaskit}

    configure(PROVIDERS={"play": {"type": "sandbox", "path": str(tmp_path / "s.sqlite3")}})
    return configure


def test_a_provider_is_built_once_per_alias(site):
    provider = registry.payment_provider("play")
    assert provider.name == "play"
    assert registry.payment_provider("play") is provider
    assert registry.payment_providers() == {"play": provider}
    assert registry.default_provider() == "play"


def test_changed_settings_build_anew(site, tmp_path):
    before = registry.payment_provider("play")
    site(PROVIDERS={"play": {"type": "sandbox", "path": str(tmp_path / "other.sqlite3")}})
    assert registry.payment_provider("play") is not before


def test_what_is_not_configured_is_not_found(site):
    with pytest.raises(ProviderNotFound):
        registry.payment_provider("stripe")
    site()
    with pytest.raises(NoDefaultProvider):
        registry.default_provider()


def test_an_unknown_type_is_named(site):
    site(PROVIDERS={"x": {"type": "nothing"}})
    with pytest.raises(ProviderTypeUnknown, match="nothing"):
        registry.payment_provider("x")


def test_wrong_settings_are_named(site):
    site(PROVIDERS={"x": {"type": "sandbox", "pth": "a"}})
    with pytest.raises(ProviderConfigurationError, match="'path'"):
        registry.payment_provider("x")


def test_the_sandbox_is_refused_in_production(site, settings):
    settings.SAASKIT = {**settings.SAASKIT, "ALLOW_SANDBOX": False}
    with pytest.raises(SandboxRefused):
        registry.payment_provider("play")
    settings.DEBUG = True
    assert registry.payment_provider("play").name == "play"


def test_e_mail_goes_through_django_unless_set_up_otherwise(site):
    assert registry.notifier_for(Channel.EMAIL).type_name == "django_mail"
    assert registry.notifier_for(Channel.SMS) is None
    site(NOTIFIERS={"log": {"type": "console"}})
    assert registry.notifier_for(Channel.EMAIL).name == "log"
    assert registry.notifier_for(Channel.SMS).name == "log"


def test_unknown_notifiers_are_refused(site):
    site(NOTIFIERS={"log": {"type": "nothing"}})
    with pytest.raises(ProviderTypeUnknown):
        registry.notifier("log")
    with pytest.raises(ProviderNotFound):
        registry.notifier("other")


def test_contributions_are_imported_late_and_count_once(monkeypatch):
    monkeypatch.setattr(registry, "_contributed", {})
    registry.contribute("tests", "tests.django.test_registry.site")
    registry.contribute("tests", "tests.django.test_registry.site")
    registry.contribute("tests", 7)
    assert registry.contributions("tests") == (site, 7)
    assert registry.contributions("nothing") == ()
