"""A bare number is never money, and a moment never a day: both are refused by name."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from saaskit_core.billing.carrying import settle_carried
from saaskit_core.billing.credit_notes import CreditNoteReason, credit_amount
from saaskit_core.billing.invoices import Settlement
from saaskit_core.billing.ledger import InvalidEntry, Ledger
from saaskit_core.billing.numbering import NotANumberOfSeries, NumberSeries
from saaskit_core.billing.quotes import ChangeFacts, InvoiceKind, quote_change, quote_terms
from saaskit_core.billing.taxes import (
    Buyer,
    InvalidTaxRate,
    Seller,
    TaxRate,
    TaxTable,
    decide_tax,
)
from saaskit_core.billing.wallets import GrantReason, Posting, grant, pay_out, use_wallet
from saaskit_core.calendar import InvalidRecurrence, parse_rule
from saaskit_core.errors import SaasKitError
from saaskit_core.money import InvalidAmount
from saaskit_core.periods import NaiveDatetime
from saaskit_core.plans import InvalidPrice
from saaskit_core.referrals import ReferralCode
from saaskit_core.subscriptions.terms import AddOn, AddOnDoesNotFit, Terms
from tests.core.billing_builders import DEFAULT, active, at, price, usd

BARE = [1.5, 5, True, "5.00", Decimal(5), Decimal("NaN"), b"5", [], {}, ...]
POSTING = Posting(key="k", customer_id="c", at=at("2024-06-01"))
TABLE = TaxTable(rates=(TaxRate(country="DE", name="VAT", percent=Decimal(19)),))


def bill(**held):
    return quote_terms(
        Terms(price=price()), kind=InvoiceKind.RENEWAL, settlement=Settlement(**held)
    )


def changed(**facts):
    subject = ChangeFacts(
        subscription=active(), quantity=2, now=at("2024-06-10"), policies=DEFAULT, **facts
    )
    return quote_change(subject)


@pytest.mark.parametrize("value", BARE, ids=repr)
@pytest.mark.parametrize(
    "make",
    [
        lambda value: bill(wallet=value),
        lambda value: bill(minimum=value),
        lambda value: bill(carried=value),
        lambda value: bill(credit_notes=value),
        lambda value: bill(referral=value),
        lambda value: grant(POSTING, value, reason=GrantReason.PROMOTION),
        lambda value: use_wallet(Ledger(), POSTING, value),
        lambda value: pay_out(Ledger(), POSTING, value),
        settle_carried,
        lambda value: settle_carried(usd(5), wallet=value),
        lambda value: credit_amount(bill(), value, reason=CreditNoteReason.REFUND),
        lambda value: changed(current_net=value),
        lambda value: changed(item_nets={"x": value}),
    ],
)
def test_a_bare_number_is_no_money(make, value):
    with pytest.raises(InvalidAmount):
        make(value)


@pytest.mark.parametrize("value", BARE, ids=repr)
@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda value: bill(tax=value), InvalidTaxRate),
        (lambda value: TaxTable(rates=(value,)), InvalidTaxRate),
        (lambda value: grant(POSTING, usd(1), reason=value), InvalidEntry),
        (lambda value: Terms(price=value), InvalidPrice),
        (lambda value: AddOn(price=value), InvalidPrice),
        (lambda value: Terms(price=price(), add_ons=(value,)), AddOnDoesNotFit),
    ],
)
def test_what_is_no_such_thing(make, error, value):
    with pytest.raises(error):
        make(value)


@pytest.mark.parametrize("value", [1.5, None, [], b"x"], ids=repr)
def test_what_is_no_text(value):
    with pytest.raises(InvalidRecurrence):
        parse_rule(value)
    with pytest.raises(NotANumberOfSeries):
        NumberSeries(prefix="INV").parse(value)


@pytest.mark.parametrize("on", [datetime(2024, 6, 1, tzinfo=UTC), "2024-06-01", 1.5, None])
def test_tax_is_decided_for_a_day(on):
    """An instant is another day in another zone: whoever asks has to say which day it was."""
    with pytest.raises(InvalidTaxRate):
        decide_tax(TABLE, seller=Seller(country="DE"), buyer=Buyer(country="DE"), on=on)


def test_a_rate_holds_from_day_to_day():
    with pytest.raises(SaasKitError):
        TaxRate(
            country="DE",
            name="VAT",
            percent=Decimal(19),
            starts_on=date(2024, 1, 1),
            ends_on=datetime(2025, 1, 1, tzinfo=UTC),
        )


def test_a_referral_code_expires_at_an_instant():
    with pytest.raises(NaiveDatetime):
        ReferralCode(code="AB", owner="o", programme="p", expires_at=datetime(2024, 1, 1))  # noqa: DTZ001
