"""Revenue lines out of a CSV file: every bad line is named, with what is allowed instead."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from saaskit_core.analytics.revenue import RevenueLine
from saaskit_core.errors import SaasKitError
from saaskit_core.money import Money
from saaskit_core.periods import INTERVALS, BillingFrequency, Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

REQUIRED = ("subscription_id", "customer_id", "currency", "amount", "frequency", "started_at")
OPTIONAL = ("quantity", "ended_at")


class BadCsv(SaasKitError):
    code = "bad_csv"
    template = "%(file)s, line %(line)s: %(problem)s. Allowed: %(allowed)s."


def read_lines(rows: Iterable[str], *, file: str) -> Iterator[RevenueLine | BadCsv]:
    """Yield one revenue line, or the error, for each data row; rows are read as they are needed.

    Raises BadCsv when the header lacks a column or has one that isn't known.
    """
    reader = csv.DictReader(rows, strict=True)
    _check_header(reader.fieldnames or (), file)
    while True:
        try:
            row = next(reader)
            yield _line(row)
        except StopIteration:
            return
        except csv.Error as exc:
            yield _bad(
                file, reader.reader.line_num, f"it is not CSV ({exc})", "quoted fields, commas"
            )
        except _Wrong as exc:
            yield _bad(file, reader.line_num, exc.problem, exc.allowed)
        except SaasKitError as exc:
            yield _bad(file, reader.line_num, str(exc).rstrip("."), _ALLOWED)


_ALLOWED = "an amount such as 19.99, an ISO 4217 currency, an end after the start"


class _Wrong(Exception):
    """A field that can't be read."""

    def __init__(self, problem: str, allowed: str) -> None:
        """Keep both halves of the message apart."""
        super().__init__(problem)
        self.problem = problem
        self.allowed = allowed


def _bad(file: str, line: int, problem: str, allowed: str) -> BadCsv:
    return BadCsv(file=file, line=line, problem=problem, allowed=allowed)


def _check_header(names: Iterable[str], file: str) -> None:
    given = set(names)
    missing = [name for name in REQUIRED if name not in given]
    unknown = sorted(given - {*REQUIRED, *OPTIONAL})
    allowed = ", ".join((*REQUIRED, *OPTIONAL))
    if missing:
        raise _bad(file, 1, f"the column {missing[0]} is missing", allowed)
    if unknown:
        raise _bad(file, 1, f"the column {unknown[0][:40]!r} is not known", allowed)


def _line(row: Mapping[str | None, str | list[str] | None]) -> RevenueLine:
    if None in row or None in row.values():
        raise _Wrong("it has another number of fields than the header", "as many as the header")
    text = {str(name): str(value).strip() for name, value in row.items()}
    price = Money.of(text["amount"], text["currency"])
    if price.minor < 0:
        raise _Wrong(f"the amount {text['amount'][:40]} is negative", "zero or more")
    return RevenueLine(
        subscription_id=_given(text, "subscription_id"),
        customer_id=_given(text, "customer_id"),
        amount=price * _quantity(text.get("quantity", "")),
        interval=_interval(text["frequency"]),
        starts_at=_instant(text["started_at"]),
        ends_at=_instant(text["ended_at"]) if text.get("ended_at") else None,
    )


def _given(text: Mapping[str, str], name: str) -> str:
    if not text[name]:
        raise _Wrong(f"{name} is empty", "any text")
    return text[name]


def _quantity(text: str) -> int:
    if not text:
        return 1
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:8]) <= 1_000_000:
        raise _Wrong(f"the quantity is {text[:40]!r}", "a whole number from 1 to 1000000")
    return int(text)


def _interval(text: str) -> Interval:
    recurring = {frequency.value: INTERVALS[frequency] for frequency in INTERVALS}
    if text == BillingFrequency.ONE_TIME:
        raise _Wrong("One-Time is not recurring revenue", ", ".join(recurring))
    if text not in recurring:
        raise _Wrong(f"the frequency is {text[:40]!r}", ", ".join(recurring))
    return recurring[text]


def _instant(text: str) -> datetime:
    """Read an ISO 8601 date or instant; one without an offset is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        allowed = "2024-02-29 or 2024-02-29T12:00:00+00:00"
        raise _Wrong(f"{text[:40]!r} is not a date", allowed) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
