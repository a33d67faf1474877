"""Credit notes: whole, by line, by amount; never more than was billed, the tax to the unit."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.billing.credit_notes import (
    CreditNoteReason,
    CreditNoteRefused,
    CreditNoteTooLarge,
    credit_amount,
    credit_lines,
    credit_whole,
    creditable,
    use_of_credit,
)
from saaskit_core.billing.invoices import LineKind, Settlement, TaxRule
from saaskit_core.billing.pipeline import assemble, simple_line
from saaskit_core.money import CurrencyMismatch, Money
from tests.core.billing_builders import usd

REFUND = CreditNoteReason.REFUND


def billed(*minors, percent="19", **settlement):
    lines = [
        simple_line(
            LineKind.PERIOD if minor >= 0 else LineKind.UNUSED_CREDIT, f"n{place}", usd(minor), ""
        )
        for place, minor in enumerate(minors)
    ]
    return assemble("USD", lines, Settlement(tax=TaxRule(percent=Decimal(percent)), **settlement))


def test_a_whole_credit_note_mirrors_the_invoice():
    invoice = billed(1000, 333)
    note = credit_whole(invoice, reason=REFUND)
    assert (note.net, note.tax, note.total) == (usd(1333), usd(253), invoice.total)
    assert [(line.position, line.tax) for line in note.lines] == [
        (0, invoice.lines[0].tax), (1, invoice.lines[1].tax),
    ]  # fmt: skip
    with pytest.raises(CreditNoteRefused):
        credit_whole(invoice, reason=REFUND, earlier=[note])


def test_a_part_gives_tax_back_in_proportion_and_the_last_note_the_rest():
    invoice = billed(1000)
    first = credit_amount(invoice, usd(400), reason=REFUND)
    second = credit_amount(invoice, usd(400), reason=REFUND, earlier=[first])
    last = credit_whole(invoice, reason=REFUND, earlier=[first, second])
    assert [note.tax.minor for note in (first, second, last)] == [64, 64, 62]
    assert [note.net.minor for note in (first, second, last)] == [336, 336, 328]
    assert second.lines[0].explanation == (
        "4.00 USD of 11.90 USD for n0. Tax 1.90 USD × 800/1190, less 0.64 USD given back before "
        "= 0.64 USD."
    )


def test_by_line():
    invoice = billed(1000, 2000)
    note = credit_lines(invoice, {1: usd(2380)}, reason=CreditNoteReason.MISTAKE)
    assert (note.total, note.tax, note.lines[0].position) == (usd(2380), usd(380), 1)
    with pytest.raises(CreditNoteTooLarge):
        credit_lines(invoice, {1: usd(1)}, reason=REFUND, earlier=[note])
    rest = credit_amount(invoice, usd(1190), reason=REFUND, earlier=[note])
    assert [line.position for line in rest.lines] == [0]


def test_an_invoice_with_a_credit_in_it_is_credited_up_to_its_total():
    invoice = billed(-500, 1000, percent="0")
    assert creditable(invoice) == usd(500)
    whole = credit_whole(invoice, reason=REFUND)
    assert [line.total.minor for line in whole.lines] == [-500, 1000]
    part = credit_amount(invoice, usd(300), reason=REFUND)
    rest = credit_whole(invoice, reason=REFUND, earlier=[part])
    assert [line.total.minor for line in rest.lines] == [-500, 700]
    with pytest.raises(CreditNoteTooLarge):
        credit_lines(invoice, {1: usd(600)}, reason=REFUND)


def test_a_carried_amount_is_credited_where_it_was_billed():
    invoice = billed(1000, carried=usd(30))
    assert (creditable(invoice), invoice.total) == (usd(1190), usd(1220))
    with pytest.raises(CreditNoteRefused):
        credit_lines(invoice, {1: usd(30)}, reason=REFUND)


def test_what_is_refused():
    invoice = billed(1000)
    for amount in (usd(0), usd(-1)):
        with pytest.raises(CreditNoteRefused):
            credit_amount(invoice, amount, reason=REFUND)
    with pytest.raises(CreditNoteTooLarge):
        credit_amount(invoice, usd(1191), reason=REFUND)
    for position in (-1, 1, 7):
        with pytest.raises(CreditNoteRefused):
            credit_lines(invoice, {position: usd(5)}, reason=REFUND)
    with pytest.raises(CreditNoteRefused):
        credit_lines(invoice, {}, reason=REFUND)
    with pytest.raises(CreditNoteRefused):
        credit_lines(invoice, {0: usd(0)}, reason=REFUND)
    with pytest.raises(CurrencyMismatch):
        credit_amount(invoice, Money(5, "EUR"), reason=REFUND)
    with pytest.raises(CreditNoteRefused):
        credit_whole(billed(0), reason=REFUND)


def test_a_line_all_of_tax_gives_it_all_back():
    line = replace(simple_line(LineKind.PERIOD, "fee", usd(0), ""), tax=usd(100))
    invoice = replace(
        billed(0), lines=(line,), tax=usd(100), total=usd(100), amount_due=usd(100)
    )  # fmt: skip
    note = credit_amount(invoice, usd(50), reason=REFUND)
    assert (note.net, note.tax) == (usd(0), usd(50))


@given(
    st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=6),
    st.decimals(0, 100, places=2),
    st.lists(st.fractions(0, 1), max_size=6),
)
def test_notes_together_never_exceed_and_give_back_all_the_tax(minors, percent, parts):
    invoice = billed(*minors, percent=str(percent))
    notes = []
    for part in parts:
        left = creditable(invoice, notes)
        amount = left.scaled(part)
        if not amount:
            continue
        note = credit_amount(invoice, amount, reason=REFUND, earlier=notes)
        assert note.total == amount == note.net + note.tax
        assert note.total == Money.total((line.total for line in note.lines), "USD")
        for line in note.lines:
            assert line.net.minor >= 0
            assert line.tax.minor >= 0
        notes.append(note)
        assert creditable(invoice, notes) == left - amount
    if creditable(invoice, notes):
        notes.append(credit_whole(invoice, reason=REFUND, earlier=notes))
        own = [line for line in invoice.lines if line.kind is not LineKind.TO_WALLET]
        assert Money.total((note.total for note in notes), "USD") == invoice.total
        assert Money.total((note.tax for note in notes), "USD") == Money.total(
            (line.tax for line in own), "USD"
        )
    assert not creditable(invoice, notes)


@pytest.mark.parametrize(
    ("total", "open_amount", "refundable", "expected"),
    [(1000, 0, 1000, (0, 1000, 0)), (1000, 0, 800, (0, 800, 200)),
     (1000, 1000, 0, (1000, 0, 0)), (1000, 300, 500, (300, 500, 200)), (0, 5, 5, (0, 0, 0))],
)  # fmt: skip
def test_where_the_credit_goes(total, open_amount, refundable, expected):
    use = use_of_credit(usd(total), open_amount=usd(open_amount), refundable=usd(refundable))
    assert (use.to_open.minor, use.to_refund.minor, use.to_wallet.minor) == expected
