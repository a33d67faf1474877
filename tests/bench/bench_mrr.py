"""Recurring revenue: MRR and 24 months of movements out of a stream, beside hand-written loops."""

from __future__ import annotations

import tracemalloc
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from math import log10
from operator import itemgetter

from saaskit_core.analytics.history import history_of_changes, history_of_rows
from saaskit_core.analytics.months import Calendar, Month
from saaskit_core.analytics.movements import RevenueChange
from saaskit_core.analytics.mrr import mrr_of_rows
from saaskit_core.analytics.revenue import RevenueRow
from tests.bench.report import Row, medians

SIZES = (1_000, 10_000, 100_000, 1_000_000)
TERMS = (("USD", 2900, "month", 1), ("USD", 29000, "year", 1), ("EUR", 900, "week", 1),
         ("EUR", 8100, "month", 3), ("USD", 9900, "month", 1))  # fmt: skip
BEGIN = datetime(2023, 6, 1, tzinfo=UTC)
AT = datetime(2025, 6, 15, tzinfo=UTC)
CALENDAR = Calendar(first=Month(2023, 7), last=Month(2025, 6))
FACTORS = {("month", 1): 84, ("year", 1): 7, ("week", 1): 365, ("month", 3): 28}
MRR_GOAL, MOVEMENTS_GOAL, MEMORY_GOAL, SLOPE_GOAL = 1.25, 2.0, 20, 1.1


def rows(size: int) -> Iterator[RevenueRow]:
    """Stream subscriptions, those of one customer together: four customers for five of them."""
    for number in range(size):
        currency, minor, unit, every = TERMS[number % 5]
        starts_at = BEGIN + timedelta(hours=number * 7919 % 17_000)
        ends_at = None
        if number % 3 == 0:
            ends_at = starts_at + timedelta(hours=number * 104_729 % 9_000)
        who = f"customer-{number * 4 // 5}"
        yield RevenueRow(who, currency, minor, unit, every, starts_at, ends_at)


def measure() -> list[Row]:
    """Measure both measures at every size, then memory and growth."""
    found, taken = [], {}
    for size in SIZES:
        given = list(rows(size))
        assert mrr_of_rows(given, at=AT) == plain_mrr(given)
        _check(given)
        taken[size] = _times(given)
        found += _rows(size, taken[size])
    found += [_slope(what, taken) for what in ("mrr", "movements")]
    found += [_memory("movements, 1,000,000 rows by customer", "by_customer", MEMORY_GOAL)]
    found += [_memory("movements, 200,000 changes of 20,000 customers by time", "by_time", None)]
    return found


def plain_mrr(given: Iterable[RevenueRow]) -> dict[str, Fraction]:
    """The loop one would write by hand, with whole numbers."""
    sums: defaultdict[str, int] = defaultdict(int)
    for _, currency, minor, unit, every, starts_at, ends_at in given:
        if starts_at <= AT and (ends_at is None or ends_at > AT):
            sums[currency] += minor * FACTORS[unit, every]
    return {currency: Fraction(total, 84) for currency, total in sorted(sums.items())}


def plain_movements(given: Iterable[RevenueRow]) -> dict[tuple[str, int, str], int]:
    """The loop one would write by hand: sums by month and kind; no cohorts, no retention."""
    table: defaultdict[tuple[str, int, str], int] = defaultdict(int)
    bounds = CALENDAR.bounds
    for _, group in groupby(given, key=itemgetter(0)):
        changes: defaultdict[str, defaultdict[datetime, int]] = defaultdict(
            lambda: defaultdict(int)
        )
        for _, currency, minor, unit, every, starts_at, ends_at in group:
            monthly = minor * FACTORS[unit, every]
            changes[currency][starts_at] += monthly
            if ends_at is not None:
                changes[currency][ends_at] -= monthly
        for currency, by_time in changes.items():
            now, known = 0, False
            for at in sorted(by_time):
                delta = by_time[at]
                if delta:
                    kind = _kind(now, delta, known=known)
                    table[currency, bisect_right(bounds, at), kind] += delta
                    now, known = now + delta, True
    return table


def _kind(now: int, delta: int, *, known: bool) -> str:
    if not now:
        return "reactivation" if known else "new"
    if not now + delta:
        return "churn"
    return "expansion" if delta > 0 else "contraction"


def by_time(size: int) -> Iterator[RevenueChange]:
    """Stream changes in the order of time, as an event log has them."""
    for number in range(size):
        yield RevenueChange(
            at=BEGIN + timedelta(minutes=number),
            customer_id=f"customer-{number % 20_000}",
            currency="USD",
            monthly=Fraction(2900) if number // 20_000 % 2 == 0 else Fraction(-2900),
        )


def grow(what: str, size: int) -> None:
    """Work through a stream of some size, keeping nothing."""
    if what == "by_customer":
        history_of_rows(rows(size), calendar=CALENDAR)
        mrr_of_rows(rows(size), at=AT)
    else:
        history_of_changes(by_time(size), calendar=CALENDAR)


def _check(given: list[RevenueRow]) -> None:
    months = history_of_rows(given, calendar=CALENDAR).months
    table = plain_movements(given)
    for currency, figures in months.items():
        for place, month in enumerate(figures, start=1):
            for kind, amount in month.movements.items():
                assert amount == Fraction(table.get((currency, place, kind.value), 0), 84)


def _times(given: list[RevenueRow]) -> dict[str, float]:
    return medians(
        {
            "mrr": lambda: mrr_of_rows(given, at=AT),
            "plain mrr": lambda: plain_mrr(given),
            "movements": lambda: history_of_rows(given, calendar=CALENDAR),
            "plain movements": lambda: plain_movements(given),
        }
    )


def _rows(size: int, taken: dict[str, float]) -> list[Row]:
    found = []
    for what, goal in (("mrr", MRR_GOAL), ("movements", MOVEMENTS_GOAL)):
        ratio = taken[what] / taken[f"plain {what}"]
        counted = size >= 100_000
        found.append(
            Row(
                what=f"{_NAMES[what]}, {size:,} rows",
                ours=_ms(taken[what]),
                beside=_ms(taken[f"plain {what}"]),
                ratio=ratio,
                goal=f"≤ {goal}" if counted else "shown",
                met=not counted or ratio <= goal,
            )
        )
    return found


_NAMES = {"mrr": "MRR", "movements": "24 months of movements, churn, retention and cohorts"}


def _slope(what: str, taken: dict[int, dict[str, float]]) -> Row:
    decades = log10(SIZES[-1] / SIZES[1])
    ours, plain = (
        log10(taken[SIZES[-1]][name] / taken[SIZES[1]][name]) / decades
        for name in (what, f"plain {what}")
    )
    return Row(
        what=f"{_NAMES[what]}: slope from {SIZES[1]:,} to {SIZES[-1]:,} rows (1 is linear)",
        ours=f"{ours:.2f}",
        beside=f"{plain:.2f}",
        ratio=ours / plain,
        goal=f"≤ {SLOPE_GOAL}",
        met=ours <= SLOPE_GOAL,
    )


def _memory(what: str, name: str, goal: int | None) -> Row:
    """Measure the most that is allocated at a time while a stream is worked through."""
    grow(name, 1000)
    tracemalloc.start()
    grow(name, SIZES[-1] if goal else SIZES[-1] // 5)
    grown = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return Row(
        what=f"{what}: memory grows by",
        ours=f"{grown:.1f} MiB",
        beside=f"{goal} MiB" if goal else "one standing per customer",
        ratio=grown / (goal or grown),
        goal=f"≤ {goal} MiB" if goal else "shown",
        met=goal is None or grown <= goal,
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
