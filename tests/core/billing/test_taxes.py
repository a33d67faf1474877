"""Which tax applies, and how it stands on the lines."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.billing.countries import (
    EU,
    VAT_PATTERNS,
    BadVatId,
    UnknownCountry,
    VatId,
    parse_vat_id,
)
from saaskit_core.billing.invoices import LineKind, Settlement, TaxRule
from saaskit_core.billing.pipeline import assemble, simple_line
from saaskit_core.billing.quotes import InvoiceKind, quote_period
from saaskit_core.billing.tax_engines import TaxAnswerMismatch, tax_request
from saaskit_core.billing.tax_lines import shares, with_tax
from saaskit_core.billing.tax_parts import TaxAnswer, TaxAnswerLine, TaxPart
from saaskit_core.billing.taxes import (
    REVERSE_CHARGE_NOTE,
    AppliedRate,
    Buyer,
    InvalidTaxRate,
    NoTaxRate,
    OverlappingTaxRates,
    Seller,
    TaxDecision,
    TaxPlan,
    TaxRate,
    TaxTable,
    TaxTreatment,
    UnknownTaxCategory,
    decide_tax,
)
from saaskit_core.money import Money
from tests.core.billing_builders import percent_off, usd
from tests.core.billing_builders import price as price_of

DAY = date(2024, 6, 1)


def rate(country, percent, name="VAT", **fields):
    return TaxRate(country=country, name=name, percent=Decimal(percent), **fields)


TABLE = TaxTable(
    rates=(
        rate("DE", "19"),
        rate("DE", "7", category="books"),
        rate("FR", "20"),
        rate("AT", "20"),
        rate("GB", "20"),
        rate("GB", "0", category="books", treatment=TaxTreatment.ZERO_RATED),
        rate("GB", "0", category="courses", treatment=TaxTreatment.EXEMPT, note="Education."),
        rate("CA", "5", name="GST"),
        rate("CA", "9.975", name="QST", region="QC"),
        rate("CA", "13", name="HST", region="ON", replaces="GST"),
        rate("US", "7.25", name="Sales tax", region="CA"),
    )
)
GERMAN = Seller(country="DE", registrations=frozenset({"EU"}))
FRENCH_ID = parse_vat_id("FR 83 404 833 048")


def decide(buyer, seller=GERMAN, **fields):
    return decide_tax(TABLE, seller=seller, buyer=buyer, **{"on": DAY, **fields})


def told(decision):
    return [(rate.jurisdiction, rate.name, str(rate.percent)) for rate in decision.rates]


# (buyer, seller, category) → what applies
PLACES = {
    "at home": (Buyer(country="DE"), GERMAN, "standard", [("DE", "VAT", "19")]),
    "a reduced rate": (Buyer(country="DE"), GERMAN, "books", [("DE", "VAT", "7")]),
    "a category without a rate of its own": (
        Buyer(country="FR"), GERMAN, "books", [("FR", "VAT", "20")],
    ),
    "a consumer of another state, one-stop-shop": (
        Buyer(country="FR"), GERMAN, "standard", [("FR", "VAT", "20")],
    ),
    "the same without it: the seller's rate": (
        Buyer(country="FR"), Seller(country="DE"), "standard", [("DE", "VAT", "19")],
    ),
    "registered there": (
        Buyer(country="FR"), Seller(country="US", registrations=frozenset({"FR"})), "standard",
        [("FR", "VAT", "20")],
    ),
    "an id that isn't in force": (
        Buyer(country="FR", vat_id=FRENCH_ID), GERMAN, "standard", [("FR", "VAT", "20")],
    ),
    "federal and provincial": (
        Buyer(country="CA", region="QC"), Seller(country="CA"), "standard",
        [("CA", "GST", "5"), ("CA-QC", "QST", "9.975")],
    ),
    "harmonised": (
        Buyer(country="CA", region="ON"), Seller(country="CA"), "standard",
        [("CA-ON", "HST", "13")],
    ),
    "another province": (
        Buyer(country="CA", region="AB"), Seller(country="CA"), "standard", [("CA", "GST", "5")],
    ),
    "a state of the union": (
        Buyer(country="US", region="CA"),
        Seller(country="DE", registrations=frozenset({"US-CA"})), "standard",
        [("US-CA", "Sales tax", "7.25")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_the_place_decides(name):
    buyer, seller, category, expected = PLACES[name]
    assert told(decide(buyer, seller, category=category)) == expected


AT_HOME_IN_THE_STATES = Seller(country="US", registrations=frozenset({"US-CA"}))
REGIONAL = {
    "a state he is registered in": (AT_HOME_IN_THE_STATES, "CA", ["Sales tax"]),
    "another state of his own country": (AT_HOME_IN_THE_STATES, "TX", ["Tax"]),
    "a state without a rate in the table": (AT_HOME_IN_THE_STATES, "NV", ["Tax"]),
}
PROVINCES = {
    "all provinces": (Seller(country="CA"), "QC", ["GST", "QST"]),
    "another one only": (
        Seller(country="CA", registrations=frozenset({"CA-BC"})), "QC", ["GST"],
    ),
    "harmonised tax is the country's": (
        Seller(country="CA", registrations=frozenset({"CA-BC"})), "ON", ["HST"],
    ),
    "the province's tax alone": (
        Seller(country="DE", registrations=frozenset({"CA-QC"})), "QC", ["QST"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("country", "case"), [("US", name) for name in REGIONAL] + [("CA", name) for name in PROVINCES]
)
def test_regional_taxes_are_collected_where_he_is_registered(country, case):
    seller, region, names = (REGIONAL if country == "US" else PROVINCES)[case]
    table = TaxTable(
        rates=(*TABLE.rates, rate("US", "6.25", name="Texan", region="TX"))
    )  # fmt: skip
    decision = decide_tax(
        table, seller=seller, buyer=Buyer(country=country, region=region), on=DAY
    )  # fmt: skip
    assert [each.name for each in decision.rates] == names
    treatment = TaxTreatment.NOT_COLLECTED if names == ["Tax"] else TaxTreatment.TAXED
    assert {each.treatment for each in decision.rates} == {treatment}


def the_rate(decision):
    (only,) = decision.rates
    return only


def test_reverse_charge():
    buyer = Buyer(country="FR", vat_id=FRENCH_ID, is_vat_id_valid=True)
    applied = the_rate(decide(buyer))
    assert (applied.treatment, applied.percent) == (TaxTreatment.REVERSE_CHARGE, 0)
    assert (applied.jurisdiction, applied.note) == ("FR", REVERSE_CHARGE_NOTE)
    # From outside the EU the recipient accounts for it as well.
    assert the_rate(decide(buyer, Seller(country="US"))).treatment is TaxTreatment.REVERSE_CHARGE


@pytest.mark.parametrize(
    "buyer",
    [
        Buyer(country="DE", vat_id=parse_vat_id("DE123456789"), is_vat_id_valid=True),
        Buyer(country="FR", vat_id=parse_vat_id("DE123456789"), is_vat_id_valid=True),
        Buyer(country="FR", vat_id=FRENCH_ID),
        Buyer(country="FR"),
    ],
    ids=["at home", "an id of the seller's state", "not in force", "a consumer"],
)
def test_no_reverse_charge(buyer):
    assert the_rate(decide(buyer)).treatment is TaxTreatment.TAXED


def test_nothing_is_collected_where_the_seller_is_not_registered():
    for buyer, seller in [
        (Buyer(country="CH"), GERMAN),
        (Buyer(country="DE"), Seller(country="US")),
        (
            Buyer(country="US", region="TX"),
            Seller(country="DE", registrations=frozenset({"US-CA"})),
        ),
        # A Swiss buyer with an id of a member state is not in the EU.
        (Buyer(country="CH", vat_id=FRENCH_ID, is_vat_id_valid=True), GERMAN),
    ]:
        applied = the_rate(decide(buyer, seller))
        assert (applied.treatment, applied.percent) == (TaxTreatment.NOT_COLLECTED, 0)


def test_zero_rated_exempt_and_exempted_differ_on_paper():
    british = Seller(country="GB")
    books = the_rate(decide(Buyer(country="GB"), british, category="books"))
    course = the_rate(decide(Buyer(country="GB"), british, category="courses"))
    charity = the_rate(decide(Buyer(country="GB", exemption="Charity 1234."), british))
    assert (books.treatment, books.note) == (TaxTreatment.ZERO_RATED, "")
    assert (course.treatment, course.note) == (TaxTreatment.EXEMPT, "Education.")
    assert (charity.treatment, charity.note) == (TaxTreatment.EXEMPT, "Charity 1234.")


def test_where_tax_is_due_a_missing_rate_is_an_error():
    with pytest.raises(NoTaxRate):
        decide(Buyer(country="IT"))
    with pytest.raises(UnknownTaxCategory):
        decide(Buyer(country="DE"), category="boks")


def test_the_day_decides_between_an_old_rate_and_a_new_one():
    table = TaxTable(
        rates=(
            rate("DE", "19", ends_on=date(2020, 7, 1)),
            rate("DE", "16", starts_on=date(2020, 7, 1), ends_on=date(2021, 1, 1)),
            rate("DE", "19", starts_on=date(2021, 1, 1)),
        )
    )
    found = {
        day: table.holding("DE", on=date.fromisoformat(day))[0].percent
        for day in ("2020-06-30", "2020-07-01", "2020-12-31", "2021-01-01")
    }
    assert list(found.values()) == [19, 16, 16, 19]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"ends_on": date(2024, 1, 2)}, {"starts_on": date(2024, 1, 1)}),
        ({"starts_on": date(2024, 1, 1)}, {"starts_on": date(2030, 1, 1)}),
        ({}, {"starts_on": date(2024, 1, 1), "ends_on": date(2024, 1, 2)}),
    ],
)
def test_overlapping_rates_are_refused(one, other):
    with pytest.raises(OverlappingTaxRates):
        TaxTable(rates=(rate("DE", "19", **one), rate("DE", "16", **other)))
    # Another tax, place or category is no overlap.
    for differing in ({"name": "X"}, {"region": "BY"}, {"category": "books"}):
        TaxTable(rates=(rate("DE", "19", **one), rate("DE", "16", **{**other, **differing})))


@pytest.mark.parametrize(
    "percent", [19.0, "19", 19, Decimal("NaN"), Decimal("Infinity"), Decimal("-0.01"),
                Decimal("100.01"), Decimal("1.1234567"), None, True],
)  # fmt: skip
def test_what_is_no_rate(percent):
    with pytest.raises(InvalidTaxRate):
        TaxRate(country="DE", name="VAT", percent=percent)
    with pytest.raises(InvalidTaxRate):
        TaxRule(percent=percent)
    with pytest.raises(InvalidTaxRate):
        AppliedRate(jurisdiction="", name="Tax", percent=percent)


def test_contradictions_are_refused():
    with pytest.raises(InvalidTaxRate):
        rate("DE", "19", treatment=TaxTreatment.EXEMPT)
    with pytest.raises(InvalidTaxRate):
        rate("DE", "19", starts_on=DAY, ends_on=DAY)


@pytest.mark.parametrize("country", ["XX", "de", "", "DEU", None, 49, "EL"])
def test_unknown_countries(country):
    for build in (
        lambda: Seller(country=country),
        lambda: Buyer(country=country),
        lambda: rate(country, "19"),
        lambda: TABLE.holding(country, on=DAY),
    ):
        with pytest.raises(UnknownCountry):
            build()
    with pytest.raises(UnknownCountry):
        Seller(country="DE", registrations=frozenset({"XX-YY"}))


SPELT = (
    "ATU12345678 BE0123456789 BG123456789 CY12345678X CZ12345678 DE123456789 DK12345678 EE123456789"
    " EL123456789 ESX1234567X FI12345678 FR12345678901 HR12345678901 HU12345678 IE1234567WA"
    " IT12345678901 LT123456789 LU12345678 LV12345678901 MT12345678 NL123456789B01 PL1234567890"
    " PT123456789 RO1234567890 SE123456789001 SI12345678 SK1234567890"
)
GOOD_IDS = SPELT.split()


@pytest.mark.parametrize("text", GOOD_IDS)
def test_the_form_of_vat_ids(text):
    spaced = f" {text[:2].lower()}-{text[2:5]}.{text[5:]} "
    assert str(parse_vat_id(text)) == text
    assert parse_vat_id(spaced) == parse_vat_id(text)
    for bad in (text[:3], text + "123456", text + "!", text[2:]):
        with pytest.raises(BadVatId):
            parse_vat_id(bad)


def test_every_member_state_has_its_form():
    assert {parse_vat_id(text).country for text in GOOD_IDS} == EU == set(VAT_PATTERNS)
    assert parse_vat_id("EL123456789") == VatId(country="GR", number="123456789")


@pytest.mark.parametrize(
    "text", ["GR123456789", "CH123456789", "", "DE", "DE" + chr(0x661) * 9, None, 5]
)
def test_what_is_no_vat_id(text):
    with pytest.raises(BadVatId):
        parse_vat_id(text)


def line(minor, price_id="", kind=LineKind.PERIOD):
    return replace(simple_line(kind, "line", usd(minor), ""), price_id=price_id)


def plan(*rates, is_inclusive=False):
    return TaxPlan(default=TaxDecision(rates=tuple(rates), is_inclusive=is_inclusive))


def applied(percent, name="VAT", **fields):
    return AppliedRate(jurisdiction="X", name=name, percent=Decimal(percent), **fields)


def test_two_taxes_on_one_line():
    qst = applied("9.975", "QST")
    draft = assemble("USD", [line(10000)], Settlement(tax=plan(applied("5", "GST"), qst)))
    assert [(part.name, part.amount.minor) for part in draft.taxes] == [("GST", 500), ("QST", 998)]
    assert (draft.tax, draft.total) == (usd(1498), usd(11498))
    assert draft.lines[0].explanation == (
        " GST (X) 5 % on 100.00 USD: 5.00 USD. QST (X) 9.975 % on 100.00 USD: 9.98 USD."
    )


def test_a_compound_tax_counts_the_taxes_before_it():
    compound = applied("9.5", "QST", is_compound=True)
    (taxed,) = with_tax([line(10000)], plan(applied("5", "GST"), compound))
    gst, qst = taxed.tax_parts
    assert (gst.amount, qst.amount, qst.basis) == (usd(500), usd(998), usd(10500))
    assert shares((applied("5"), compound)) == (Fraction(1, 20), Fraction(399, 4000))


def test_prices_of_their_own_and_credits_of_another_rate():
    default = TaxDecision(rates=(applied("20"),))
    books = TaxDecision(rates=(applied("5"),), is_inclusive=True)
    old = TaxDecision(rates=(applied("10"),))
    tax = TaxPlan(default=default, by_price={"b": books}, credited=old)
    found = with_tax([line(1000), line(1050, "b"), line(-1000)], tax)
    assert [(each.net.minor, each.tax.minor) for each in found] == [
        (1000, 200), (1000, 50), (-1000, -100),
    ]  # fmt: skip


def test_what_is_not_taxed_says_why():
    note = applied("0", "Tax", treatment=TaxTreatment.REVERSE_CHARGE, note=REVERSE_CHARGE_NOTE)
    draft = assemble("USD", [line(1000), line(500)], Settlement(tax=plan(note)))
    assert (draft.tax, draft.total, draft.legal_notes) == (
        usd(0), usd(1500), (REVERSE_CHARGE_NOTE,),
    )  # fmt: skip
    (part,) = draft.taxes
    assert (part.basis, part.treatment) == (usd(1500), TaxTreatment.REVERSE_CHARGE)
    assert REVERSE_CHARGE_NOTE in draft.lines[0].explanation
    free = assemble("USD", [line(500)], Settlement(tax=plan(replace(note, note=""))))
    assert free.lines[0].explanation == " Tax (X): reverse charge."


percents = st.decimals(0, 100, places=3)


@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=8),
    st.lists(st.tuples(percents, st.booleans()), min_size=1, max_size=3),
    st.booleans(),
)
def test_net_and_tax_are_gross_to_the_unit(minors, rates, inclusive):
    used = [
        applied(percent, f"T{place}", is_compound=compound)
        for place, (percent, compound) in enumerate(rates)
    ]
    before = [line(minor) for minor in minors]
    after = with_tax(before, plan(*used, is_inclusive=inclusive))
    for was, now in zip(before, after, strict=True):
        assert now.total == now.net + now.tax
        assert now.tax == Money.total((part.amount for part in now.tax_parts), "USD")
        assert now.tax.minor * was.net.minor >= 0
        assert (now.total if inclusive else now.net) == was.net
    share = sum(shares(tuple(used)))
    gross = 1 + share if inclusive else 1
    for sign in (1, -1):
        net = sum(minor for minor in minors if minor * sign > 0)
        tax = sum(each.tax.minor for each in after if each.net.minor * sign > 0)
        # Each rate's pool is rounded once, so no more than half a unit per rate goes astray.
        assert abs(tax - net * share / gross) <= Fraction(len(used), 2)


@given(st.integers(1, 10**9), percents)
def test_inclusive_and_exclusive_agree(minor, percent):
    (exclusive,) = with_tax([line(minor)], plan(applied(percent)))
    gross = exclusive.total.minor
    (inclusive,) = with_tax([line(gross)], plan(applied(percent), is_inclusive=True))
    assert (inclusive.net, inclusive.tax) == (exclusive.net, exclusive.tax)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6), percents)
def test_one_rate_and_one_decision_are_the_same(minors, percent):
    lines = [line(minor) for minor in minors]
    rule = with_tax(lines, TaxRule(percent=percent))
    decided = with_tax(lines, plan(applied(percent)))
    assert [each.tax for each in rule] == [each.tax for each in decided]


def test_pooled_lines_name_the_pool():
    draft = assemble("USD", [line(33), line(33)], Settlement(tax=TaxRule(percent=Decimal(10))))
    assert [each.tax.minor for each in draft.lines] == [4, 3]
    assert draft.lines[0].explanation == (
        " Tax 10 % on 0.33 USD, its share of the tax on 0.66 USD in all: 0.04 USD."
    )


def asked(**fields):
    draft = assemble("USD", [line(1000, "p1"), line(-200), line(0)], Settlement(**fields))
    return tax_request(
        draft, reference="i1", seller=GERMAN, buyer=Buyer(country="FR"), on=DAY,
        categories={"p1": "books"},
    )  # fmt: skip


def answer(request, *, is_inclusive=False, percent=10, **changes):
    lines = tuple(
        TaxAnswerLine(
            reference=each.reference,
            net=each.net,
            parts=(
                TaxPart(
                    jurisdiction="US-CA", name="Sales tax", percent=Decimal(percent),
                    basis=each.net, amount=each.net.scaled(Fraction(percent, 100)),
                ),
            ),
        )
        for each in request.lines
    )  # fmt: skip
    return replace(TaxAnswer(engine="acme", lines=lines, is_inclusive=is_inclusive), **changes)


def test_an_engine_is_asked_about_the_taxed_lines_and_answers_as_data():
    request = asked(carried=usd(30))
    assert [(each.reference, each.net.minor, each.category) for each in request.lines] == [
        ("0", 1000, "books"), ("1", -200, "standard"),
    ]  # fmt: skip
    draft = assemble(
        "USD", [line(1000, "p1"), line(-200), line(0)],
        Settlement(tax=answer(request), carried=usd(30)),
    )  # fmt: skip
    assert [each.tax.minor for each in draft.lines] == [100, -20, 0, 0]
    assert draft.total == usd(910)
    contained = with_tax([line(1000), line(-200)], answer(request, is_inclusive=True))
    assert [each.total.minor for each in contained] == [1000, -200]


def test_an_answer_for_something_else_is_refused():
    lines = [line(1000), line(-200)]
    good = answer(asked())
    first, second = good.lines
    euro = replace(first.parts[0], amount=Money(100, "EUR"))
    dear = replace(first.parts[0], amount=usd(1001))
    wrong = [
        replace(good, lines=(first,)),
        replace(good, lines=(first, second, replace(first, reference="7"))),
        replace(good, lines=(first, second, second)),
        replace(good, lines=(replace(first, net=usd(999)), second)),
        replace(good, lines=(replace(first, parts=(euro,)), second)),
        replace(good, lines=(first, replace(second, parts=first.parts))),
        replace(good, is_inclusive=True, lines=(replace(first, parts=(dear,)), second)),
    ]
    with_tax(lines, good)
    for bad in wrong:
        with pytest.raises(TaxAnswerMismatch):
            with_tax(lines, bad)


def test_a_discounted_line_is_taxed_on_its_net():
    draft = quote_period(
        kind=InvoiceKind.ONE_OFF,
        price=price_of(10000),
        coupons=[percent_off("25")],
        settlement=Settlement(tax=plan(applied("19"))),
    )
    assert (draft.tax, draft.total) == (usd(1425), usd(8925))
