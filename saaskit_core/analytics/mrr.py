"""Monthly recurring revenue: exact, per currency, in one pass over any number of lines."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.money import Money, round_half_away
from saaskit_core.periods import Interval, Unit, utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from saaskit_core.analytics.revenue import RevenueLine, RevenueRow


def mrr(lines: Iterable[RevenueLine], *, at: datetime) -> dict[str, Fraction]:
    """Return the minor units per month at an instant, by currency.

    The lines are read once and not kept: memory doesn't grow with them. Currencies are never
    converted. Source: the amount per interval over the interval's length in months, as Stripe's and
    ChartMogul's MRR have it, without tax.
    """
    return mrr_of_rows((line.row for line in lines), at=at)


def mrr_of_rows(rows: Iterable[RevenueRow], *, at: datetime) -> dict[str, Fraction]:
    """Return the same of plain tuples, which is fast: one addition per row, no fraction."""
    at = utc(at)
    sums: defaultdict[tuple[str, str, int], int] = defaultdict(int)
    for _, currency, minor, unit, count, starts_at, ends_at in rows:
        if starts_at <= at and (ends_at is None or at < ends_at):
            sums[currency, unit, count] += minor
    return _per_month(sums)


def arr(monthly: Fraction) -> Fraction:
    """Return the annual recurring revenue of a monthly one: twelve times it."""
    return 12 * monthly


def as_money(minor: Fraction, currency: str) -> Money:
    """Round an exact amount for people to read, half away from zero."""
    return Money(round_half_away(minor), currency)


def _per_month(sums: Mapping[tuple[str, str, int], int]) -> dict[str, Fraction]:
    total: defaultdict[str, Fraction] = defaultdict(Fraction)
    for (currency, unit, count), minor in sums.items():
        total[currency] += minor / Interval(Unit(unit), count).months
    return dict(sorted(total.items()))
