"""What is counted month by month. It grows with the months, never with the customers."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saaskit_core.analytics.movements import Movement


class Tally:
    """Sums per month. What is a level (a status, MRR, a cohort) is kept as what it changed by."""

    def __init__(self, months: int) -> None:
        """Begin with nothing, for so many months."""
        self.months = months
        self.counts: defaultdict[str, list[int]] = defaultdict(self._zeros)
        self.money: defaultdict[tuple[str, str], list[int]] = defaultdict(self._zeros)
        self.statuses: defaultdict[str, list[int]] = defaultdict(self._zeros)
        self.plans: defaultdict[str, list[int]] = defaultdict(self._zeros)
        self.mrr: defaultdict[tuple[str, str], list[Fraction]] = defaultdict(self._nothing)
        self.movements: defaultdict[tuple[str, str], list[Fraction]] = defaultdict(self._nothing)
        self.moved: defaultdict[str, list[int]] = defaultdict(self._zeros)
        self.cohorts: defaultdict[int, list[int]] = defaultdict(self._zeros)

    def add_movement(self, movement: Movement, month: int) -> None:
        """Count a movement of recurring revenue."""
        self.movements[movement.currency, movement.kind.value][month] += movement.monthly
        self.moved[movement.kind.value][month] += 1

    def add_paying(self, cohort: int, spells: Mapping[int, int]) -> None:
        """Count by how much, per month, a customer's sign-up month gained or lost a payer."""
        row = self.cohorts[cohort]
        for month, change in spells.items():
            row[month] += change

    def _zeros(self) -> list[int]:
        return [0] * self.months

    def _nothing(self) -> list[Fraction]:
        return [Fraction(0)] * self.months


def levels(changes: list[int]) -> list[int]:
    """Return how high a level was at the end of each month."""
    return list(accumulate(changes))
