"""What a benchmark answers, and the table that shows it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

HEADER = ("what", "ours", "beside", "ratio", "goal", "met")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One goal, both sides measured in the same run. `goal` is the most that ours may be."""

    what: str
    ours: str
    beside: str
    ratio: float
    goal: str
    met: bool

    def cells(self) -> tuple[str, ...]:
        """Spell the row for the table."""
        met = "yes" if self.met else "NO"
        return (self.what, self.ours, self.beside, f"{self.ratio:.2f}", self.goal, met)


def medians(
    contenders: dict[str, Callable[[], object]],
    *,
    rounds: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Time the contenders in turn, round after round; the median seconds of each on `clock`."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for contender in contenders.values():
        contender()
    for _ in range(rounds):
        for name, contender in contenders.items():
            started = clock()
            contender()
            times[name].append(clock() - started)
    return {name: statistics.median(taken) for name, taken in times.items()}


def table(rows: list[Row]) -> str:
    """Draw the rows as a Markdown table whose columns line up."""
    cells = [HEADER, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADER))]
    lines = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
