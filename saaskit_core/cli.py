"""The console script `saaskit`. A sub-command's module is imported only when it runs.

An installed distribution adds sub-commands by an entry point of the group `saaskit.commands`: a
callable without arguments that returns `Command`s. A command's `module` has `configure(parser)`,
which adds arguments, and `run(arguments, *, now, out, err)`, which returns the exit code.
`arguments.clock` answers seconds, to tell how long something takes.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points, version
from time import monotonic
from typing import TYPE_CHECKING

from saaskit_core.errors import SaasKitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GROUP = "saaskit.commands"
READER_GONE = 141
INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One sub-command: its name, a line of help, the module that does it, the extra it needs."""

    name: str
    help: str
    module: str
    extra: str = ""


OWN = (
    Command(
        name="quote",
        help="what a change of price in mid-period costs, line by line",
        module="saaskit_core.billing.quote_command",
    ),
    Command(
        name="explain",
        help="why a customer gets in or doesn't, and why he was billed",
        module="saaskit_core.billing.explain_command",
    ),
    Command(
        name="mrr",
        help="monthly recurring revenue of a CSV file",
        module="saaskit_core.analytics.mrr_command",
    ),
    Command(
        name="plan",
        help="check a catalogue, or compare two: lint, diff, schema",
        module="saaskit_core.plan_command",
    ),
    Command(
        name="simulate",
        help="a customer base through years of billing, with a report",
        module="saaskit_core.simulation.command",
    ),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command and return the exit code: 0 done, 1 refused, 2 wrong usage.

    A reader that has seen enough (`saaskit mrr … | head`) and Ctrl-C end it without a traceback,
    with the codes that shells give them: 141 and 130.
    """
    try:
        code = _main(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return READER_GONE
    except KeyboardInterrupt:
        print("saaskit: interrupted", file=sys.stderr)
        return INTERRUPTED
    except OSError as exc:
        print(f"saaskit: {exc}", file=sys.stderr)
        _discard_output()
        return 1
    return code


def _main(given: list[str]) -> int:
    known = {command.name: command for command in OWN}
    if not given or given[0] not in known:
        known = {command.name: command for command in _all()}
    if not given or given[0] not in known:
        return _without_command(given, known)
    return _run(known[given[0]], given[1:])


def _discard_output() -> None:
    """Drop what can't be written: the interpreter would fail at it once more as it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _run(command: Command, given: Sequence[str]) -> int:
    try:
        module = import_module(command.module)
    except ModuleNotFoundError as exc:
        missing = f"it needs the package {exc.name}, which is not installed"
        remedy = f": pip install 'saaskit[{command.extra}]'" if command.extra else ""
        print(f"saaskit {command.name}: {missing}{remedy}", file=sys.stderr)
        return 1
    parser = argparse.ArgumentParser(prog=f"saaskit {command.name}", description=command.help)
    module.configure(parser)
    parser.set_defaults(clock=monotonic)
    try:
        arguments = parser.parse_args(given)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 2
    try:
        code: int = module.run(arguments, now=datetime.now(UTC), out=sys.stdout, err=sys.stderr)
    except SaasKitError as exc:
        print(f"saaskit {command.name}: {exc}", file=sys.stderr)
        return 1
    return code


def _without_command(given: Sequence[str], known: dict[str, Command]) -> int:
    if given and not given[0].startswith("-"):
        close = get_close_matches(given[0], known, n=1)
        hint = f"did you mean '{close[0]}'? " if close else ""
        unknown = f"there is no command '{given[0]}'; {hint}'saaskit --help' lists them all"
        print(f"saaskit: {unknown}", file=sys.stderr)
        return 2
    parser = argparse.ArgumentParser(
        prog="saaskit",
        description="Subscriptions, payments, features and limits.",
        epilog="saaskit COMMAND --help says what a command takes.",
    )
    parser.add_argument("--version", action="version", version=f"saaskit {version('saaskit')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in known.values():
        commands.add_parser(command.name, help=command.help, add_help=False)
    try:
        parser.parse_args(given)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 2
    parser.print_help()
    return 2


def _all() -> Iterator[Command]:
    """Ours first, then what is installed; one that can't be loaded is named and left out."""
    yield from OWN
    for entry in sorted(entry_points(group=GROUP), key=lambda found: found.name):
        try:
            yield from tuple(entry.load()())
        except (Exception, SystemExit) as exc:  # noqa: BLE001  a foreign distribution
            print(f"saaskit: the commands of {entry.value} can't be loaded: {exc}", file=sys.stderr)
