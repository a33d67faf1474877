"""Credit notes: take back a finished invoice, whole or in part, never more than it asked for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.billing.invoices import TAXED, InvoiceDraft, LineDraft
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import Money, check_money, round_half_away

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class CreditNoteReason(StrEnum):
    """Why it is issued, as it stands on the document."""

    REFUND = "refund"
    UNUSED_TIME = "unused_time"
    DUPLICATE = "duplicate"
    MISTAKE = "mistake"
    GOODWILL = "goodwill"


class CreditNoteRefused(SaasKitError):
    code = "credit_note_refused"
    kind = ErrorKind.CONFLICT
    template = "%(amount)s can't be credited: %(problem)s."


class CreditNoteTooLarge(CreditNoteRefused):
    code = "credit_note_too_large"
    template = "%(amount)s can't be credited: only %(left)s of it are left."


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNoteLine:
    """What is taken back of the invoice's line at `position` (from 0), tax apart."""

    position: int
    net: Money
    tax: Money
    explanation: str

    @property
    def total(self) -> Money:
        """What is taken back, tax included."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNote:
    """A computed credit note, before it has a number. `total` = `net` + `tax` = Σ lines."""

    currency: str
    reason: CreditNoteReason
    lines: tuple[CreditNoteLine, ...]
    net: Money
    tax: Money
    total: Money


def creditable(invoice: InvoiceDraft, earlier: Sequence[CreditNote] = ()) -> Money:
    """Return what can still be credited: the invoice's own lines less the notes there are.

    A carried-in amount is credited on the invoice that it came from, where its tax stands.
    """
    own = (line.total for line in invoice.lines if line.kind in TAXED)
    given = Money.total((note.total for note in earlier), invoice.currency)
    return max(Money.total(own, invoice.currency) - given, Money.zero(invoice.currency))


def credit_whole(
    invoice: InvoiceDraft, *, reason: CreditNoteReason, earlier: Sequence[CreditNote] = ()
) -> CreditNote:
    """Take back all that is left, line by line. Raises CreditNoteRefused when nothing is."""
    if not creditable(invoice, earlier):
        raise CreditNoteRefused(amount=str(invoice.total), problem="nothing is left to credit")
    given = _given(earlier)
    lines = [
        _line(invoice, position, line.total - _sum(given[position], invoice.currency), earlier)
        for position, line in enumerate(invoice.lines)
        if line.kind in TAXED
    ]
    return _note(invoice, [line for line in lines if line.total or line.tax], reason)


def credit_lines(
    invoice: InvoiceDraft,
    amounts: Mapping[int, Money],
    *,
    reason: CreditNoteReason,
    earlier: Sequence[CreditNote] = (),
) -> CreditNote:
    """Take back `amounts` (tax included) of single lines, by their position from 0.

    Raises CreditNoteRefused for a line that isn't there or charges nothing, CreditNoteTooLarge
    for more than is left of a line or of the invoice.
    """
    given = _given(earlier)
    asked = Money.total(amounts.values(), invoice.currency)
    _check_fits(asked, creditable(invoice, earlier))
    for position, amount in amounts.items():
        if not 0 <= position < len(invoice.lines) or invoice.lines[position].kind not in TAXED:
            raise CreditNoteRefused(amount=str(amount), problem="there is no such line to credit")
        line = invoice.lines[position]
        _check_fits(amount, line.total - _sum(given[position], invoice.currency))
    lines = [_line(invoice, position, amounts[position], earlier) for position in sorted(amounts)]
    return _note(invoice, lines, reason)


def credit_amount(
    invoice: InvoiceDraft,
    amount: Money,
    *,
    reason: CreditNoteReason,
    earlier: Sequence[CreditNote] = (),
) -> CreditNote:
    """Take back `amount` (tax included), spread over what is left of each charge.

    Raises CreditNoteTooLarge for more than is left, CreditNoteRefused for nothing or less.
    """
    _check_fits(amount, creditable(invoice, earlier))
    given = _given(earlier)
    left = {
        position: rest
        for position, line in enumerate(invoice.lines)
        if line.kind in TAXED
        and (rest := line.total - _sum(given[position], invoice.currency)).minor > 0
    }
    parts = amount.allocate([rest.minor for rest in left.values()])
    amounts = {position: part for position, part in zip(left, parts, strict=True) if part}
    return credit_lines(invoice, amounts, reason=reason, earlier=earlier)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditUse:
    """Where a credit note's total goes: what is still owed, back to the payer, or his credit."""

    to_open: Money
    to_refund: Money
    to_wallet: Money


def use_of_credit(total: Money, *, open_amount: Money, refundable: Money) -> CreditUse:
    """Settle what is still owed first, then refund what was paid in money; the rest is credit.

    What the wallet had paid goes back to the wallet that way, never out in money.
    """
    to_open = min(total, open_amount)
    to_refund = min(total - to_open, refundable)
    return CreditUse(to_open=to_open, to_refund=to_refund, to_wallet=total - to_open - to_refund)


def _line(
    invoice: InvoiceDraft, position: int, amount: Money, earlier: Sequence[CreditNote]
) -> CreditNoteLine:
    """Give tax back in proportion to all that was credited of the line so far.

    Rounded against what earlier notes gave back, so that all notes together give back the tax of
    the line, to the unit.
    """
    line = invoice.lines[position]
    before = [each for note in earlier for each in note.lines if each.position == position]
    credited = _sum([each.total for each in before], invoice.currency) + amount
    tax_before = _sum([each.tax for each in before], invoice.currency)
    tax = Money(_tax_share(line, credited), invoice.currency) - tax_before
    return CreditNoteLine(
        position=position,
        net=amount - tax,
        tax=tax,
        explanation=_explained(line, amount, credited, tax, tax_before),
    )


def _tax_share(line: LineDraft, credited: Money) -> int:
    if not line.total:
        return line.tax.minor
    return round_half_away(Fraction(line.tax.minor * credited.minor, line.total.minor))


def _explained(
    line: LineDraft, amount: Money, credited: Money, tax: Money, tax_before: Money
) -> str:
    text = f"{amount} of {line.total} for {line.description}."
    if not line.tax:
        return text
    earlier = f", less {tax_before} given back before" if tax_before else ""
    return f"{text} Tax {line.tax} × {credited.minor}/{line.total.minor}{earlier} = {tax}."


def _note(
    invoice: InvoiceDraft, lines: Sequence[CreditNoteLine], reason: CreditNoteReason
) -> CreditNote:
    currency = invoice.currency
    return CreditNote(
        currency=currency,
        reason=reason,
        lines=tuple(lines),
        net=_sum([line.net for line in lines], currency),
        tax=_sum([line.tax for line in lines], currency),
        total=_sum([line.total for line in lines], currency),
    )


def _check_fits(amount: Money, left: Money) -> None:
    check_money(amount)
    if amount.minor <= 0:
        raise CreditNoteRefused(amount=str(amount), problem="it must be more than zero")
    if amount > left:
        raise CreditNoteTooLarge(amount=str(amount), left=str(left))


def _given(earlier: Sequence[CreditNote]) -> defaultdict[int, list[Money]]:
    given: defaultdict[int, list[Money]] = defaultdict(list)
    for note in earlier:
        for line in note.lines:
            given[line.position].append(line.total)
    return given


def _sum(amounts: Sequence[Money], currency: str) -> Money:
    return Money.total(amounts, currency)
