"""Tax engines: somebody else works out the tax; the shell asks, and the answer comes in as data.

A package registers its engine classes with the hook `saaskit_tax_engines`. The shell makes a draft
without tax, sends `tax_request` of it to the engine outside of any transaction, and computes the
draft anew with the answer as `Settlement.tax`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from saaskit_core.billing.invoices import TAXED
from saaskit_core.billing.taxes import STANDARD
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from pydantic import BaseModel

    from saaskit_core.billing.invoices import InvoiceDraft, LineDraft
    from saaskit_core.billing.tax_parts import TaxAnswer, TaxAnswerLine, TaxPart
    from saaskit_core.billing.taxes import Buyer, Seller


class TaxAnswerMismatch(SaasKitError):
    code = "tax_answer_mismatch"
    kind = ErrorKind.CONFLICT
    template = "The tax engine's answer doesn't fit the invoice: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRequestLine:
    """One line to tax. `reference` is its place in the draft, `net` is after discounts."""

    reference: str
    net: Money
    category: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRequest:
    """What an engine is asked: who sells what to whom on a day."""

    reference: str
    currency: str
    on: date
    seller: Seller
    buyer: Buyer
    lines: tuple[TaxRequestLine, ...]
    is_inclusive: bool = False


class TaxEngine(Protocol):
    """Works out the tax of an invoice, usually over the network."""

    type_name: ClassVar[str]
    settings_model: ClassVar[type[BaseModel]]
    is_production_ready: ClassVar[bool]

    def __init__(self, settings: Any, *, name: str) -> None:
        """Keep an instance of `settings_model` and the alias; touch neither network nor disk."""
        ...

    @property
    def name(self) -> str:
        """Return the alias this instance was configured under."""
        ...

    def calculate(self, request: TaxRequest) -> TaxAnswer:
        """Answer for every line of the request; raise a ProviderError when it can't."""
        ...


def tax_request(
    draft: InvoiceDraft,
    *,
    reference: str,
    seller: Seller,
    buyer: Buyer,
    on: date,
    categories: Mapping[str, str] | None = None,
    is_inclusive: bool = False,
) -> TaxRequest:
    """Ask about a draft that has no tax yet. `categories` maps price ids; the rest is standard."""
    known = categories or {}
    lines = tuple(
        TaxRequestLine(
            reference=str(place),
            net=line.net,
            category=known.get(line.price_id, STANDARD),
            description=line.description,
        )
        for place, line in enumerate(draft.lines)
        if _is_taxable(line)
    )
    return TaxRequest(
        reference=reference,
        currency=draft.currency,
        on=on,
        seller=seller,
        buyer=buyer,
        lines=lines,
        is_inclusive=is_inclusive,
    )


def answered(lines: Sequence[LineDraft], answer: TaxAnswer) -> dict[int, tuple[TaxPart, ...]]:
    """Map the place of each taxable line to what the engine said of it.

    Raises TaxAnswerMismatch when a line is missing, one is too many or twice, a net has changed
    since, or a tax has the wrong currency or sign or exceeds the price that contains it.
    """
    told = {line.reference: line for line in answer.lines}
    wanted = {str(place): line for place, line in enumerate(lines) if _is_taxable(line)}
    if len(told) != len(answer.lines) or told.keys() != wanted.keys():
        raise TaxAnswerMismatch(problem="it answers for other lines")
    for reference, line in wanted.items():
        problem = _problem(line, told[reference], is_inclusive=answer.is_inclusive)
        if problem:
            raise TaxAnswerMismatch(problem=f"line {reference}: {problem}")
    return {int(reference): told[reference].parts for reference in wanted}


def _is_taxable(line: LineDraft) -> bool:
    return line.kind in TAXED and bool(line.net)


def _problem(line: LineDraft, told: TaxAnswerLine, *, is_inclusive: bool) -> str:
    if told.net != line.net:
        return f"{told.net} was asked about, it is {line.net}"
    if any(part.amount.currency != line.net.currency for part in told.parts):
        return "the tax is in another currency"
    sign = -1 if line.net.minor < 0 else 1
    if any(part.amount.minor * sign < 0 for part in told.parts):
        return "a tax has the wrong sign"
    tax = Money.total((part.amount for part in told.parts), line.net.currency)
    if is_inclusive and abs(tax.minor) > abs(line.net.minor):
        return f"{tax} can't be contained in {line.net}"
    return ""
