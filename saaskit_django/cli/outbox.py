"""`saaskit outbox list|revive`: what could not be delivered, and another chance for it."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

from saaskit_django.cli import project
from saaskit_django.cli.options import add_options

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

STATUSES = ("dead", "pending", "delivered")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the two."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|revive")
    listing = verbs.add_parser("list", help="deliveries of one status, the newest first")
    listing.add_argument("--status", choices=STATUSES, default="dead")
    listing.add_argument("--limit", type=int, default=50, help="rows (default: %(default)s)")
    reviving = verbs.add_parser("revive", help="try dead deliveries again")
    reviving.add_argument("--id", action="append", type=int, default=[], help="repeatable")
    reviving.add_argument("--topic", default="", help="only messages of this topic")
    reviving.add_argument("--all", action="store_true", help="all that are dead")
    reviving.add_argument("--dry-run", action="store_true", help="only say how many")
    for each in (listing, reviving):
        add_options(each)


def run(arguments: argparse.Namespace, *, now: datetime, out: TextIO, err: TextIO) -> int:
    """Do it. 1 when nothing dead is meant by what was given, 2 when nothing was given."""
    project.start(project.settings_module(arguments.settings))
    services = import_module("saaskit_django.outbox.deliveries")
    if arguments.verb == "list":
        return _list(services, arguments, out)
    if not (arguments.id or arguments.topic or arguments.all):
        err.write("saaskit outbox revive: say which, by --id, --topic or --all\n")
        return 2
    found = services.dead(ids=arguments.id, topic=arguments.topic)
    revived = 0 if arguments.dry_run else services.revive(delivery_ids=found, now=now)
    answer = {"matched": len(found), "revived": revived, "dry_run": arguments.dry_run}
    text = f"{len(found)} deliveries match, {revived} will be tried again\n"
    out.write(_json(answer) if arguments.json else text)
    return 0 if found else 1


def _list(services: Any, arguments: argparse.Namespace, out: TextIO) -> int:
    answer = {
        "deliveries": services.listed(status=arguments.status, limit=max(arguments.limit, 0)),
        "counts": services.counts(),
    }
    out.write(_json(answer) if arguments.json else _text(answer))
    return 0


def _text(answer: dict[str, Any]) -> str:
    lines = [
        f"{row['id']:>8}  {row['status']:<9}  {row['attempts']:>2}  {row['topic']}"
        f"  {row['aggregate']}  {row['handler']}  {row['last_error']}".rstrip()
        for row in answer["deliveries"]
    ]
    counted = ", ".join(f"{number} {status}" for status, number in answer["counts"].items())
    return "\n".join([*lines, counted or "no deliveries"]) + "\n"


def _json(answer: dict[str, Any]) -> str:
    return json.dumps(answer, default=str) + "\n"
