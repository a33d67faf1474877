"""Readers' reports: each reader once, weighted by how often he was right."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.errors import SaasKitError

if TYPE_CHECKING:
    from collections.abc import Iterable


class InvalidReport(SaasKitError):
    code = "invalid_report"
    template = "The report can't be counted: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One reader's report; `agreed` and `disagreed` count how his earlier ones were decided."""

    reporter_id: str
    agreed: int = 0
    disagreed: int = 0

    def __post_init__(self) -> None:
        """Refuse counts that aren't counts, and a report of nobody."""
        counts = (self.agreed, self.disagreed)
        if not self.reporter_id:
            raise InvalidReport(problem="it has no reporter")
        if any(type(count) is not int or count < 0 for count in counts):
            raise InvalidReport(problem="counts are zero or more")

    @property
    def weight(self) -> Fraction:
        """Between 0 and 2: one for a newcomer, more for who was right, less for who was wrong."""
        return Fraction(2 * (self.agreed + 1), self.agreed + self.disagreed + 2)


def report_score(reports: Iterable[Report], *, author_id: str) -> Fraction:
    """Return the sum of the weights, exact: each reporter once, the author himself never."""
    weights = {report.reporter_id: report.weight for report in reports}
    weights.pop(author_id, None)
    return sum(weights.values(), Fraction(0))
