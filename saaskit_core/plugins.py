"""Plugins: the hooks a package may implement, and a loader that one broken package can't stop.

A plugin is a module or an object named by an entry point of the group `saaskit`:

    [project.entry-points.saaskit]
    mollie = "saaskit_mollie"

Its functions are marked with `hookimpl`. All hooks but one only register classes and objects. The
module may set `SAASKIT_API` to the plugin API it was written for; without it the present one is
assumed.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from dataclasses import dataclass, field
from importlib import metadata
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

from saaskit_core.plugin_reports import (
    BlockedPlugin,
    Duplicate,
    FailedPlugin,
    HasPath,
    Listener,
    LoadedPlugin,
    PluginReport,
    describe,
)
from saaskit_core.provider_setup import notifier_problem, provider_problem, tax_engine_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from saaskit_core.billing.tax_engines import TaxEngine
    from saaskit_core.events import Event
    from saaskit_core.providers import Notifier, PaymentProvider

PROJECT = "saaskit"
GROUP = "saaskit"
API_VERSION = 1
"""What a plugin's `SAASKIT_API` is compared with; grows when a hook changes incompatibly."""

OWN_DISTRIBUTION = "saaskit"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """The hooks. Each one is optional."""

    @hookspec
    def saaskit_payment_providers(self) -> Sequence[type[PaymentProvider]]:
        """Return the payment provider classes of this package."""
        return ()

    @hookspec
    def saaskit_notifiers(self) -> Sequence[type[Notifier]]:
        """Return the notifier classes of this package."""
        return ()

    @hookspec
    def saaskit_tax_engines(self) -> Sequence[type[TaxEngine]]:
        """Return the tax engine classes of this package."""
        return ()

    @hookspec
    def saaskit_feature_definitions(self) -> Sequence[HasPath]:
        """Return the feature definitions that plans may then use."""
        return ()

    @hookspec
    def saaskit_domain_event(self, event: Event) -> None:
        """React to something that happened.

        Called after commit, at least once; what it raises is only reported.
        """


