"""What a check of a catalogue finds, and what it looks at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from saaskit_core.catalog.located import Path, dotted

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.catalog.building import Catalog
    from saaskit_core.catalog.documents import CatalogDocument
    from saaskit_core.catalog.sources import Source
    from saaskit_core.features import Definitions
    from saaskit_core.plans import Plan, Price


class Severity(StrEnum):
    """An error can't be imported; a warning can, and is probably not what is meant."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong or suspicious; `code` is stable, `where` the path of keys to it."""

    severity: Severity
    code: str
    line: int
    where: str
    problem: str
    allowed: str = ""

    def __str__(self) -> str:
        """Word it without the file's name."""
        where = f" {self.where}:" if self.where else ""
        hint = f" ({self.allowed})" if self.allowed else ""
        return f"{self.line}: {self.severity} [{self.code}]{where} {self.problem}{hint}"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A catalogue that could be read, with the lines its parts stand on."""

    catalog: Catalog
    document: CatalogDocument
    source: Source
    definitions: Definitions
    now: datetime

    def warn(self, code: str, where: Path, problem: str, allowed: str = "") -> Finding:
        """Make a warning about what stands at a path."""
        return Finding(
            severity=Severity.WARNING,
            code=code,
            line=self.source.line(where),
            where=dotted(where),
            problem=problem,
            allowed=allowed,
        )

    @cached_property
    def active_plans(self) -> tuple[Plan, ...]:
        """The plans that are not switched off, in the order of the file; of two alike the first."""
        plans: dict[str, Plan] = {}
        for plan in self.catalog.plans:
            plans.setdefault(plan.key, plan)
        return tuple(plan for plan in plans.values() if plan.is_active)

    def plan_path(self, plan: Plan) -> Path:
        """Return where a plan stands."""
        return ("plans", self._places[plan.key])

    def price_path(self, price: Price) -> Path:
        """Return where a price stands."""
        place = ("plans", self._places[price.plan])
        return (*place, "prices", str(price.frequency), price.amount.currency)

    @cached_property
    def _places(self) -> dict[str, int]:
        places: dict[str, int] = {}
        for index, plan in enumerate(self.document.plans):
            places.setdefault(plan.key, index)
        return places
