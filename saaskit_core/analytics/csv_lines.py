"""Revenue lines out of a CSV file: every bad line is named, with what is allowed instead.

The columns, in any order: `subscription_id`, `customer_id`, `currency` (ISO 4217), `amount` (of one
unit per interval, in major units: 19.99), `frequency` (Weekly, Monthly, Quarterly, Semi-Annually,
Yearly), `started_at` (ISO 8601, a date or an instant; UTC without an offset) and, when there is
something to say, `quantity` (1) and `ended_at`. Commas, semicolons or tabs part them.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from saaskit_core.analytics.revenue import RevenueLine
from saaskit_core.errors import SaasKitError
from saaskit_core.money import Money
from saaskit_core.periods import INTERVALS, BillingFrequency, Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

REQUIRED = ("subscription_id", "customer_id", "currency", "amount", "frequency", "started_at")
OPTIONAL = ("quantity", "ended_at")


class BadCsv(SaasKitError):
    code = "bad_csv"
    template = "%(file)s, line %(line)s: %(problem)s. Allowed: %(allowed)s."


def read_lines(rows: Iterable[str], *, file: str) -> Iterator[RevenueLine | BadCsv]:
    """Yield one revenue line, or the error, for each data row; rows are read as they are needed.

    A row whose quoted fields go over several lines is named by its first. Raises BadCsv when the
    header lacks a column or has one that isn't known.
    """
    left = iter(rows)
    header = next(left, "").removeprefix("\ufeff")
    reader = csv.reader(chain([header], left), strict=True, delimiter=_delimiter(header))
    columns = _columns(_header(reader, file), file)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
            if fields:
                yield _line(fields, columns)
        except StopIteration:
            return
        except csv.Error as exc:
            yield _bad(file, line, f"it is not CSV ({exc})", "quoted fields, one separator")
        except _Wrong as exc:
            yield _bad(file, line, exc.problem, exc.allowed)
        except SaasKitError as exc:
            yield _bad(file, line, str(exc).rstrip("."), _ALLOWED)


_ALLOWED = "an amount such as 19.99, an ISO 4217 currency, an end after the start"
_DELIMITERS = ",;\t"


class _Wrong(Exception):
    """A field that can't be read."""

    def __init__(self, problem: str, allowed: str) -> None:
        """Keep both halves of the message apart."""
        super().__init__(problem)
        self.problem = problem
        self.allowed = allowed


def _bad(file: str, line: int, problem: str, allowed: str) -> BadCsv:
    return BadCsv(file=file, line=line, problem=problem, allowed=allowed)


def _delimiter(header: str) -> str:
    """Return what parts the header most often; the comma when nothing does."""
    return max(_DELIMITERS, key=header.count)


def _header(reader: Iterator[list[str]], file: str) -> list[str]:
    try:
        names = next(reader, [])
    except csv.Error as exc:
        raise _bad(file, 1, f"it is not CSV ({exc})", "a line of column names") from None
    if not _is_text(names):
        raise _bad(file, 1, "it is not UTF-8 text", "UTF-8")
    return [name.strip() for name in names]


def _columns(names: Sequence[str], file: str) -> Sequence[int]:
    """Return the place of every column; −1 for one that is left out. The last is their number."""
    missing = [name for name in REQUIRED if name not in names]
    unknown = sorted(set(names) - {*REQUIRED, *OPTIONAL})
    allowed = ", ".join((*REQUIRED, *OPTIONAL))
    if missing:
        raise _bad(file, 1, f"the column {missing[0]} is missing", allowed)
    if unknown:
        raise _bad(file, 1, f"the column {unknown[0][:40]!r} is not known", allowed)
    if len(set(names)) != len(names):
        raise _bad(file, 1, "a column is there twice", allowed)
    places = [names.index(name) if name in names else -1 for name in (*REQUIRED, *OPTIONAL)]
    return (*places, len(names))


def _line(fields: list[str], columns: Sequence[int]) -> RevenueLine:
    subscription, customer, currency, amount, frequency, started, quantity, ended, count = columns
    if len(fields) != count:
        raise _Wrong("it has another number of fields than the header", "as many as the header")
    if not _is_text(fields):
        raise _Wrong("it is not UTF-8 text", "UTF-8")
    text = [field.strip() for field in fields]
    price = _price(text[amount], text[currency])
    return RevenueLine(
        subscription_id=_given(text[subscription], "subscription_id"),
        customer_id=_given(text[customer], "customer_id"),
        amount=price * _quantity("" if quantity < 0 else text[quantity]),
        interval=_interval(text[frequency]),
        starts_at=_instant(text[started]),
        ends_at=None if ended < 0 or not text[ended] else _instant(text[ended]),
    )


def _is_text(fields: Sequence[str]) -> bool:
    """Tell whether it could be decoded: what couldn't stands there as surrogates."""
    return all(field.isascii() or not _SURROGATES & set(field) for field in fields)


_SURROGATES = frozenset(map(chr, range(0xD800, 0xE000)))


@lru_cache(maxsize=4096)
def _price(text: str, currency: str) -> Money:
    price = Money.of(text, currency)
    if price.minor < 0:
        raise _Wrong(f"the amount {text[:40]} is negative", "zero or more")
    return price


def _given(text: str, name: str) -> str:
    if not text:
        raise _Wrong(f"{name} is empty", "any text")
    return text


def _quantity(text: str) -> int:
    if not text or text == "1":
        return 1
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:8]) <= 1_000_000:
        raise _Wrong(f"the quantity is {text[:40]!r}", "a whole number from 1 to 1000000")
    return int(text)


_RECURRING = {frequency.value: interval for frequency, interval in INTERVALS.items()}


def _interval(text: str) -> Interval:
    found = _RECURRING.get(text)
    if found is not None:
        return found
    if text == BillingFrequency.ONE_TIME:
        raise _Wrong("One-Time is not recurring revenue", ", ".join(_RECURRING))
    raise _Wrong(f"the frequency is {text[:40]!r}", ", ".join(_RECURRING))


@lru_cache(maxsize=4096)
def _instant(text: str) -> datetime:
    """Read an ISO 8601 date or instant; one without an offset is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        allowed = "2024-02-29 or 2024-02-29T12:00:00+00:00"
        raise _Wrong(f"{text[:40]!r} is not a date", allowed) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
