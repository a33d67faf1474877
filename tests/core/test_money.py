from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.currencies import EXPONENTS
from saaskit_core.money import (
    MAX_MINOR,
    CurrencyMismatch,
    InvalidAmount,
    Money,
    UnknownCurrency,
    exponent,
    round_half_away,
)
from saaskit_core.testing.strategies import currencies, money


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("10", "USD", 1000), ("500", "JPY", 500), ("5.124", "KWD", 5124), ("0.0001", "CLF", 1)],
)
def test_case_31_minor_units_follow_the_currency(amount, currency, minor):
    assert Money.of(amount, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("17/2", 9), ("-17/2", -9), ("0", 0), ("1/2", 1), ("-1/2", -1), ("49/100", 0), ("7", 7)],
)
def test_case_30_halves_go_away_from_zero(value, rounded):
    assert round_half_away(Fraction(value)) == rounded


@pytest.mark.parametrize("cents", [1999, 829, 435, 1, 100000])
def test_no_cent_is_lost_where_floats_lose_one(cents):
    text = f"{cents // 100}.{cents % 100:02}"
    assert Money.of(text, "USD").minor == cents


@given(money())
def test_major_units_and_back(amount):
    assert Money.of(amount.decimal, amount.currency) == amount
    assert -amount.decimal.as_tuple().exponent == exponent(amount.currency)


def test_the_decimal_context_never_changes_an_amount():
    with localcontext() as context:
        context.prec = 3
        assert Money.of("1234567.89", "USD") == Money(123456789, "USD")
        assert Money(123456789, "USD").decimal == Decimal("1234567.89")


@pytest.mark.parametrize(
    "amount",
    [
        1.0, True, "1.005", "abc", "", " 1", "1_000", "1e3", "\uff11", "NaN", "1,5",
        Decimal("NaN"), Decimal("Infinity"), Decimal("1E30"), Decimal("1E-50"), "9" * 41, "9" * 39,
        None, object(), "0.10000000000000000000000000000000000001",
    ],
)  # fmt: skip
def test_what_is_not_an_exact_amount_is_refused(amount):
    with pytest.raises(InvalidAmount):
        Money.of(amount, "USD")


@pytest.mark.parametrize("amount", [Decimal("0E-90"), "-0", 0, Decimal("-0.00"), "0.000"])
def test_zero_is_zero_however_it_is_written(amount):
    assert Money.of(amount, "USD") == Money.zero("USD")


@pytest.mark.parametrize("minor", [1.0, True, "1", None, MAX_MINOR + 1, -MAX_MINOR - 1])
def test_minor_units_are_an_int_that_a_column_holds(minor):
    with pytest.raises(InvalidAmount):
        Money(minor, "USD")


@pytest.mark.parametrize("currency", ["usd", "XXX", "", "US", None, 5, ["USD"]])
def test_an_unknown_currency_is_refused(currency):
    with pytest.raises(UnknownCurrency):
        Money(1, currency)


def test_arithmetic():
    ten, three = Money(10, "USD"), Money(3, "USD")
    assert (ten + three, ten - three, -ten) == (
        Money(13, "USD"), Money(7, "USD"), Money(-10, "USD"),
    )  # fmt: skip
    assert ten * 3 == 3 * ten == Money(30, "USD")
    assert three < ten <= ten
    assert ten > three
    assert ten >= ten
    assert ten
    assert not Money.zero("USD")
    assert Money(20, "USD").clamped(three, ten) == ten
    assert Money(1, "USD").clamped(three, ten) == three
    assert Money.total([ten, three], "USD") == Money(13, "USD")
    assert Money.total([], "JPY") == Money.zero("JPY")
    assert str(Money(1999, "USD")) == "19.99 USD"
    assert str(Money(-5, "KWD")) == "-0.005 KWD"


@pytest.mark.parametrize(
    "operation", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"]
)
def test_currencies_never_mix(operation):
    with pytest.raises(CurrencyMismatch):
        getattr(Money(1, "USD"), operation)(Money(1, "EUR"))
    with pytest.raises(InvalidAmount):
        getattr(Money(1, "USD"), operation)(1)


@pytest.mark.parametrize("factor", [0.5, Decimal("0.5"), True, "2"])
def test_only_whole_numbers_and_fractions_multiply(factor):
    with pytest.raises(InvalidAmount):
        Money(10, "USD") * factor
    if factor is not True:
        with pytest.raises(InvalidAmount):
            Money(10, "USD").scaled(factor)


@given(money("USD"), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_the_parts_are_the_whole(whole, weights):
    parts = whole.allocate(weights)
    assert sum(part.minor for part in parts) == whole.minor
    pool = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        share = (
            Fraction(whole.minor * weight, pool) if pool else Fraction(whole.minor, len(weights))
        )
        assert abs(part.minor - share) < 1


@given(money("USD"), st.lists(st.fractions(0, 10), min_size=1, max_size=8))
def test_parts_by_fractions_are_the_whole(whole, weights):
    assert Money.total(whole.allocate(weights), "USD") == whole


@pytest.mark.parametrize("weights", [[], [-1, 2], [0.5, 0.5], [Decimal(1)]])
def test_weights_are_exact_and_not_negative(weights):
    with pytest.raises(InvalidAmount):
        Money(1, "USD").allocate(weights)


def test_ties_go_to_the_first():
    assert [part.minor for part in Money(100, "USD").allocate([1, 1, 1])] == [34, 33, 33]
    assert [part.minor for part in Money(-100, "USD").allocate([1, 1, 1])] == [-34, -33, -33]


@given(currencies())
def test_every_currency_has_a_sane_exponent(currency):
    assert EXPONENTS[currency] in (0, 2, 3, 4)
