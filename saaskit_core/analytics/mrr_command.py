"""`saaskit mrr FILE.csv`: recurring revenue of an exported file, with what moved it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TextIO

from saaskit_core.analytics.csv_files import CsvFile, UnreadableFile
from saaskit_core.analytics.csv_lines import OPTIONAL, REQUIRED, read_lines
from saaskit_core.analytics.history import History, history_of_rows
from saaskit_core.analytics.months import MAX_MONTHS, Calendar, InvalidMonth
from saaskit_core.analytics.mrr import mrr_of_rows
from saaskit_core.analytics.mrr_report import Report, write_json, write_text
from saaskit_core.analytics.spools import CustomerSpool
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator
    from fractions import Fraction

    from saaskit_core.analytics.revenue import RevenueLine, RevenueRow


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("file", help=f"columns: {', '.join((*REQUIRED, *OPTIONAL))}")
    parser.add_argument("--at", help="the instant or day to compute for (default: now)")
    parser.add_argument("--skip-bad", action="store_true", help="report bad lines and go on")
    parser.add_argument("--movements", action="store_true", help="also what moved it, by month")
    parser.add_argument(
        "--months", type=int, default=12, help="how many months to show (default: 12)"
    )
    parser.add_argument("--zone", default="UTC", help="where months begin (default: UTC)")
    parser.add_argument("--json", action="store_true", help="for machines; exact fractions too")


def run(arguments: Namespace, *, now: datetime, out: TextIO, err: TextIO) -> int:
    """Compute and write. Raises BadCsv at the first bad line unless they are to be skipped.

    Memory doesn't grow with the file: for the movements its rows are sorted by customer in
    temporary files.
    """
    at = _at(arguments.at, now)
    if not 1 <= arguments.months <= MAX_MONTHS:
        raise InvalidMonth(month=f"--months {arguments.months}", problem=f"it is 1 to {MAX_MONTHS}")
    calendar = Calendar.until(at, months=arguments.months, tz=arguments.zone)
    file: CsvFile[RevenueLine] = CsvFile(
        arguments.file,
        err,
        read=partial(read_lines, file=arguments.file),
        is_skipping=arguments.skip_bad,
    )
    rows = (line.row for line in file)
    history = None
    if arguments.movements:
        sums, history = _with_history(rows, at, calendar)
    else:
        sums = mrr_of_rows(rows, at=at)
    report = Report(at=at, mrr=sums, history=history, skipped=file.skipped)
    (write_json if arguments.json else write_text)(out, report)
    return 0


def _at(text: str | None, now: datetime) -> datetime:
    if text is None:
        return now
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UnreadableFile(file="--at", problem=f"{text[:40]!r} is not an ISO date") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _with_history(
    rows: Iterable[RevenueRow], at: datetime, calendar: Calendar
) -> tuple[dict[str, Fraction], History]:
    """Read the file once, for both."""
    at = utc(at)
    with CustomerSpool() as spool:
        sums = mrr_of_rows(_spooled(rows, spool, at), at=at)
        return sums, history_of_rows(spool.by_customer(), calendar=calendar)


def _spooled(
    rows: Iterable[RevenueRow], spool: CustomerSpool, at: datetime
) -> Iterator[RevenueRow]:
    """Pass the rows on, keeping of each what is known at an instant: no end that is to come."""
    for row in rows:
        if row.starts_at <= at:
            is_to_come = row.ends_at is not None and row.ends_at > at
            spool.add(row._replace(ends_at=None) if is_to_come else row)
        yield row
