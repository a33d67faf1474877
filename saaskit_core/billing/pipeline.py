"""From discounted lines to an invoice: tax, rounding, credit, the provider's minimum, checks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saaskit_core.billing.invariants import NegativeTotal, check_draft, sums_of
from saaskit_core.billing.invoices import (
    CreditSource,
    CreditUsed,
    InvoiceDraft,
    LineDraft,
    LineKind,
    Settlement,
)
from saaskit_core.billing.tax_lines import with_tax
from saaskit_core.billing.tax_parts import added_up
from saaskit_core.money import Money
from saaskit_core.subscriptions.policies import UnusedTime

if TYPE_CHECKING:
    from collections.abc import Sequence


def assemble(
    currency: str,
    lines: Sequence[LineDraft],
    settlement: Settlement,
    *,
    surplus_to: UnusedTime = UnusedTime.WALLET,
) -> InvoiceDraft:
    """Put an invoice together from lines that have their discounts. Raises BrokenInvariant."""
    taxed = with_tax((*lines, *_carried_in(currency, settlement)), settlement.tax)
    complete = (*taxed, *_surplus(currency, taxed, surplus_to))
    subtotal, discount, tax = sums_of(complete, currency)
    total = subtotal - discount + tax
    used = _credits(total, settlement)
    credit = Money.total((each.amount for each in used), currency)
    owed = total - credit
    is_too_small = settlement.minimum is not None and owed < settlement.minimum
    carried = owed if is_too_small else Money.zero(currency)
    draft = InvoiceDraft(
        currency=currency,
        lines=complete,
        subtotal=subtotal,
        discount=discount,
        tax=tax,
        total=total,
        credit_applied=credit,
        amount_due=owed - carried,
        carried_forward=carried,
        to_wallet=_of_kind(LineKind.TO_WALLET, complete, currency),
        credits_used=used,
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


def _credits(total: Money, settlement: Settlement) -> tuple[CreditUsed, ...]:
    """Use credit notes, then the wallet, then referral credit, never more than the total."""
    held = {
        CreditSource.CREDIT_NOTES: settlement.credit_notes,
        CreditSource.WALLET: settlement.wallet,
        CreditSource.REFERRAL: settlement.referral,
    }
    left, used = total, []
    for source, amount in held.items():
        if amount is None:
            continue
        if amount.minor < 0:
            raise NegativeTotal(name=f"The credit ({source})", amount=str(amount))
        part = min(amount, left)
        if part:
            used.append(CreditUsed(source=source, amount=part))
            left -= part
    return tuple(used)


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
    amount, discount, tax = sums_of(lines, currency)
    over = discount - amount - tax
    if over.minor <= 0:
        return ()
    if surplus_to is UnusedTime.NONE:
        return (_forfeited(over, over + tax, lines),)
    text = f"{over} of the credit exceeds the charges and stays the customer's."
    return (simple_line(LineKind.TO_WALLET, "Credit kept", over, text),)


def _forfeited(over: Money, net: Money, lines: Sequence[LineDraft]) -> LineDraft:
    """Keep what isn't given back, and with it the tax: nobody's turnover becomes less."""
    text = f"{over} of the credit exceeds the charges and is not given back."
    parts = added_up(part for line in lines for part in line.tax_parts)
    kept = tuple(replace(part, basis=-part.basis, amount=-part.amount) for part in parts)
    return replace(
        simple_line(LineKind.FORFEITED, "Unused credit", net, text),
        tax=over - net,
        tax_parts=kept,
    )


def _of_kind(kind: LineKind, lines: Sequence[LineDraft], currency: str) -> Money:
    return Money.total((line.amount for line in lines if line.kind is kind), currency)
