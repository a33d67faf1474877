"""`saaskit tick`: run everything that is due, once; a cron job may call it every minute."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

from saaskit_django.cli import project
from saaskit_django.cli.options import add_options

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser)


def run(arguments: argparse.Namespace, *, out: TextIO, **_: object) -> int:
    """Run one round and return 1 when a subscription could not be brought up to now."""
    project.start(project.settings_module(arguments.settings))
    done = asdict(_tick())
    out.write(f"{json.dumps(done, default=str)}\n" if arguments.json else _text(done))
    return 1 if done["subscriptions"]["failed"] else 0


def _tick() -> Any:
    """Import what needs a started Django, then run it."""
    services = import_module("saaskit_django.renewals.services.tick")
    return services.tick(now=import_module("saaskit_django.clock").now())


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
