"""`saaskit tick`: run everything that is due, once; a cron job may call it every minute."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

from saaskit_django.cli import project
from saaskit_django.cli.options import add_options
from saaskit_django.cli.progress import progress_on

if TYPE_CHECKING:
    import argparse

    from saaskit_django.cli.progress import Progress


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser)


def run(
    arguments: argparse.Namespace, *, out: TextIO, err: TextIO | None = None, **_: object
) -> int:
    """Run one round and return 1 when a subscription could not be brought up to now."""
    project.start(project.settings_module(arguments.settings))
    progress = progress_on(err)
    done = asdict(_tick(progress))
    if progress is not None:
        progress.clear()
    out.write(f"{json.dumps(done, default=str)}\n" if arguments.json else _text(done))
    return 1 if done["subscriptions"]["failed"] else 0


def _tick(progress: Progress | None) -> Any:
    """Import what needs a started Django, then run it."""
    services = import_module("saaskit_django.renewals.services.tick")
    jobs = import_module("saaskit_django.jobs")
    report = partial(progress, "subscriptions") if progress else None
    pace = jobs.Pace(report=report)
    return services.tick(now=import_module("saaskit_django.clock").now(), pace=pace)


def _text(done: dict[str, Any]) -> str:
    swept, sent = done["subscriptions"], done["messages"]
    lines = [
        f"subscriptions  {swept['looked_at']} due, {swept['renewed']} renewed,"
        f" {swept['expired']} ended, {swept['failed']} failed",
        *(f"  failed       {each['subscription']}: {each['code']}" for each in swept["errors"]),
        f"webhooks       {done['webhooks']} acted upon",
        f"payments       {done['payments']} asked about",
        f"coupons        {done['coupons_released']} reservations given back",
        f"messages       {sent['done']} delivered, {sent['failed']} failed, {sent['dead']} dead",
        f"audit          {done['audit_sealed']} entries sealed",
        f"clean-up       {done['rows_purged']} rows purged",
    ]
    return "\n".join(lines) + "\n"
