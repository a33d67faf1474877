"""`saaskit doctor`: say what a project is missing, and exit with 1 when that is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from saaskit_core.errors import SaasKitError
from saaskit_core.plugin_reports import describe
from saaskit_django.cli import probes, project
from saaskit_django.cli.findings import Finding, as_json, as_text, error, is_well, ok
from saaskit_django.cli.options import add_options

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator

PROBES: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
    ("apps", probes.apps_installed),
    ("checks", probes.system_checks),
    ("urls", probes.routes_included),
    ("plugins", probes.plugins_loaded),
    ("providers", probes.providers_answer),
    ("notifiers", probes.notifiers_built),
    ("database", probes.database_answers),
    ("migrations", probes.migrations_applied),
    ("clock", probes.clocks_agree),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser)


def run(arguments: argparse.Namespace, *, out: TextIO, **_: object) -> int:
    """Print the findings; return 0 when there is no error."""
    findings = tuple(examine(arguments.settings))
    out.write(as_json(findings) if arguments.json else as_text(findings))
    return 0 if is_well(findings) else 1


def examine(settings: str = "") -> Iterator[Finding]:
    """Start the project and run every probe; one that fails doesn't keep the others from it."""
    try:
        module = project.settings_module(settings)
    except project.ProjectNotFound as exc:
        yield error("settings", str(exc))
        return
    try:
        project.start(module)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 (the host's settings may raise anything)
        hint = "Correct what it names; `saaskit init` prints the lines a project needs."
        yield error("settings", f"{module} can't be used: {describe(exc)}", hint=hint)
        return
    yield ok("settings", module)
    for name, probe in PROBES:
        yield from _run(name, probe)


def _run(name: str, probe: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from probe()
    except SaasKitError as exc:
        yield error(name, str(exc))
    except (Exception, SystemExit) as exc:  # noqa: BLE001 (a probe reaches into plugins and hosts)
        yield error(name, f"it could not be examined: {describe(exc)}")
