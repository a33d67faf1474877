"""From the books to what people read: months and cohorts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from saaskit_core.analytics.books import KINDS, NEW, Book
from saaskit_core.analytics.figures import Cohort, MonthFigures

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from saaskit_core.analytics.denominators import Denominator
    from saaskit_core.analytics.months import Calendar
    from saaskit_core.analytics.movements import MovementKind

Sums = tuple[list[int], list[int]]
"""Amounts and customers by kind."""


def months_of(
    book: Book, currency: str, calendar: Calendar, denominator: Denominator
) -> tuple[MonthFigures, ...]:
    """Return the figures of each month of a calendar."""
    by_place = _by_place(book)
    amounts, counts = by_place[0]
    opening, customers = sum(amounts), _balance(counts)
    found = []
    for place, month in enumerate(calendar.months, start=1):
        amounts, counts = by_place[place]
        closing, staying = opening + sum(amounts), customers + _balance(counts)
        found.append(
            MonthFigures(
                month=month,
                currency=currency,
                opening=denominator.exact(opening),
                closing=denominator.exact(closing),
                movements=dict(zip(KINDS, map(denominator.exact, amounts), strict=True)),
                moved=dict(zip(KINDS, counts, strict=True)),
                customers_at_start=customers,
                customers_at_end=staying,
                customers_lost=book.left.get(place, 0),
                gained=denominator.exact(book.gained.get(place, 0)),
                lost=denominator.exact(book.lost.get(place, 0)),
            )
        )
        opening, customers = closing, staying
    return tuple(found)


def totals_of(book: Book, denominator: Denominator) -> dict[MovementKind, Fraction]:
    """Return what each kind of movement comes to from the beginning on."""
    sums = [0] * len(KINDS)
    for (_, _, kind), (amount, _) in book.cells.items():
        sums[kind] += amount
    return dict(zip(KINDS, map(denominator.exact, sums), strict=True))


def cohorts_of(
    book: Book, currency: str, calendar: Calendar, denominator: Denominator
) -> tuple[Cohort, ...]:
    """Return the cohorts that have customers, the earliest first."""
    cohorts = sorted({cohort for cohort, _, _ in book.cells})
    changes: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for (cohort, place, kind), (amount, count) in book.cells.items():
        change = changes[cohort, place]
        change[0] += amount
        change[1] += _sign(kind) * count
    return tuple(_cohort(book, c, currency, calendar, denominator, changes) for c in cohorts)


def _cohort(
    book: Book,
    cohort: int,
    currency: str,
    calendar: Calendar,
    denominator: Denominator,
    changes: Mapping[tuple[int, int], list[int]],
) -> Cohort:
    revenue, customers = book.cells[cohort, cohort, NEW]
    now, there = changes[0, 0] if cohort == 0 else (0, 0)
    kept: list[int] = []
    amounts: list[int] = []
    for place in range(max(cohort, 1), len(calendar.months) + 1):
        change = changes.get((cohort, place), (0, 0))
        now, there = now + change[0], there + change[1]
        amounts.append(now)
        kept.append(there)
    return Cohort(
        month=calendar.months[cohort - 1] if cohort else None,
        currency=currency,
        customers=customers,
        revenue=denominator.exact(revenue),
        customers_kept=tuple(kept),
        revenue_kept=tuple(denominator.exact(amount) for amount in amounts),
    )


def _by_place(book: Book) -> defaultdict[int, Sums]:
    found: defaultdict[int, Sums] = defaultdict(lambda: ([0] * len(KINDS), [0] * len(KINDS)))
    for (_, place, kind), (amount, count) in book.cells.items():
        amounts, counts = found[place]
        amounts[kind] += amount
        counts[kind] += count
    return found


def _balance(counts: list[int]) -> int:
    return sum(_sign(kind) * count for kind, count in enumerate(counts))


def _sign(kind: int) -> int:
    """Tell by how much a movement changes the number of customers."""
    return _SIGNS[kind]


_SIGNS = (1, 0, 0, -1, 1)
"""New, expansion, contraction, churn, reactivation."""