class UnknownHook(Exception):
    """Raised inside the loader for a hook that doesn't exist; the text names the closest one."""

    def __init__(self, hook: str) -> None:
        """Look for the hook that was meant."""
        known = [name for name in vars(Hooks) if name.startswith(PROJECT)]
        close = difflib.get_close_matches(hook, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
        super().__init__(f"there is no hook {hook}; {hint}")


class EntryPoint(Protocol):
    """The part of `importlib.metadata.EntryPoint` that the loader uses."""

    @property
    def name(self) -> str:
        """Return the plugin's name."""
        ...

    @property
    def dist(self) -> metadata.Distribution | None:
        """Return the distribution that declares it."""
        ...

    def load(self) -> Any:
        """Import it. May raise anything."""
        ...


def load_plugins(
    *,
    allow: Collection[str] | None = None,
    block: Collection[str] = (),
    entry_points: Iterable[EntryPoint] | None = None,
) -> PluginReport:
    """Import every installed plugin and collect what they register; nothing they do stops it.

    `allow` (None = all) and `block` are entry point names; `entry_points` defaults to those
    installed. SaaSKit's own come first, the others by distribution and name, and the first of two
    equal names wins.
    """
    loading = _Loading()
    found = sorted(loading.scan() if entry_points is None else entry_points, key=_order)
    for entry_point in found:
        if entry_point.name in block or (allow is not None and entry_point.name not in allow):
            loading.blocked.append(
                BlockedPlugin(name=entry_point.name, distribution=_distribution(entry_point))
            )
        else:
            loading.add(entry_point)
    named = {*block, *(allow or ())}
    return loading.report(unmatched=named - {entry_point.name for entry_point in found})


@dataclass(slots=True)
class _Loading:
    """The state of one run. Each plugin has a pluggy manager of its own, so none sees another."""

    loaded: list[LoadedPlugin] = field(default_factory=list)
    failed: list[FailedPlugin] = field(default_factory=list)
    blocked: list[BlockedPlugin] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    providers: dict[str, type[PaymentProvider]] = field(default_factory=dict)
    notifiers: dict[str, type[Notifier]] = field(default_factory=dict)
    tax_engines: dict[str, type[TaxEngine]] = field(default_factory=dict)
    features: dict[str, HasPath] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)
    objects: list[tuple[object, str]] = field(default_factory=list)
    owners: dict[tuple[str, str], str] = field(default_factory=dict)

    def scan(self) -> list[EntryPoint]:
        """List what is installed; a distribution with broken metadata only loses its own."""
        try:
            return list(metadata.entry_points(group=GROUP))
        except Exception:  # noqa: BLE001 (one malformed entry_points.txt spoils the whole listing)
            return [point for dist in metadata.distributions() for point in self._scan_one(dist)]

    def _scan_one(self, distribution: metadata.Distribution) -> list[EntryPoint]:
        try:
            return list(distribution.entry_points.select(group=GROUP))
        except Exception as exc:  # noqa: BLE001 (whatever its metadata makes importlib raise)
            name = str(getattr(distribution, "name", None) or "unknown")
            self.failed.append(
                FailedPlugin(name=name, distribution=name, problem=f"entry points: {describe(exc)}")
            )
            return []

    def add(self, entry_point: EntryPoint) -> None:
        found = _found(entry_point)
        if not self._claim("plugin", found.name, found):
            return
        try:
            plugin = entry_point.load()
            problem = self._known_as(plugin) or _plugin_problem(plugin)
            hooks = {} if problem else _implementations(plugin, found.name)
        except (Exception, SystemExit) as exc:  # noqa: BLE001 (a plugin may do anything at import)
            problem = describe(exc)
        if problem:
            self.failed.append(found.failure(problem))
            return
        self.objects.append((plugin, found.name))
        self._collect(hooks, dataclasses.replace(found, hooks=tuple(sorted(hooks))))

    def report(self, *, unmatched: set[str]) -> PluginReport:
        return PluginReport(
            loaded=tuple(self.loaded),
            failed=tuple(self.failed),
            blocked=tuple(self.blocked),
            duplicates=tuple(self.duplicates),
            unmatched=tuple(sorted(unmatched)),
            payment_providers=MappingProxyType(self.providers),
            notifiers=MappingProxyType(self.notifiers),
            tax_engines=MappingProxyType(self.tax_engines),
            feature_definitions=tuple(self.features.values()),
            listeners=tuple(self.listeners),
        )

    def _known_as(self, plugin: object) -> str:
        return next(
            (
                f"it is the same object as the plugin {name!r}"
                for known, name in self.objects
                if known is plugin
            ),
            "",
        )

    def _collect(self, hooks: Mapping[str, pluggy.HookImpl], plugin: LoadedPlugin) -> None:
        self.loaded.append(plugin)
        for hook, register in (
            ("saaskit_payment_providers", self._add_provider),
            ("saaskit_notifiers", self._add_notifier),
            ("saaskit_tax_engines", self._add_tax_engine),
            ("saaskit_feature_definitions", self._add_feature),
        ):
            if hook in hooks:
                self._register(hook, hooks[hook], register, plugin)
        if "saaskit_domain_event" in hooks:
            react = _listener(hooks["saaskit_domain_event"])
            self.listeners.append(Listener(plugin=plugin, react=react))

    def _register(
        self,
        hook: str,
        implementation: pluggy.HookImpl,
        register: Callable[[Any, LoadedPlugin], None],
        plugin: LoadedPlugin,
    ) -> None:
        try:
            items: Iterable[Any] = implementation.function()  # type: ignore[assignment]
            for item in items:
                register(item, plugin)
        except (Exception, SystemExit) as exc:  # noqa: BLE001 (a plugin may do anything when called)
            self.failed.append(plugin.failure(f"{hook} raised {describe(exc)}"))

    def _add_provider(self, candidate: Any, plugin: LoadedPlugin) -> None:
        problem = provider_problem(candidate)
        if problem:
            self._refuse("payment provider", candidate, plugin, problem)
        elif self._claim("payment provider", candidate.type_name, plugin):
            self.providers[candidate.type_name] = candidate

    def _add_notifier(self, candidate: Any, plugin: LoadedPlugin) -> None:
        problem = notifier_problem(candidate)
        if problem:
            self._refuse("notifier", candidate, plugin, problem)
        elif self._claim("notifier", candidate.type_name, plugin):
            self.notifiers[candidate.type_name] = candidate

    def _add_tax_engine(self, candidate: Any, plugin: LoadedPlugin) -> None:
        problem = tax_engine_problem(candidate)
        if problem:
            self._refuse("tax engine", candidate, plugin, problem)
        elif self._claim("tax engine", candidate.type_name, plugin):
            self.tax_engines[candidate.type_name] = candidate

    def _add_feature(self, definition: Any, plugin: LoadedPlugin) -> None:
        path = getattr(definition, "path", None)
        if not isinstance(path, str) or not path:
            self._refuse("feature definition", definition, plugin, "it has no path")
        elif self._claim("feature", path, plugin):
            self.features[path] = definition

    def _refuse(self, kind: str, candidate: object, plugin: LoadedPlugin, problem: str) -> None:
        name = getattr(candidate, "__name__", type(candidate).__name__)
        self.failed.append(plugin.failure(f"the {kind} {name} can't be used: {problem}"))

    def _claim(self, kind: str, claimed: str, plugin: LoadedPlugin) -> bool:
        owner = self.owners.get((kind, claimed))
        if owner is None:
            self.owners[kind, claimed] = f"{plugin.name} ({plugin.distribution})"
            return True
        self.duplicates.append(
            Duplicate(
                kind=kind,
                claimed=claimed,
                name=plugin.name,
                distribution=plugin.distribution,
                kept_by=owner,
            )
        )
        return False


