"""A look through a customer's books: everything that must never be, found and named at once.

What is found parks the customer: no charges until somebody has looked. Access isn't touched.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.billing.invariants import BrokenInvariant, check_draft
from saaskit_core.billing.ledger import Ledger, lot_balances
from saaskit_core.billing.numbering import contiguity
from saaskit_core.billing.schedule import MAX_ITEMS_PER_DAY
from saaskit_core.money import Money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from saaskit_core.billing.credit_notes import CreditNote
    from saaskit_core.billing.invoices import InvoiceDraft
    from saaskit_core.billing.numbering import DocumentNumber
    from saaskit_core.billing.schedule import DueItem


class FindingCode(StrEnum):
    """What is wrong. Where an error of the same name exists, it has the same code."""

    NEGATIVE_TOTAL = "negative_total"
    TOTALS_DISAGREE = "totals_disagree"
    PERIOD_BILLED_TWICE = "period_billed_twice"
    TOO_MANY_ITEMS = "too_many_items"
    PAID_IS_NOT_ASKED = "paid_is_not_asked"
    PAID_TWICE = "paid_twice"
    REFUNDED_OVER_CAPTURED = "refunded_over_captured"
    CREDITED_OVER_BILLED = "credited_over_billed"
    CURRENCIES_MIXED = "currencies_mixed"
    LEDGER_UNBALANCED = "ledger_unbalanced"
    WALLET_OVERDRAWN = "wallet_overdrawn"
    NUMBER_GAP = "number_gap"
    NUMBER_REUSED = "number_reused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, and where: "invoice:42", "payment:7", "ledger", a number."""

    code: FindingCode
    where: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedInvoice:
    """An invoice as it stands in the books. Void ones bill nothing but keep their number."""

    id: str
    draft: InvoiceDraft
    items: tuple[DueItem, ...] = ()
    issued_on: date | None = None
    number: DocumentNumber | None = None
    is_void: bool = False
    credit_notes: tuple[CreditNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedPayment:
    """A payment as it stands in the books; `is_open_amount` lets a transfer bring another sum."""

    id: str
    invoice_id: str
    asked: Money
    received: Money
    refunded: Money
    is_paid: bool
    is_open_amount: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What is known of one customer.

    `numbers` are all of the series, whoever's; None leaves gaps unlooked for. `ledger_sums`
    (currency → minor units) are those of the stored rows, None those of `ledger`.
    """

    invoices: tuple[BookedInvoice, ...] = ()
    payments: tuple[BookedPayment, ...] = ()
    ledger: Ledger | None = None
    ledger_sums: Mapping[str, int] | None = None
    numbers: tuple[DocumentNumber, ...] | None = None


def check_books(books: Books) -> tuple[Finding, ...]:
    """List everything that is wrong; an empty answer means that billing may go on."""
    checks: tuple[Callable[[Books], Iterator[Finding]], ...] = (
        _invoices,
        _items,
        _payments,
        _ledger,
        _numbers,
    )
    return tuple(finding for check in checks for finding in check(books))


def _invoices(books: Books) -> Iterator[Finding]:
    for invoice in books.invoices:
        where, draft = f"invoice:{invoice.id}", invoice.draft
        if _currencies(invoice) != {draft.currency}:
            text = f"not everything is in {draft.currency}"
            yield _finding(FindingCode.CURRENCIES_MIXED, where, text)
            continue
        try:
            check_draft(draft)
        except BrokenInvariant as exc:
            yield _finding(FindingCode(exc.code), where, str(exc))
            continue
        credited = Money.total((note.total for note in invoice.credit_notes), draft.currency)
        if credited > draft.total:
            text = f"{credited} credited of {draft.total}"
            yield _finding(FindingCode.CREDITED_OVER_BILLED, where, text)


def _currencies(invoice: BookedInvoice) -> set[str]:
    draft = invoice.draft
    amounts = [draft.subtotal, draft.discount, draft.tax, draft.total, draft.credit_applied]
    amounts += [draft.amount_due, draft.carried_forward, draft.to_wallet]
    amounts += [amount for line in draft.lines for amount in (line.amount, line.discount, line.tax)]
    amounts += [note.total for note in invoice.credit_notes]
    return {amount.currency for amount in amounts}


def _items(books: Books) -> Iterator[Finding]:
    standing = [
        (item, invoice.issued_on)
        for invoice in books.invoices
        if not invoice.is_void
        for item in invoice.items
    ]
    for item, count in Counter(item for item, _ in standing).items():
        if count > 1:
            since = item.period.starts_at.isoformat() if item.period else "its purchase"
            text = f"{count} items of the kind {item.kind} from {since}"
            where = f"subscription:{item.subscription_id}"
            yield _finding(FindingCode.PERIOD_BILLED_TWICE, where, text)
    per_day = Counter((item.subscription_id, day) for item, day in standing if day is not None)
    for (subscription_id, day), count in per_day.items():
        if count > MAX_ITEMS_PER_DAY:
            text = f"{count} items on {day.isoformat()}, more than {MAX_ITEMS_PER_DAY}"
            yield _finding(FindingCode.TOO_MANY_ITEMS, f"subscription:{subscription_id}", text)


def _payments(books: Books) -> Iterator[Finding]:
    due = {invoice.id: invoice.draft.amount_due for invoice in books.invoices}
    for payment in books.payments:
        where, asked = f"payment:{payment.id}", due.get(payment.invoice_id, payment.asked)
        amounts = (asked, payment.asked, payment.received, payment.refunded)
        if len({amount.currency for amount in amounts}) > 1:
            yield _finding(FindingCode.CURRENCIES_MIXED, where, "asked and got in two currencies")
            continue
        is_exact = payment.is_paid and not payment.is_open_amount
        if is_exact and not asked == payment.asked == payment.received:
            text = f"{payment.received} received of {payment.asked}, the invoice asks {asked}"
            yield _finding(FindingCode.PAID_IS_NOT_ASKED, where, text)
        if payment.refunded > payment.received:
            text = f"{payment.refunded} refunded of {payment.received}"
            yield _finding(FindingCode.REFUNDED_OVER_CAPTURED, where, text)
    yield from _paid_twice(books)


def _paid_twice(books: Books) -> Iterator[Finding]:
    """Find invoices with several payments of which more than one was kept in full."""
    kept: Counter[str] = Counter(
        payment.invoice_id
        for payment in books.payments
        if payment.is_paid
        and not payment.is_open_amount
        and payment.invoice_id
        and payment.refunded.minor < payment.received.minor
    )
    for invoice_id, count in kept.items():
        if count > 1:
            yield _finding(FindingCode.PAID_TWICE, f"invoice:{invoice_id}", f"{count} payments")


def _ledger(books: Books) -> Iterator[Finding]:
    ledger = books.ledger or Ledger()
    sums = ledger.sums() if books.ledger_sums is None else books.ledger_sums
    for currency, minor in sums.items():
        if minor:
            text = f"the legs add up to {Money(minor, currency)}"
            yield _finding(FindingCode.LEDGER_UNBALANCED, "ledger", text)
    wallets = {
        (entry.customer_id, leg.amount.currency)
        for entry in ledger.entries.values()
        for leg in entry.legs
        if leg.lot
    }
    for customer_id, currency in sorted(wallets):
        for lot, left in lot_balances(ledger, customer_id, currency).items():
            if left.minor < 0:
                text = f"the grant {lot} holds {left}"
                yield _finding(FindingCode.WALLET_OVERDRAWN, f"customer:{customer_id}", text)


def _numbers(books: Books) -> Iterator[Finding]:
    """Look for gaps only among whole series: one customer's invoices have other numbers between."""
    own = (invoice.number for invoice in books.invoices if invoice.number is not None)
    found = contiguity(own)
    if books.numbers is not None:
        found = contiguity(books.numbers)
        for number in found.missing:
            yield _finding(FindingCode.NUMBER_GAP, _spelt(number), "missing")
    for number in found.reused:
        yield _finding(FindingCode.NUMBER_REUSED, _spelt(number), "given twice")


def _spelt(number: DocumentNumber) -> str:
    year = f"{number.year}-" if number.year else ""
    return f"number:{number.prefix}-{year}{number.value}"


def _finding(code: FindingCode, where: str, detail: str) -> Finding:
    return Finding(code=code, where=where, detail=detail)
