"""Credit in its order, and that what stands in the invoice is what was used."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.billing.invariants import NegativeTotal
from saaskit_core.billing.invoices import CreditSource, LineKind, Settlement, TaxRule
from saaskit_core.billing.pipeline import assemble, simple_line
from saaskit_core.billing.previews import upcoming
from saaskit_core.money import CurrencyMismatch, Money
from saaskit_core.subscriptions.policies import UnusedTime
from tests.core.billing_builders import DEFAULT, active, price, usd

NOTES, WALLET, REFERRAL = CreditSource


def bill(minor, **held):
    lines = [simple_line(LineKind.PERIOD, "pro", usd(minor), "")] if minor else []
    settlement = Settlement(**{name: usd(amount) for name, amount in held.items()})
    return assemble("USD", lines, settlement)


def used(draft):
    return [(each.source, each.amount.minor) for each in draft.credits_used]


@pytest.mark.parametrize(
    ("total", "expected", "due"),
    [
        (0, [], 0),
        (100, [(NOTES, 100)], 0),
        (300, [(NOTES, 200), (WALLET, 100)], 0),
        (600, [(NOTES, 200), (WALLET, 300), (REFERRAL, 100)], 0),
        (1000, [(NOTES, 200), (WALLET, 300), (REFERRAL, 400)], 100),
    ],
)
def test_credit_notes_then_the_wallet_then_referral_credit(total, expected, due):
    draft = bill(total, credit_notes=200, wallet=300, referral=400)
    assert (used(draft), draft.amount_due) == (expected, usd(due))
    assert draft.credit_applied == usd(sum(amount for _, amount in expected))
    assert draft.credit_from(WALLET) == usd(dict(expected).get(WALLET, 0))


@pytest.mark.parametrize("name", ["credit_notes", "wallet", "referral"])
def test_no_credit_is_negative_or_of_another_currency(name):
    with pytest.raises(NegativeTotal):
        bill(100, **{name: -1})
    with pytest.raises(CurrencyMismatch):
        assemble(
            "USD",
            [simple_line(LineKind.PERIOD, "pro", usd(5), "")],
            Settlement(**{name: Money(5, "EUR")}),
        )


@given(*[st.integers(0, 10**6)] * 5)
def test_credit_never_exceeds_what_is_held_or_asked(total, notes, wallet, referral, minimum):
    draft = bill(total, credit_notes=notes, wallet=wallet, referral=referral, minimum=minimum)
    held = {NOTES: notes, WALLET: wallet, REFERRAL: referral}
    assert all(0 < amount <= held[source] for source, amount in used(draft))
    assert draft.credit_applied.minor == min(total, notes + wallet + referral)
    assert draft.total == draft.credit_applied + draft.amount_due + draft.carried_forward


def test_each_credit_is_used_up_over_the_coming_invoices():
    settlement = Settlement(credit_notes=usd(600), wallet=usd(500), referral=usd(1200))
    coming = upcoming(active(price(1000)), 4, policies=DEFAULT, settlement=settlement)
    assert [used(invoice.draft) for invoice in coming] == [
        [(NOTES, 600), (WALLET, 400)],
        [(WALLET, 100), (REFERRAL, 900)],
        [(REFERRAL, 300)],
        [],
    ]


def test_credit_that_is_not_given_back_keeps_its_tax():
    lines = [
        simple_line(LineKind.UNUSED_CREDIT, "old", usd(-500), ""),
        simple_line(LineKind.REMAINING_DEBIT, "new", usd(200), ""),
    ]
    settlement = Settlement(tax=TaxRule(percent=Decimal(10)))
    draft = assemble("USD", lines, settlement, surplus_to=UnusedTime.NONE)
    kept = draft.lines[-1]
    assert (kept.kind, kept.net, kept.tax) == (LineKind.FORFEITED, usd(300), usd(30))
    assert (draft.subtotal, draft.tax, draft.total, draft.to_wallet) == (usd(0),) * 4
    assert [part.amount for part in draft.taxes] == [usd(0)]


@given(
    st.lists(st.integers(-(10**6), 10**6), max_size=5),
    st.decimals(0, 100, places=2),
    st.booleans(),
    st.sampled_from(UnusedTime),
)
def test_the_taxes_of_an_invoice_are_those_of_its_lines(minors, percent, inclusive, surplus_to):
    lines = [simple_line(LineKind.ONE_OFF, "x", usd(minor), "") for minor in minors]
    settlement = Settlement(tax=TaxRule(percent=percent, is_inclusive=inclusive))
    draft = assemble("USD", lines, settlement, surplus_to=surplus_to)
    assert draft.tax == Money.total((part.amount for part in draft.taxes), "USD")
    for line in draft.lines:
        assert line.tax == Money.total((part.amount for part in line.tax_parts), "USD")
    if draft.lines and draft.lines[-1].kind is LineKind.FORFEITED:
        assert (draft.subtotal, draft.tax, draft.total) == (usd(0), usd(0), usd(0))
