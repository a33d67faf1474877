"""The books of one currency: every movement added up by cohort, month and kind, as whole numbers.

They grow with the months, never with the events. Where a customer stands is the caller's to keep.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from saaskit_core.analytics.movements import MovementKind

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS = tuple(MovementKind)
NEW, EXPANSION, CONTRACTION, CHURN, REACTIVATION = range(len(KINDS))
NEVER = -1

Standing = list[int]
"""Where a customer stands: what he brings now, what he brought as the month of his last movement
began, that month's place, and the place of the month he began in (`NEVER` before that)."""


def newcomer() -> Standing:
    """Return where somebody stands who never brought anything."""
    return [0, 0, 0, NEVER]


class Book:
    """What moved, by (cohort, place of the month, kind): [amount, customers].

    `gained` and `lost` are by how much those who were there at a month's start had changed at its
    end, `left` how many of them were gone.
    """

    __slots__ = ("cells", "gained", "left", "lost")

    def __init__(self) -> None:
        """Open empty books."""
        self.cells: dict[tuple[int, int, int], list[int]] = {}
        self.gained: defaultdict[int, int] = defaultdict(int)
        self.lost: defaultdict[int, int] = defaultdict(int)
        self.left: defaultdict[int, int] = defaultdict(int)

    def move(self, standing: Standing, place: int, delta: int) -> None:
        """Record what a customer's revenue changed by, other than nothing, in a month."""
        before, opening, month, cohort = standing
        if place != month:
            if opening:
                self.settle(month, opening, before)
            opening = before
        after = before + delta
        if not before:
            kind = NEW if cohort < 0 else REACTIVATION
            cohort = place if cohort < 0 else cohort
        elif not after:
            kind = CHURN
        else:
            kind = EXPANSION if delta > 0 else CONTRACTION
        cell = self.cells.get((cohort, place, kind))
        if cell is None:
            self.cells[cohort, place, kind] = [delta, 1]
        else:
            cell[0] += delta
            cell[1] += 1
        standing[:] = after, opening, place, cohort

    def settle(self, place: int, opening: int, closing: int) -> None:
        """Record how a month went for somebody who was there at its start."""
        if closing > opening:
            self.gained[place] += closing - opening
        else:
            self.lost[place] += opening - closing
            self.left[place] += not closing

    def settled(self, standings: Iterable[Standing]) -> Book:
        """Return the books with everybody's last month settled; these stay open."""
        closed = Book()
        closed.cells = self.cells
        closed.gained, closed.lost, closed.left = (
            self.gained.copy(),
            self.lost.copy(),
            self.left.copy(),
        )
        for now, opening, month, _ in standings:
            if opening:
                closed.settle(month, opening, now)
        return closed

    def rescale(self, ratio: int) -> None:
        """Multiply every amount: the denominator grew."""
        for cell in self.cells.values():
            cell[0] *= ratio
        for sums in (self.gained, self.lost):
            for place in sums:
                sums[place] *= ratio
