"""Monthly recurring revenue: exact, per currency, in one pass over any number of lines."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.money import Money, round_half_away
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from saaskit_core.analytics.revenue import RevenueLine
    from saaskit_core.periods import Interval


def mrr(lines: Iterable[RevenueLine], *, at: datetime) -> dict[str, Fraction]:
    """Return the minor units per month at an instant, by currency.

    The lines are read once and not kept. Currencies are never converted.
    """
    at = utc(at)
    sums: defaultdict[tuple[str, Interval], int] = defaultdict(int)
    for line in lines:
        if line.counts_at(at):
            sums[line.amount.currency, line.interval] += line.amount.minor
    return _per_month(sums)


def as_money(minor: Fraction, currency: str) -> Money:
    """Round an exact amount for people to read, half away from zero."""
    return Money(round_half_away(minor), currency)


def _per_month(sums: Mapping[tuple[str, Interval], int]) -> dict[str, Fraction]:
    total: defaultdict[str, Fraction] = defaultdict(Fraction)
    for (currency, interval), minor in sums.items():
        total[currency] += minor / interval.months
    return dict(sorted(total.items()))
