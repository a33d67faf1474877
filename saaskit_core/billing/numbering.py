"""Numbers of documents: gap-free per series, taken at finalise only, never given twice."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.billing.invariants import BrokenInvariant
from saaskit_core.errors import SaasKitError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

MAX_WIDTH = 18
_PREFIX = re.compile(r"[A-Z0-9](?:[A-Z0-9/_-]{0,30}[A-Z0-9])?")


class InvalidSeries(SaasKitError):
    code = "invalid_series"
    template = "The number series %(prefix)s is not possible: %(problem)s."


class NotANumberOfSeries(SaasKitError):
    code = "not_a_number_of_series"
    template = "%(text)s is not a number of the series %(prefix)s."


class NumberReused(BrokenInvariant):
    code = "number_reused"
    template = "The number %(number)s is taken already."


class NumberGap(BrokenInvariant):
    code = "number_gap"
    template = "The number %(number)s is missing from its series."


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class DocumentNumber:
    """One number of a series; `year` is 0 for a series that doesn't begin anew each year."""

    prefix: str
    year: int
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSeries:
    """How the numbers of a series look: "INV-000042", or "INV-2026-000042" when `is_yearly`.

    `width` pads with zeros; a number that has outgrown it is printed whole. A credit note has a
    series of its own: `credit_notes`. Raises InvalidSeries.
    """

    prefix: str
    width: int = 6
    is_yearly: bool = False

    def __post_init__(self) -> None:
        """Refuse a prefix or width that can't be read back."""
        if type(self.prefix) is not str or not _PREFIX.fullmatch(self.prefix):
            problem = "a prefix is 1 to 32 of A-Z, 0-9, -, / and _, a letter or digit at either end"
            raise InvalidSeries(prefix=repr(self.prefix)[:40], problem=problem)
        if type(self.width) is not int or not 1 <= self.width <= MAX_WIDTH:
            raise InvalidSeries(prefix=self.prefix, problem=f"a width is 1 to {MAX_WIDTH}")

    @property
    def credit_notes(self) -> NumberSeries:
        """The series of the credit notes for this series' invoices."""
        return NumberSeries(prefix=f"{self.prefix}-CN", width=self.width, is_yearly=self.is_yearly)

    def next(self, last: DocumentNumber | None, *, on: date) -> DocumentNumber:
        """Return the number after `last` (None: none was given yet), on the day of finalise.

        A yearly series begins at 1 with each year; a day before the last number's year still
        counts in that year, so that numbers follow the order in which they were given.
        """
        year = on.year if self.is_yearly else 0
        if last is None:
            return DocumentNumber(prefix=self.prefix, year=year, value=1)
        self._check_own(last)
        if year > last.year:
            return DocumentNumber(prefix=self.prefix, year=year, value=1)
        return DocumentNumber(prefix=self.prefix, year=last.year, value=last.value + 1)

    def text(self, number: DocumentNumber) -> str:
        """Spell a number. Raises NotANumberOfSeries for another series'."""
        self._check_own(number)
        year = f"{number.year:04d}-" if self.is_yearly else ""
        return f"{self.prefix}-{year}{number.value:0{self.width}d}"

    def parse(self, text: str) -> DocumentNumber:
        """Read a number back. Raises NotANumberOfSeries unless `text` would spell it so."""
        year = "([0-9]{4})-" if self.is_yearly else "()"
        pattern = f"{re.escape(self.prefix)}-{year}([0-9]{{1,19}})"
        given: object = text
        match = re.fullmatch(pattern, given) if isinstance(given, str) else None
        if match is None:
            raise NotANumberOfSeries(text=repr(text)[:60], prefix=self.prefix)
        number = DocumentNumber(prefix=self.prefix, year=int(match[1] or 0), value=int(match[2]))
        if not number.value or self.text(number) != text:
            raise NotANumberOfSeries(text=repr(text)[:60], prefix=self.prefix)
        return number

    def _check_own(self, number: DocumentNumber) -> None:
        is_own = number.prefix == self.prefix and bool(number.year) == self.is_yearly
        if not is_own or number.value < 1:
            text = f"{number.prefix}-{number.value}"
            raise NotANumberOfSeries(text=text[:60], prefix=self.prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contiguity:
    """What a check of numbers found: those missing between the first and the last, and doubles."""

    missing: tuple[DocumentNumber, ...]
    reused: tuple[DocumentNumber, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every number from 1 on is there once."""
        return not self.missing and not self.reused


MAX_MISSING = 1000
"""A series with more holes than this isn't listed to its end."""


def contiguity(numbers: Iterable[DocumentNumber]) -> Contiguity:
    """Look for gaps and doubles, series by series and year by year; each begins at 1."""
    counted = Counter(numbers)
    given: dict[tuple[str, int], set[int]] = {}
    for number in counted:
        given.setdefault((number.prefix, number.year), set()).add(number.value)
    missing = [
        DocumentNumber(prefix=prefix, year=year, value=value)
        for (prefix, year), values in sorted(given.items())
        for value in _holes(values)
    ]
    reused = sorted(number for number, count in counted.items() if count > 1)
    return Contiguity(missing=tuple(missing), reused=tuple(reused))


def check_contiguous(numbers: Iterable[DocumentNumber]) -> None:
    """Raise NumberReused or NumberGap unless each series runs from 1 on, each number once."""
    found = contiguity(numbers)
    for number in found.reused:
        raise NumberReused(number=_spelt(number))
    for number in found.missing:
        raise NumberGap(number=_spelt(number))


def take(series: NumberSeries, taken: Iterable[DocumentNumber], *, on: date) -> DocumentNumber:
    """Return the next number after all that are taken. Raises NumberReused and NumberGap.

    For books held in memory; a database keeps a counter whose row is locked, and asks `next`.
    """
    own = [number for number in taken if number.prefix == series.prefix]
    check_contiguous(own)
    return series.next(max(own, default=None), on=on)


def _holes(values: set[int]) -> list[int]:
    holes: list[int] = []
    before = 0
    for value in sorted(values):
        room = MAX_MISSING - len(holes)
        holes += range(before + 1, min(value, before + 1 + room))
        before = value
    return holes


def _spelt(number: DocumentNumber) -> str:
    year = f"{number.year}-" if number.year else ""
    return f"{number.prefix}-{year}{number.value}"
