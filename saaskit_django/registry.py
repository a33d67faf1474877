"""What is plugged in: provider and notifier instances by alias, and what the apps contribute.

Apps and host projects contribute in `AppConfig.ready`, by object or by dotted string, under a
name that whoever reads it documents: nothing is imported or built before it is asked for, and a
second contribution of the same thing counts once.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.plugins import load_plugins
from saaskit_core.provider_setup import build
from saaskit_django.conf import conf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saaskit_core.notifiers import Channel, Notifier
    from saaskit_core.plugin_reports import PluginReport
    from saaskit_core.providers import PaymentProvider

NOTIFIER_TYPES = "notifier_types"
"""The contribution of notifier classes that come with an app instead of a plugin."""

REFERRAL_CLAIMS = "referral_claims"
"""Functions that take a referral code given with a purchase: `(customer, code=, user=, now=)`."""

ERASERS = "erasers"
"""Functions that forget what an app knows of a person, inside a transaction: `(user=, now=)`."""


class ProviderNotFound(SaasKitError):
    """No payment provider or notifier is configured under this name."""

    code = "provider_not_found"
    kind = ErrorKind.NOT_FOUND
    template = "There is no provider called %(alias)s."


class ProviderTypeUnknown(SaasKitError):
    """The settings name a type that no installed plugin offers."""

    code = "provider_type_unknown"
    kind = ErrorKind.UNAVAILABLE
    template = "The provider %(alias)s is not available: no plugin offers the type %(type)s."


class NoDefaultProvider(SaasKitError):
    """No payment provider is configured at all."""

    code = "no_payment_provider"
    kind = ErrorKind.UNAVAILABLE
    template = "No payment provider is set up."


class SandboxRefused(SaasKitError):
    """A provider made for tests is configured on a production site."""

    code = "sandbox_refused"
    kind = ErrorKind.UNAVAILABLE
    template = "The provider %(alias)s is for tests only and is switched off on this site."


_contributed: dict[str, list[object]] = {}


def contribute(name: str, value: object) -> None:
    """Add `value`, an object or its dotted string, to the contributions called `name`."""
    values = _contributed.setdefault(name, [])
    if value not in values:
        values.append(value)


def contributions(name: str) -> tuple[object, ...]:
    """Return what was contributed under `name`, dotted strings imported, in order."""
    values = _contributed.get(name, [])
    return tuple(import_string(value) if isinstance(value, str) else value for value in values)


@cache
def plugins() -> PluginReport:
    """Return the installed plugins: what works, what failed and why."""
    return load_plugins(allow=conf().plugins_allow, block=conf().plugins_block)


def default_provider() -> str:
    """Return the alias of DEFAULT_PROVIDER, else of the first one. Raises NoDefaultProvider."""
    alias = conf().default_provider or next(iter(conf().providers), None)
    if alias is None:
        raise NoDefaultProvider
    return alias


@cache
def payment_provider(alias: str) -> PaymentProvider:
    """Return the provider configured as `alias`, the same instance every time.

    Raises ProviderNotFound, ProviderTypeUnknown, SandboxRefused or ProviderConfigurationError.
    """
    entry = conf().providers.get(alias)
    if entry is None:
        raise ProviderNotFound(alias=alias[:64])
    kind = plugins().payment_providers.get(entry.type)
    if kind is None:
        raise ProviderTypeUnknown(alias=alias, type=entry.type)
    _refuse_in_production(alias, is_production_ready=kind.is_production_ready)
    return build(kind, name=alias, settings=entry.settings)


def payment_providers() -> dict[str, PaymentProvider]:
    """Return every configured provider by its alias; one that can't be built raises."""
    return {alias: payment_provider(alias) for alias in conf().providers}


def notifier_types() -> Mapping[str, type[Notifier]]:
    """Return the notifier classes by type: those of the apps, then those of the plugins."""
    return {**plugins().notifiers, **{kind.type_name: kind for kind in _own_notifiers()}}


@cache
def notifier(alias: str) -> Notifier:
    """Return the notifier configured as `alias`; raises like `payment_provider`.

    The type's own name is an alias too, as long as the type needs no settings.
    """
    entry = conf().notifiers.get(alias)
    kind = notifier_types().get(entry.type if entry else alias)
    if kind is None and entry is None:
        raise ProviderNotFound(alias=alias[:64])
    if kind is None:
        raise ProviderTypeUnknown(alias=alias, type=entry.type if entry else alias)
    _refuse_in_production(alias, is_production_ready=kind.is_production_ready)
    return build(kind, name=alias, settings=entry.settings if entry else {})


def notifier_for(channel: Channel) -> Notifier | None:
    """Return the first configured notifier of a channel, else the apps' own one."""
    for alias, entry in conf().notifiers.items():
        kind = notifier_types().get(entry.type)
        if kind is not None and channel in kind.channels:
            return notifier(alias)
    own = (each for each in _own_notifiers() if channel in each.channels)
    first = next(own, None)
    return notifier(first.type_name) if first else None


def _own_notifiers() -> tuple[type[Notifier], ...]:
    return cast("tuple[type[Notifier], ...]", contributions(NOTIFIER_TYPES))


def _refuse_in_production(alias: str, *, is_production_ready: bool) -> None:
    if not (is_production_ready or settings.DEBUG or conf().allow_sandbox):
        raise SandboxRefused(alias=alias)


def forget() -> None:
    """Drop what was built, so that changed settings are read again."""
    for built in (plugins, payment_provider, notifier):
        built.cache_clear()


def _on_setting_changed(*, setting: str, **_: object) -> None:
    if setting in {"SAASKIT", "DEBUG"}:
        conf.cache_clear()
        forget()


setting_changed.connect(_on_setting_changed, dispatch_uid="saaskit.registry")
