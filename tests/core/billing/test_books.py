"""The check of a customer's books names everything that is wrong, not the first thing only."""

from dataclasses import replace
from datetime import date

import pytest

from saaskit_core.billing.books import (
    BookedInvoice,
    BookedPayment,
    Books,
    FindingCode,
    check_books,
)
from saaskit_core.billing.credit_notes import CreditNoteReason, credit_whole
from saaskit_core.billing.invoices import LineKind, Settlement
from saaskit_core.billing.ledger import Ledger
from saaskit_core.billing.numbering import DocumentNumber
from saaskit_core.billing.pipeline import assemble, simple_line
from saaskit_core.billing.quotes import InvoiceKind
from saaskit_core.billing.schedule import DueItem
from saaskit_core.billing.wallets import GrantReason, Posting, grant, use_wallet
from saaskit_core.money import Money
from saaskit_core.periods import Period
from tests.core.billing_builders import at, usd

JUNE = Period(at("2024-06-01"), at("2024-07-01"))
DAY = date(2024, 6, 1)
DRAFT = assemble("USD", [simple_line(LineKind.PERIOD, "pro", usd(1000), "")], Settlement())


def item(price="p1", period=JUNE, subscription="s1"):
    return DueItem(
        subscription_id=subscription, price_id=price, kind=InvoiceKind.RENEWAL, period=period
    )


def number(value):
    return DocumentNumber(prefix="INV", year=0, value=value)


def invoice(key="1", **fields):
    return BookedInvoice(
        **{"id": key, "draft": DRAFT, "items": (item(),), "issued_on": DAY, **fields}
    )


def payment(key="1", **fields):
    base = {"invoice_id": "1", "asked": usd(1000), "received": usd(1000), "refunded": usd(0)}
    return BookedPayment(**{"id": key, "is_paid": True, **base, **fields})


def posting(key):
    return Posting(key=key, customer_id="ada", at=at("2024-06-01"))


def overdrawn():
    given = grant(posting("g"), usd(100), reason=GrantReason.GOODWILL)
    used = use_wallet(Ledger().posted(given), posting("u"), usd(100))
    again = replace(used, key="v")
    return Ledger({entry.key: entry for entry in (given, used, again)})


SOUND = Books(
    invoices=(invoice(number=number(1)), invoice("2", items=(), number=number(3), is_void=True)),
    payments=(payment(),),
    ledger=Ledger().posted(grant(posting("g"), usd(5), reason=GrantReason.GOODWILL)),
    numbers=(number(1), number(2), number(3)),
)
NOTE = credit_whole(DRAFT, reason=CreditNoteReason.REFUND)

BROKEN = {
    FindingCode.NEGATIVE_TOTAL: Books(
        invoices=(invoice(draft=replace(DRAFT, total=usd(-1), amount_due=usd(-1))),)
    ),
    FindingCode.TOTALS_DISAGREE: Books(invoices=(invoice(draft=replace(DRAFT, total=usd(999))),)),
    FindingCode.CURRENCIES_MIXED: Books(
        invoices=(invoice(draft=replace(DRAFT, total=Money(1000, "EUR"))),)
    ),
    FindingCode.CREDITED_OVER_BILLED: Books(invoices=(invoice(credit_notes=(NOTE, NOTE)),)),
    FindingCode.PERIOD_BILLED_TWICE: Books(invoices=(invoice(), invoice("2"))),
    FindingCode.TOO_MANY_ITEMS: Books(
        invoices=(invoice(items=tuple(item(f"p{place}") for place in range(16))),)
    ),
    FindingCode.PAID_IS_NOT_ASKED: Books(payments=(payment(received=usd(900)),)),
    FindingCode.REFUNDED_OVER_CAPTURED: Books(payments=(payment(refunded=usd(1001)),)),
    FindingCode.PAID_TWICE: Books(payments=(payment(), payment("2"))),
    FindingCode.LEDGER_UNBALANCED: Books(ledger_sums={"USD": 5, "EUR": 0}),
    FindingCode.WALLET_OVERDRAWN: Books(ledger=overdrawn()),
    FindingCode.NUMBER_GAP: Books(numbers=(number(1), number(3))),
    FindingCode.NUMBER_REUSED: Books(
        invoices=(invoice(number=number(5)), invoice("2", items=(), number=number(5)))
    ),
}


def codes(books):
    return [finding.code for finding in check_books(books)]


def test_sound_books():
    assert check_books(SOUND) == check_books(Books()) == ()


@pytest.mark.parametrize("code", BROKEN)
def test_each_fault_is_named(code):
    assert codes(BROKEN[code]) == [code]


def test_every_code_has_a_case():
    assert set(BROKEN) == set(FindingCode)


def test_all_faults_are_found_together():
    books = Books(
        invoices=tuple(each for broken in BROKEN.values() for each in broken.invoices),
        payments=tuple(each for broken in BROKEN.values() for each in broken.payments),
        ledger=overdrawn(),
        ledger_sums={"USD": 5},
        numbers=(number(1), number(3), number(3)),
    )
    assert set(codes(books)) == set(FindingCode)


def test_a_payment_asks_what_its_invoice_asks():
    books = Books(invoices=(invoice(),), payments=(payment(asked=usd(900), received=usd(900)),))
    assert codes(books) == [FindingCode.PAID_IS_NOT_ASKED]
    euro = Money(1000, "EUR")
    mixed = Books(payments=(payment(received=euro),))
    assert codes(mixed) == [FindingCode.CURRENCIES_MIXED]


def test_what_is_no_fault():
    transfer = payment(received=usd(900), is_open_amount=True)
    failed = payment(received=usd(0), is_paid=False)
    twice_but_given_back = (payment(), payment("2", refunded=usd(1000)))
    voided = (invoice(is_void=True), invoice("2"))
    fifteen = invoice(items=tuple(item(f"p{place}") for place in range(15)))
    for books in (
        Books(payments=(transfer,)),
        Books(payments=(failed, payment("2"))),
        Books(payments=twice_but_given_back),
        Books(invoices=voided),
        Books(invoices=(fifteen,)),
        Books(invoices=(invoice(credit_notes=(NOTE,)),)),
        Books(invoices=(invoice(number=number(7)),)),
    ):
        assert check_books(books) == ()