def _order(entry_point: EntryPoint) -> tuple[bool, str, str]:
    distribution = _distribution(entry_point)
    return (distribution != OWN_DISTRIBUTION, distribution, entry_point.name)


def _distribution(entry_point: EntryPoint) -> str:
    return re.sub(r"[-_.]+", "-", _metadata(entry_point, "Name") or "unknown").lower()


def _metadata(entry_point: EntryPoint, key: str) -> str:
    try:
        stated = entry_point.dist.metadata if entry_point.dist else None
        return str(stated[key] or "") if stated is not None and key in stated else ""
    except Exception:  # noqa: BLE001 (broken metadata must not stop the others)
        return ""


def _found(entry_point: EntryPoint) -> LoadedPlugin:
    return LoadedPlugin(
        name=entry_point.name,
        distribution=_distribution(entry_point),
        version=_metadata(entry_point, "Version"),
        hooks=(),
    )


def _plugin_problem(plugin: object) -> str:
    if isinstance(plugin, type):
        return "the entry point names a class: name a module or an instance"
    version = getattr(plugin, "SAASKIT_API", API_VERSION)
    if version != API_VERSION:
        return f"it was made for plugin API {version!r}; this SaaSKit speaks {API_VERSION}"
    return ""


def _implementations(plugin: object, name: str) -> dict[str, pluggy.HookImpl]:
    """Register with pluggy, which checks names and arguments; raises PluginValidationError."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(plugin, name)
    known = {caller.name: caller for caller in manager.get_hookcallers(plugin) or ()}
    misspelt = [hook for hook, caller in known.items() if not caller.has_spec()]
    if misspelt:
        raise UnknownHook(misspelt[0])
    found = {hook: impl for hook, caller in known.items() for impl in caller.get_hookimpls()}
    if any(impl.wrapper or impl.hookwrapper for impl in found.values()):
        raise TypeError("hook wrappers are not supported")
    return found


def _listener(implementation: pluggy.HookImpl) -> Callable[[Event], None]:
    wants_event = bool(implementation.argnames)

    def react(event: Event) -> None:
        implementation.function(*([event] if wants_event else []))

    return react
