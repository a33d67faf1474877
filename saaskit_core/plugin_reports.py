"""What became of each plugin, and the objects that the working ones registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from saaskit_core.billing.tax_engines import TaxEngine
    from saaskit_core.events import Event
    from saaskit_core.notifiers import Notifier
    from saaskit_core.providers import PaymentProvider


class HasPath(Protocol):
    """What the loader needs to know of a feature definition: its dotted path."""

    @property
    def path(self) -> str:
        """Return the dotted path, such as "projects.max"."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPlugin:
    """A plugin that was imported and whose hooks are known ones."""

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...]

    def failure(self, problem: str) -> FailedPlugin:
        """Return the report that something of this plugin doesn't work."""
        return FailedPlugin(name=self.name, distribution=self.distribution, problem=problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPlugin:
    """Something of a plugin that doesn't work; whatever else the plugin offers stays in use."""

    name: str
    distribution: str
    problem: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.name} ({self.distribution}): {self.problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedPlugin:
    """A plugin that the settings leave out; it wasn't imported."""

    name: str
    distribution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """A name claimed twice. The first keeps it; this one is not used."""

    kind: str
    claimed: str
    name: str
    distribution: str
    kept_by: str

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"{self.name} ({self.distribution}): the {self.kind} {self.claimed!r} is already taken"
            f" by {self.kept_by}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One plugin's reaction to domain events."""

    plugin: LoadedPlugin
    react: Callable[[Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginReport:
    """What was found: the objects to use, and every plugin that was left out with the reason."""

    loaded: tuple[LoadedPlugin, ...]
    failed: tuple[FailedPlugin, ...]
    blocked: tuple[BlockedPlugin, ...]
    duplicates: tuple[Duplicate, ...]
    unmatched: tuple[str, ...]
    """Names in `allow` or `block` that no installed plugin has: usually a typing error."""
    payment_providers: Mapping[str, type[PaymentProvider]]
    notifiers: Mapping[str, type[Notifier]]
    tax_engines: Mapping[str, type[TaxEngine]]
    feature_definitions: tuple[HasPath, ...]
    listeners: tuple[Listener, ...]

    def publish(self, event: Event) -> tuple[FailedPlugin, ...]:
        """Tell every listening plugin, one by one, and return those that raised."""
        failures = (_react(listener, event) for listener in self.listeners)
        return tuple(failure for failure in failures if failure)


def describe(exc: BaseException) -> str:
    """Say what was raised, in one line of at most 300 characters or so."""
    try:
        text = " ".join(str(exc).split())[:300]
    except Exception:  # noqa: BLE001 (even its __str__ is a stranger's code)
        text = ""
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__


def _react(listener: Listener, event: Event) -> FailedPlugin | None:
    try:
        listener.react(event)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 (a plugin may do anything when called)
        return listener.plugin.failure(f"saaskit_domain_event raised {describe(exc)}")
    return None
