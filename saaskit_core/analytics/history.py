"""Recurring revenue month by month: one pass over changes or rows, exact, per currency."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from saaskit_core.analytics.books import Book, Standing, newcomer
from saaskit_core.analytics.denominators import Denominator
from saaskit_core.analytics.movements import UnsortedChanges
from saaskit_core.analytics.tables import cohorts_of, months_of, totals_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from fractions import Fraction

    from saaskit_core.analytics.figures import Cohort, MonthFigures
    from saaskit_core.analytics.months import Calendar
    from saaskit_core.analytics.movements import MovementKind, RevenueChange
    from saaskit_core.analytics.revenue import RevenueRow


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What became of the revenue in the months of a calendar, by currency.

    `totals` are all movements up to the calendar's end, those before its first month too.
    """

    calendar: Calendar
    totals: Mapping[str, Mapping[MovementKind, Fraction]]
    months: Mapping[str, tuple[MonthFigures, ...]]
    cohorts: Mapping[str, tuple[Cohort, ...]]


def history_of_changes(changes: Iterable[RevenueChange], *, calendar: Calendar) -> History:
    """Add up changes that come in the order of time, as an event log has them.

    Memory grows with the customers, of whom it must know whether they were there before, and not
    with the changes. Raises UnsortedChanges.
    """
    ledger = Ledger(calendar)
    for change in changes:
        ledger.record(change)
    return ledger.history()


def history_of_rows(rows: Iterable[RevenueRow], *, calendar: Calendar) -> History:
    """Add up rows of which those of one customer stand together, in any order otherwise.

    Memory grows with the rows of one customer only: this is the way for millions of them.
    """
    ledger = Ledger(calendar)
    for _, group in groupby(rows, key=_CUSTOMER):
        ledger.record_customer(list(group))
    return ledger.history()


class Ledger:
    """Takes in changes of revenue and tells at any time what they came to."""

    def __init__(self, calendar: Calendar) -> None:
        """Begin without any customer."""
        self._calendar = calendar
        self._bounds = calendar.bounds
        self._months = len(calendar.months)
        self._denominator = Denominator()
        self._books: dict[str, Book] = {}
        self._standings: dict[tuple[str, str], Standing] = {}
        self._at: datetime | None = None
        self._now: defaultdict[tuple[str, str], int] = defaultdict(int)

    def record(self, change: RevenueChange) -> None:
        """Take in a change; those of one customer at one instant are one movement.

        Raises UnsortedChanges when it is from before the one that came last.
        """
        at = change.at
        if at != self._at:
            if self._at is not None and at < self._at:
                raise UnsortedChanges(at=at, before=self._at)
            self._close_instant()
            self._at = at
        before = self._denominator.value
        scaled = self._denominator.scaled(change.monthly)
        if before != self._denominator.value:
            self._rescale(self._denominator.value // before)
        self._now[change.customer_id, change.currency] += scaled

    def record_customer(self, rows: list[RevenueRow]) -> None:
        """Take in all the rows of one customer, who is not heard of again."""
        before, factor = self._denominator.value, self._denominator.factor
        for _, _, _, unit, count, _, _ in rows:
            factor(unit, count)
        if before != self._denominator.value:
            self._rescale(self._denominator.value // before)
        if len(rows) == 1:
            _, currency, minor, unit, count, starts_at, ends_at = rows[0]
            self._walk(currency, _two(starts_at, ends_at, minor * factor(unit, count)))
            return
        changes: defaultdict[str, list[tuple[datetime, int]]] = defaultdict(list)
        for _, currency, minor, unit, count, starts_at, ends_at in rows:
            changes[currency] += _two(starts_at, ends_at, minor * factor(unit, count))
        for currency, of_currency in changes.items():
            of_currency.sort()
            self._walk(currency, of_currency)

    def history(self) -> History:
        """Return the figures as of what has come in; more may follow."""
        self._close_instant()
        standings = defaultdict(list)
        for (_, currency), standing in self._standings.items():
            standings[currency].append(standing)
        books = {
            currency: book.settled(standings[currency])
            for currency, book in sorted(self._books.items())
            if book.cells
        }
        given = (self._calendar, self._denominator)
        return History(
            calendar=self._calendar,
            totals={
                currency: totals_of(book, self._denominator) for currency, book in books.items()
            },
            months={
                currency: months_of(book, currency, *given) for currency, book in books.items()
            },
            cohorts={
                currency: cohorts_of(book, currency, *given) for currency, book in books.items()
            },
        )

    def _close_instant(self) -> None:
        if self._at is None or not self._now:
            return
        place = bisect_right(self._bounds, self._at)
        if place <= self._months:
            for key, delta in self._now.items():
                if delta:
                    self._move(key, place, delta)
        self._now.clear()

    def _move(self, key: tuple[str, str], place: int, delta: int) -> None:
        standing = self._standings.get(key)
        if standing is None:
            standing = self._standings[key] = newcomer()
        self._book(key[1]).move(standing, place, delta)

    def _walk(self, currency: str, changes: list[tuple[datetime, int]]) -> None:
        book, standing, place = self._book(currency), newcomer(), 0
        bounds, last = self._bounds, len(changes) - 1
        pending = 0
        for index, (at, delta) in enumerate(changes):
            pending += delta
            if index < last and changes[index + 1][0] == at:
                continue
            if pending:
                place = bisect_right(bounds, at)
                if place > self._months:
                    break
                book.move(standing, place, pending)
                pending = 0
        now, opening, month, _ = standing
        if opening:
            book.settle(month, opening, now)

    def _book(self, currency: str) -> Book:
        book = self._books.get(currency)
        if book is None:
            book = self._books[currency] = Book()
        return book

    def _rescale(self, ratio: int) -> None:
        for book in self._books.values():
            book.rescale(ratio)
        for standing in self._standings.values():
            standing[0] *= ratio
            standing[1] *= ratio
        for key in self._now:
            self._now[key] *= ratio


_CUSTOMER = itemgetter(0)


def _two(starts_at: datetime, ends_at: datetime | None, scaled: int) -> list[tuple[datetime, int]]:
    """Return what a row adds and takes away."""
    if ends_at is None:
        return [(starts_at, scaled)]
    return [(starts_at, scaled), (ends_at, -scaled)]
