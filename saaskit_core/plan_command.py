"""`saaskit plan lint|diff|schema`: what is wrong with a catalogue, and what a change of it does."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from saaskit_core.analytics.csv_files import CsvFile, UnreadableFile
from saaskit_core.catalog.differences import diff
from saaskit_core.catalog.impact import Held, Impact, impact_of, read_held
from saaskit_core.catalog.linting import has_errors, lint
from saaskit_core.catalog.plan_report import (
    write_diff_json,
    write_diff_text,
    write_lint_json,
    write_lint_text,
)
from saaskit_core.catalog.reading import parse_catalog
from saaskit_core.catalog.schema import schema_text
from saaskit_core.features import BUILTIN, Definitions, FeatureDefinition
from saaskit_core.plugins import load_plugins
from saaskit_core.subscriptions.policies import PriceChange

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from datetime import datetime

    from saaskit_core.catalog.building import Catalog
    from saaskit_core.catalog.differences import Difference

COLUMNS = "subscription_id, plan, frequency, currency [, quantity, amount]"


def configure(parser: ArgumentParser) -> None:
    """Add the arguments of the three."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="lint|diff|schema")
    checking = verbs.add_parser("lint", help="everything wrong or suspicious, with its line")
    checking.add_argument("file", help="a catalogue, YAML or .json")
    checking.add_argument("--json", action="store_true", help="for machines")
    comparing = verbs.add_parser("diff", help="what a change of catalogue alters")
    comparing.add_argument("old", help="the catalogue as it is")
    comparing.add_argument("new", help="the catalogue as it is to be")
    comparing.add_argument("--subscriptions", metavar="CSV", help=f"columns: {COLUMNS}")
    comparing.add_argument("--skip-bad", action="store_true", help="report bad lines and go on")
    comparing.add_argument(
        "--price-change",
        choices=[choice.value for choice in PriceChange],
        default=PriceChange.NEXT_PERIOD.value,
        help="when existing subscriptions follow a new version of their price",
    )
    comparing.add_argument("--json", action="store_true", help="for machines; exact fractions too")
    verbs.add_parser("schema", help="the JSON Schema of catalogue files")


def run(arguments: Namespace, *, now: datetime, out: TextIO, err: TextIO) -> int:
    """Do it. 1 for a catalogue that has errors; a difference is no error."""
    match arguments.verb:
        case "lint":
            return _lint(arguments, now, out)
        case "diff":
            return _diff(arguments, out, err)
        case _:
            out.write(schema_text())
            return 0


def _lint(arguments: Namespace, now: datetime, out: TextIO) -> int:
    text = _text(arguments.file)
    found = lint(text, file=arguments.file, now=now, definitions=_installed())
    (write_lint_json if arguments.json else write_lint_text)(out, arguments.file, found)
    return 1 if has_errors(found) else 0


def _diff(arguments: Namespace, out: TextIO, err: TextIO) -> int:
    definitions = _installed()
    old, new = (
        parse_catalog(_text(file), file=file, definitions=definitions)
        for file in (arguments.old, arguments.new)
    )
    policy = PriceChange(arguments.price_change)
    found = diff(old, new, price_change=policy, definitions=definitions)
    impact, skipped = None, 0
    if arguments.subscriptions:
        impact, skipped = _impact(arguments, found, old, new, err)
    (write_diff_json if arguments.json else write_diff_text)(out, found, impact, skipped)
    return 0


def _impact(
    arguments: Namespace,
    found: tuple[Difference, ...],
    old: Catalog,
    new: Catalog,
    err: TextIO,
) -> tuple[Impact, int]:
    file: CsvFile[Held] = CsvFile(
        arguments.subscriptions,
        err,
        read=partial(read_held, file=arguments.subscriptions, old=old),
        is_skipping=arguments.skip_bad,
    )
    policy = PriceChange(arguments.price_change)
    return impact_of(file, found, old=old, new=new, price_change=policy), file.skipped


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UnreadableFile(file=file, problem="it is not UTF-8 text") from exc
    except OSError as exc:
        raise UnreadableFile(file=file, problem=exc.strerror or "it is not readable") from exc


def _installed() -> Definitions:
    """Return the features that are built in, and those that installed plugins add."""
    added = load_plugins().feature_definitions
    return {**BUILTIN, **{each.path: each for each in added if isinstance(each, FeatureDefinition)}}
