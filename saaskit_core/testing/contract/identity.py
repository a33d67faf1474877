"""A provider says truly what it is, and keeps its settings to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from saaskit_core.provider_setup import build, provider_problem
from saaskit_core.providers import CAPABILITIES, ProviderConfigurationError, capabilities

if TYPE_CHECKING:
    from saaskit_core.testing.contract.harness import ProviderHarness


class IdentityContract:
    """Class attributes, capabilities, settings."""

    def test_a_plugin_may_register_it(self, harness: ProviderHarness) -> None:
        """The loader finds nothing to complain about: names, settings, whole capabilities."""
        assert provider_problem(harness.provider_class) == ""

    def test_it_claims_what_it_implements(self, harness: ProviderHarness) -> None:
        """An instance can do exactly what its class says."""
        provider = harness.provider()
        assert capabilities(provider) == capabilities(harness.provider_class)
        for name in capabilities(provider):
            assert isinstance(provider, CAPABILITIES[name])

    def test_it_goes_by_its_alias(self, harness: ProviderHarness) -> None:
        """Two accounts of one provider are told apart by the alias."""
        built = build(harness.provider_class, name="second", settings=harness.settings())
        assert built.name == "second"

    def test_working_settings_pass_its_own_check(self, harness: ProviderHarness) -> None:
        """The check that `saaskit doctor` makes."""
        harness.provider().check_configuration()

    def test_a_misspelt_setting_is_refused_by_name(self, harness: ProviderHarness) -> None:
        """Nothing is silently left out."""
        settings = {**harness.settings(), "surely_not_a_setting": 1}
        with pytest.raises(ProviderConfigurationError, match="surely_not_a_setting"):
            build(harness.provider_class, name="contract", settings=settings)

    def test_its_repr_shows_no_secret(self, harness: ProviderHarness) -> None:
        """Neither the provider nor its settings print a secret."""
        settings = harness.provider_class.settings_model.model_validate(dict(harness.settings()))
        shown = f"{harness.provider()!r} {harness.provider()} {settings!r} {settings}"
        assert [secret for secret in harness.secrets() if secret in shown] == []

    def test_a_refused_setting_shows_no_secret(self, harness: ProviderHarness) -> None:
        """A settings error names the setting, never a value."""
        settings = {**harness.settings(), "surely_not_a_setting": "hunter2-canary"}
        with pytest.raises(ProviderConfigurationError) as raised:
            build(harness.provider_class, name="contract", settings=settings)
        shown = f"{raised.value!r} {raised.value}"
        assert "hunter2-canary" not in shown
        assert [secret for secret in harness.secrets() if secret in shown] == []
