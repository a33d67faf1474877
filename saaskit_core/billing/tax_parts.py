"""The taxes on one line, as values: what stands on the document, and what a tax engine answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from saaskit_core.billing.taxes import TaxTreatment, check_percent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from saaskit_core.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxPart:
    """One tax on one line: `amount` is `percent` of `basis`, or the line's share of its pool.

    `note` is what the law wants on the document.
    """

    jurisdiction: str
    name: str
    percent: Decimal
    basis: Money
    amount: Money
    treatment: TaxTreatment = TaxTreatment.TAXED
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no percentage. Raises InvalidTaxRate."""
        check_percent(self.percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxAnswerLine:
    """The taxes of one line, in its own sign. `net` repeats what was asked about."""

    reference: str
    net: Money
    parts: tuple[TaxPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxAnswer:
    """What the engine said, line by line, and the id under which it keeps the calculation."""

    engine: str
    lines: tuple[TaxAnswerLine, ...]
    is_inclusive: bool = False
    calculation_id: str = ""


def added_up(parts: Iterable[TaxPart]) -> tuple[TaxPart, ...]:
    """Add parts up per jurisdiction, name, rate and treatment, in the order they are met."""
    found: dict[tuple[object, ...], TaxPart] = {}
    for part in parts:
        key = (part.jurisdiction, part.name, part.percent, part.treatment, part.note)
        before = found.get(key)
        found[key] = _sum(before, part) if before else part
    return tuple(found.values())


def _sum(one: TaxPart, other: TaxPart) -> TaxPart:
    return replace(one, basis=one.basis + other.basis, amount=one.amount + other.amount)
