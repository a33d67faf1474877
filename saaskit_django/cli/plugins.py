"""`saaskit plugins`: what is installed, what works, what was left out and why."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

from saaskit_core.plugins import load_plugins
from saaskit_django.cli.options import add_options

if TYPE_CHECKING:
    import argparse

    from saaskit_core.plugin_reports import PluginReport


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser)


def run(arguments: argparse.Namespace, *, out: TextIO, **_: object) -> int:
    """Print the plugins and return 1 when one is broken. Works outside a project, too."""
    report = find(arguments.settings)
    out.write(as_json(report) if arguments.json else as_text(report))
    return 1 if report.failed or report.duplicates else 0


def find(settings: str = "") -> PluginReport:
    """Return what the project here uses; without a project, or without Django, all plugins."""
    try:
        from saaskit_django import registry
        from saaskit_django.cli import project
    except ImportError:
        return load_plugins()
    try:
        project.start(project.settings_module(settings))
    except project.ProjectNotFound:
        return load_plugins()
    return registry.plugins()


def as_json(report: PluginReport) -> str:
    """Return the report for machines."""
    parts = {
        name: [asdict(each) for each in getattr(report, name)]
        for name in ("loaded", "failed", "blocked", "duplicates")
    }
    offered = {
        "unmatched": list(report.unmatched),
        "payment_providers": sorted(report.payment_providers),
        "notifiers": sorted(report.notifiers),
    }
    return json.dumps({**parts, **offered}, indent=2) + "\n"


def as_text(report: PluginReport) -> str:
    """Return the report for people, one line per plugin."""
    lines = [
        *(
            f"ok         {each.name} ({each.distribution} {each.version}): {', '.join(each.hooks)}"
            for each in report.loaded
        ),
        *(f"failed     {each}" for each in report.failed),
        *(f"duplicate  {each}" for each in report.duplicates),
        *(f"blocked    {each.name} ({each.distribution})" for each in report.blocked),
        *(f"unknown    {name}: no installed plugin has this name" for name in report.unmatched),
        f"payment providers: {', '.join(sorted(report.payment_providers)) or 'none'}",
        f"notifiers: {', '.join(sorted(report.notifiers)) or 'none'}",
    ]
    return "\n".join(lines) + "\n"
