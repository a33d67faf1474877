"""From discounted lines to an invoice: tax, rounding, credit, the provider's minimum, checks."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.billing.explanations import explain_tax
from saaskit_core.billing.invariants import NegativeTotal, check_draft
from saaskit_core.billing.invoices import InvoiceDraft, LineDraft, LineKind, Settlement, TaxRule
from saaskit_core.money import InvalidAmount, Money, round_half_away
from saaskit_core.subscriptions.policies import UnusedTime

if TYPE_CHECKING:
    from collections.abc import Sequence

TAXED = frozenset(
    {
        LineKind.PERIOD,
        LineKind.ONE_OFF,
        LineKind.UNUSED_CREDIT,
        LineKind.REMAINING_DEBIT,
    }
)
"""Lines that carry tax; the others move amounts whose tax is settled already."""


def assemble(
    currency: str,
    lines: Sequence[LineDraft],
    settlement: Settlement,
    *,
    surplus_to: UnusedTime = UnusedTime.WALLET,
) -> InvoiceDraft:
    """Put an invoice together from lines that have their discounts. Raises BrokenInvariant."""
    taxed = _with_tax((*lines, *_carried_in(currency, settlement)), settlement.tax)
    complete = (*taxed, *_surplus(currency, taxed, surplus_to))
    total = Money.total((line.total for line in complete), currency)
    credit = min(_wallet(currency, settlement), total)
    owed = total - credit
    is_too_small = settlement.minimum is not None and owed < settlement.minimum
    carried = owed if is_too_small else Money.zero(currency)
    draft = InvoiceDraft(
        currency=currency,
        lines=complete,
        subtotal=Money.total((line.amount for line in complete), currency),
        discount=Money.total((line.discount for line in complete), currency),
        tax=Money.total((line.tax for line in complete), currency),
        total=total,
        credit_applied=credit,
        amount_due=owed - carried,
        carried_forward=carried,
        to_wallet=_of_kind(LineKind.TO_WALLET, complete, currency),
    )
    check_draft(draft)
    return draft


def simple_line(kind: LineKind, description: str, amount: Money, explanation: str) -> LineDraft:
    """Make a line that is a bare amount: no price, no period, no discount, no tax."""
    zero = Money.zero(amount.currency)
    return LineDraft(
        kind=kind,
        description=description,
        quantity=1,
        unit=amount,
        amount=amount,
        discount=zero,
        tax=zero,
        period=None,
        price_id="",
        explanation=explanation,
    )


def _wallet(currency: str, settlement: Settlement) -> Money:
    wallet = settlement.wallet or Money.zero(currency)
    if wallet.minor < 0:
        raise NegativeTotal(name="The wallet", amount=str(wallet))
    return wallet


def _carried_in(currency: str, settlement: Settlement) -> tuple[LineDraft, ...]:
    carried = settlement.carried or Money.zero(currency)
    if carried.minor < 0:
        raise NegativeTotal(name="The amount carried in", amount=str(carried))
    if not carried:
        return ()
    text = f"{carried} of an earlier invoice, which was under the provider's minimum."
    return (simple_line(LineKind.CARRIED_IN, "Carried over", carried, text),)


def _surplus(
    currency: str, lines: Sequence[LineDraft], surplus_to: UnusedTime
) -> tuple[LineDraft, ...]:
    """Balance lines that add up to less than nothing: an invoice never has a negative total."""
    over = -Money.total((line.total for line in lines), currency)
    if over.minor <= 0:
        return ()
    if surplus_to is UnusedTime.NONE:
        text = f"{over} of the credit exceeds the charges and is not given back."
        return (simple_line(LineKind.FORFEITED, "Unused credit", over, text),)
    text = f"{over} of the credit exceeds the charges and stays the customer's."
    return (simple_line(LineKind.TO_WALLET, "Credit kept", over, text),)


def _of_kind(kind: LineKind, lines: Sequence[LineDraft], currency: str) -> Money:
    return Money.total((line.amount for line in lines if line.kind is kind), currency)


def _with_tax(lines: tuple[LineDraft, ...], rule: TaxRule | None) -> tuple[LineDraft, ...]:
    """Tax charges and credits each as one pool: rounded once, spread by largest remainder."""
    if rule is None or not rule.percent:
        return lines
    if not 0 <= rule.percent <= 100:
        raise InvalidAmount(amount=str(rule.percent), problem="a tax rate is 0 to 100 percent")
    taxes = {**_pooled(lines, rule, sign=1), **_pooled(lines, rule, sign=-1)}
    return tuple(
        _line_with_tax(line, taxes[place], rule) if place in taxes else line
        for place, line in enumerate(lines)
    )


def _pooled(lines: Sequence[LineDraft], rule: TaxRule, *, sign: int) -> dict[int, Money]:
    """Map the place of each taxed line of that sign to its tax."""
    exact = {
        place: _exact_tax(line, rule)
        for place, line in enumerate(lines)
        if line.kind in TAXED and line.net.minor * sign > 0
    }
    if not exact:
        return {}
    whole = Money(round_half_away(sum(exact.values(), Fraction(0))), lines[0].net.currency)
    parts = whole.allocate([abs(value) for value in exact.values()])
    return dict(zip(exact, parts, strict=True))


def _exact_tax(line: LineDraft, rule: TaxRule) -> Fraction:
    percent = Fraction(rule.percent)
    return line.net.minor * percent / (100 + percent if rule.is_inclusive else 100)


def _line_with_tax(line: LineDraft, tax: Money, rule: TaxRule) -> LineDraft:
    """An inclusive price is split: the amount without tax, and the tax that it contained."""
    explanation = line.explanation + explain_tax(line.net, tax, rule)
    amount = line.amount - tax if rule.is_inclusive else line.amount
    return replace(line, amount=amount, tax=tax, explanation=explanation)
