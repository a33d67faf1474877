"""Revenue lines out of a CSV file: every bad line is named, with what is allowed instead.

The columns, in any order: `subscription_id`, `customer_id`, `currency` (ISO 4217), `amount` (of one
unit per interval, in major units: 19.99), `frequency` (Weekly, Monthly, Quarterly, Semi-Annually,
Yearly), `started_at` (ISO 8601, a date or an instant; UTC without an offset) and, when there is
something to say, `quantity` (1) and `ended_at`. Commas, semicolons or tabs part them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from saaskit_core.analytics.csv_rows import BadCsv, WrongField, given, quantity, read_csv
from saaskit_core.analytics.revenue import RevenueLine
from saaskit_core.money import Money
from saaskit_core.periods import INTERVALS, BillingFrequency, Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["OPTIONAL", "REQUIRED", "BadCsv", "read_lines"]

REQUIRED = ("subscription_id", "customer_id", "currency", "amount", "frequency", "started_at")
OPTIONAL = ("quantity", "ended_at")


def read_lines(rows: Iterable[str], *, file: str) -> Iterator[RevenueLine | BadCsv]:
    """Yield one revenue line, or the error, for each data row; rows are read as they are needed.

    Raises BadCsv when the header lacks a column or has one that isn't known.
    """
    return read_csv(
        rows, file=file, required=REQUIRED, optional=OPTIONAL, parse=_line, allowed=_ALLOWED
    )


_ALLOWED = "an amount such as 19.99, an ISO 4217 currency, an end after the start"


def _line(fields: Sequence[str]) -> RevenueLine:
    subscription, customer, currency, amount, frequency, started, units, ended = fields
    price, many = _price(amount, currency), quantity(units)
    return RevenueLine(
        subscription_id=given(subscription, "subscription_id"),
        customer_id=given(customer, "customer_id"),
        amount=price if many == 1 else price * many,
        interval=_interval(frequency),
        starts_at=_instant(started),
        ends_at=_instant(ended) if ended else None,
    )


@lru_cache(maxsize=4096)
def _price(text: str, currency: str) -> Money:
    price = Money.of(text, currency)
    if price.minor < 0:
        raise WrongField(f"the amount {text[:40]} is negative", "zero or more")
    return price


_RECURRING = {frequency.value: interval for frequency, interval in INTERVALS.items()}


def _interval(text: str) -> Interval:
    found = _RECURRING.get(text)
    if found is not None:
        return found
    if text == BillingFrequency.ONE_TIME:
        raise WrongField("One-Time is not recurring revenue", ", ".join(_RECURRING))
    raise WrongField(f"the frequency is {text[:40]!r}", ", ".join(_RECURRING))


@lru_cache(maxsize=4096)
def _instant(text: str) -> datetime:
    """Read an ISO 8601 date or instant; one without an offset is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        allowed = "2024-02-29 or 2024-02-29T12:00:00+00:00"
        raise WrongField(f"{text[:40]!r} is not a date", allowed) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
