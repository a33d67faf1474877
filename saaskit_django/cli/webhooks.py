"""`saaskit webhooks list|replay|purge`: look after the inbox."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

from saaskit_django.cli import project
from saaskit_django.cli.instants import before, moment
from saaskit_django.cli.options import add_options

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

STATUSES = ("received", "deferred", "done", "ignored", "dead")
FIELDS = ("id", "provider", "event_id", "kind", "status", "attempts", "received_at", "error")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the three."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|replay|purge")
    listing = verbs.add_parser("list", help="what was delivered and what became of it")
    _add_filters(listing)
    listing.add_argument("--limit", type=int, default=50, help="rows (default: %(default)s)")
    replaying = verbs.add_parser("replay", help="act upon deliveries again; always safe")
    replaying.add_argument(
        "--id", action="append", default=[], help="the provider's event id, or ours; repeatable"
    )
    _add_filters(replaying)
    replaying.add_argument("--dry-run", action="store_true", help="only say which")
    purging = verbs.add_parser("purge", help="delete old deliveries that are done or ignored")
    purging.add_argument("--older-than", type=moment, required=True, help="e.g. 90d, 2026-01-31")
    for each in (listing, replaying, purging):
        add_options(each)


def run(arguments: argparse.Namespace, *, now: datetime, out: TextIO, err: TextIO) -> int:
    """Do it. 1 when no delivery is meant by what was given, 2 when nothing was given."""
    project.start(project.settings_module(arguments.settings))
    services = import_module("saaskit_django.payments.services.deliveries")
    match arguments.verb:
        case "list":
            return _list(services, arguments, now, out)
        case "replay":
            return _replay(services, arguments, now, out, err)
        case _:
            return _purge(services, arguments, now, out)


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--status", action="append", choices=STATUSES, default=[])
    parser.add_argument("--provider", default="", help="its alias in SAASKIT['PROVIDERS']")
    parser.add_argument("--type", default="", help="payment.changed, refund.changed …")
    parser.add_argument("--since", type=moment, help="received since: 2026-01-31, 7d, 12h")


def _wanted(services: Any, arguments: argparse.Namespace, now: datetime) -> Any:
    since = None if arguments.since is None else before(arguments.since, now=now)
    return services.Wanted(
        ids=tuple(getattr(arguments, "id", ())),
        statuses=tuple(arguments.status),
        provider=arguments.provider,
        kind=arguments.type,
        since=since,
    )


def _list(services: Any, arguments: argparse.Namespace, now: datetime, out: TextIO) -> int:
    wanted = _wanted(services, arguments, now)
    found = services.matching(wanted)
    newest = found.reverse()[: max(arguments.limit, 0)]
    rows = [{name: getattr(each, name) for name in FIELDS} for each in newest]
    refused = services.refusals(since=wanted.since or before(moment("7d"), now=now))
    answer = {
        "deliveries": rows,
        "counts": services.counts(found),
        "refused": [
            {"day": each.day, "provider": each.provider, "code": each.code, "count": each.count}
            for each in refused
        ],
    }
    out.write(_json(answer) if arguments.json else _listed(answer))
    return 0


def _replay(
    services: Any, arguments: argparse.Namespace, now: datetime, out: TextIO, err: TextIO
) -> int:
    wanted = _wanted(services, arguments, now)
    if wanted == services.Wanted():
        err.write("saaskit webhooks replay: say which, by --id, --since, --type, --status …\n")
        return 2
    ids = list(services.matching(wanted).values_list("pk", flat=True))
    replayed = 0 if arguments.dry_run else services.replay(ids, now=now)
    answer = {"matched": len(ids), "replayed": replayed, "dry_run": arguments.dry_run}
    text = f"{len(ids)} deliveries match, {replayed} are acted upon again\n"
    out.write(_json(answer) if arguments.json else text)
    return 0 if ids else 1


def _purge(services: Any, arguments: argparse.Namespace, now: datetime, out: TextIO) -> int:
    deleted = services.purge(older_than=before(arguments.older_than, now=now))
    out.write(_json({"deleted": deleted}) if arguments.json else f"{deleted} deliveries deleted\n")
    return 0


def _listed(answer: dict[str, Any]) -> str:
    lines = [
        f"{row['id']:>8}  {row['received_at']:%Y-%m-%d %H:%M:%S}  {row['status']:<8}"
        f"  {row['attempts']:>2}  {row['provider']}  {row['kind']}  {row['event_id']}"
        f"  {row['error']}".rstrip()
        for row in answer["deliveries"]
    ]
    counted = ", ".join(f"{number} {status}" for status, number in answer["counts"].items())
    refused = [
        f"refused  {each['day']}  {each['provider']}  {each['count']} × {each['code']}"
        for each in answer["refused"]
    ]
    return "\n".join([*lines, counted or "no deliveries", *refused]) + "\n"


def _json(answer: dict[str, Any]) -> str:
    return json.dumps(answer, default=str) + "\n"
