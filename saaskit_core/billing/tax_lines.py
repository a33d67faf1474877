"""Tax on lines: computed exactly, rounded once per rate, re-pooled so that the parts add up."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from saaskit_core.billing.explanations import explain_tax
from saaskit_core.billing.invoices import TAXED, LineDraft, TaxRule
from saaskit_core.billing.tax_engines import answered
from saaskit_core.billing.tax_parts import TaxAnswer, TaxPart
from saaskit_core.billing.taxes import AppliedRate, InvalidTaxRate, TaxDecision, TaxPlan
from saaskit_core.money import Money, round_half_away

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taxed:
    """What is worked out for one line: its tax parts, and whether its price contained them."""

    parts: tuple[TaxPart, ...]
    is_inclusive: bool
    pool: str = ""


def with_tax(
    lines: Sequence[LineDraft], tax: TaxRule | TaxPlan | TaxAnswer | None
) -> tuple[LineDraft, ...]:
    """Add the tax to each line that carries some.

    Lines of one decision are one pool per rate, charges and credits apart: the pool is rounded
    once, halves away from zero, and spread by largest remainder. Raises TaxAnswerMismatch when an
    engine's answer was for other lines, and InvalidTaxRate for what is none of the three.
    """
    match tax:
        case None:
            return tuple(lines)
        case TaxAnswer():
            found = {
                place: _Taxed(parts=parts, is_inclusive=tax.is_inclusive)
                for place, parts in answered(lines, tax).items()
            }
        case TaxPlan():
            found = _decided(lines, tax)
        case TaxRule():
            found = _decided(lines, TaxPlan(default=_of_rule(tax))) if tax.percent else {}
        case _:
            raise InvalidTaxRate(amount=repr(tax)[:40], problem="use a rule, a plan or an answer")
    return tuple(
        _line_with_tax(line, found[place]) if place in found else line
        for place, line in enumerate(lines)
    )


@lru_cache(maxsize=256)
def shares(rates: tuple[AppliedRate, ...]) -> tuple[Fraction, ...]:
    """Return each tax as an exact part of the net; a compound one counts those before it."""
    found: list[Fraction] = []
    for rate in rates:
        basis = 1 + sum(found) if rate.is_compound else Fraction(1)
        found.append(basis * Fraction(rate.percent) / 100)
    return tuple(found)


def _of_rule(rule: TaxRule) -> TaxDecision:
    rate = AppliedRate(jurisdiction="", name="Tax", percent=rule.percent)
    return TaxDecision(rates=(rate,), is_inclusive=rule.is_inclusive)


def _decided(lines: Sequence[LineDraft], plan: TaxPlan) -> dict[int, _Taxed]:
    pools: defaultdict[tuple[TaxDecision, bool], list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        if line.kind in TAXED and line.net:
            is_credit = line.net.minor < 0
            pools[plan.decision(line.price_id, is_credit=is_credit), is_credit].append(place)
    found: dict[int, _Taxed] = {}
    for (decision, _), places in pools.items():
        found |= _pooled({place: lines[place].net for place in places}, decision)
    return found


def _pooled(nets: Mapping[int, Money], decision: TaxDecision) -> dict[int, _Taxed]:
    """Tax the lines of one decision and one sign."""
    whole = Money.total(nets.values(), next(iter(nets.values())).currency)
    parts_of_net = shares(decision.rates)
    gross = 1 + sum(parts_of_net) if decision.is_inclusive else Fraction(1)
    per_rate = [
        _spread(Money(round_half_away(whole.minor * share / gross), whole.currency), nets)
        for share in parts_of_net
    ]
    pool = f"its share of the tax on {whole} in all" if len(nets) > 1 else ""
    return {
        place: _Taxed(
            parts=_parts(net, decision, [taxes[index] for taxes in per_rate]),
            is_inclusive=decision.is_inclusive,
            pool=pool,
        )
        for index, (place, net) in enumerate(nets.items())
    }


def _spread(tax: Money, nets: Mapping[int, Money]) -> tuple[Money, ...]:
    if len(nets) == 1:
        return (tax,)
    return tax.allocate([abs(net.minor) for net in nets.values()])


def _parts(net: Money, decision: TaxDecision, taxes: Sequence[Money]) -> tuple[TaxPart, ...]:
    zero = Money.zero(net.currency)
    base = net - sum(taxes, zero) if decision.is_inclusive else net
    parts: list[TaxPart] = []
    for rate, tax in zip(decision.rates, taxes, strict=True):
        before = sum((part.amount for part in parts), zero) if rate.is_compound else zero
        parts.append(
            TaxPart(
                jurisdiction=rate.jurisdiction,
                name=rate.name,
                percent=rate.percent,
                treatment=rate.treatment,
                note=rate.note,
                basis=base + before,
                amount=tax,
            )
        )
    return tuple(parts)


def _line_with_tax(line: LineDraft, taxed: _Taxed) -> LineDraft:
    """An inclusive price is split: the amount without tax, and the tax that it contained."""
    tax = Money.total((part.amount for part in taxed.parts), line.net.currency)
    amount = line.amount - tax if taxed.is_inclusive else line.amount
    contained = line.net if taxed.is_inclusive else None
    explanation = "".join(
        explain_tax(part, contained=contained, pool=taxed.pool) for part in taxed.parts
    )
    return replace(
        line,
        amount=amount,
        tax=tax,
        tax_parts=taxed.parts,
        explanation=line.explanation + explanation,
    )
