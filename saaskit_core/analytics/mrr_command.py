"""`saaskit mrr FILE.csv`: recurring revenue of an exported file, with what moved it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from saaskit_core.analytics.csv_lines import OPTIONAL, REQUIRED, BadCsv, read_lines
from saaskit_core.analytics.movements import MovementKind, changes_of, movements, totals
from saaskit_core.analytics.mrr import as_money, mrr
from saaskit_core.errors import SaasKitError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator
    from fractions import Fraction

    from saaskit_core.analytics.revenue import RevenueLine


class UnreadableFile(SaasKitError):
    code = "unreadable_file"
    template = "%(file)s can't be read: %(problem)s."


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("file", help=f"columns: {', '.join((*REQUIRED, *OPTIONAL))}")
    parser.add_argument("--at", help="the instant or day to compute for (default: now)")
    parser.add_argument("--skip-bad", action="store_true", help="report bad lines and go on")
    parser.add_argument("--movements", action="store_true", help="also what moved it until then")
    parser.add_argument("--json", action="store_true", help="for machines; exact fractions too")


def run(arguments: Namespace, *, now: datetime, out: TextIO, err: TextIO) -> int:
    """Compute and write. Raises BadCsv at the first bad line unless they are to be skipped."""
    at = _at(arguments.at, now)
    skipped: list[BadCsv] = []
    lines = _good_lines(arguments.file, skipped, is_skipping=arguments.skip_bad)
    moved: dict[str, dict[MovementKind, Fraction]] = {}
    if arguments.movements:
        kept = list(lines)
        moved = totals(m for m in movements(changes_of(kept)) if m.at <= at)
        lines = iter(kept)
    sums = mrr(lines, at=at)
    for problem in skipped:
        err.write(f"skipped: {problem}\n")
    write = _write_json if arguments.json else _write_text
    write(out, at, sums, moved, len(skipped))
    return 0


def _at(text: str | None, now: datetime) -> datetime:
    if text is None:
        return now
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UnreadableFile(file="--at", problem=f"{text[:40]!r} is not an ISO date") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _good_lines(file: str, skipped: list[BadCsv], *, is_skipping: bool) -> Iterator[RevenueLine]:
    try:
        with Path(file).open(encoding="utf-8-sig", newline="") as rows:
            for line in read_lines(rows, file=file):
                if not isinstance(line, BadCsv):
                    yield line
                elif is_skipping:
                    skipped.append(line)
                else:
                    raise line
    except OSError as exc:
        raise UnreadableFile(file=file, problem=exc.strerror or "it is not readable") from exc
    except UnicodeDecodeError as exc:
        raise UnreadableFile(file=file, problem="it is not UTF-8 text") from exc


def _write_text(
    out: TextIO,
    at: datetime,
    sums: dict[str, Fraction],
    moved: dict[str, dict[MovementKind, Fraction]],
    skipped: int,
) -> None:
    out.write(f"MRR at {at.isoformat()}\n")
    for currency, monthly in sums.items():
        out.write(f"  {as_money(monthly, currency)}\n")
    for currency, kinds in moved.items():
        for kind, monthly in kinds.items():
            out.write(f"  {kind.value:<13}{as_money(monthly, currency)}\n")
    if not sums:
        out.write("  nothing recurring\n")
    if skipped:
        out.write(f"{skipped} bad lines skipped\n")


def _write_json(
    out: TextIO,
    at: datetime,
    sums: dict[str, Fraction],
    moved: dict[str, dict[MovementKind, Fraction]],
    skipped: int,
) -> None:
    found = {
        "at": at.isoformat(),
        "mrr": {currency: _amounts(monthly, currency) for currency, monthly in sums.items()},
        "movements": {
            currency: {kind.value: _amounts(monthly, currency) for kind, monthly in kinds.items()}
            for currency, kinds in moved.items()
        },
        "skipped": skipped,
    }
    out.write(json.dumps(found, indent=2) + "\n")


def _amounts(monthly: Fraction, currency: str) -> dict[str, str]:
    return {
        "amount": f"{as_money(monthly, currency).decimal:f}",
        "exact_minor": str(monthly),
    }
