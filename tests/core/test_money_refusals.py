"""Every refusal of an amount says which amount and what is wrong with it, word for word."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from saaskit_core.errors import SaasKitError
from saaskit_core.money import (
    MAX_MINOR,
    CurrencyMismatch,
    InvalidAmount,
    Money,
    UnknownCurrency,
    check_money,
    exponent,
    has_places,
    round_half_away,
)

LONG = "9" * 60
USD = Money(100, "USD")

REFUSALS = [
    (lambda: exponent("usd"), "usd is not an ISO 4217 currency code."),
    (lambda: exponent("ABCDEFGHIJKLMNOPQ"), "ABCDEFGHIJKLMNOP is not an ISO 4217 currency code."),
    (lambda: Money(1, "usd"), "usd is not an ISO 4217 currency code."),
    (lambda: Money(1.5, "USD"), "1.5 is not an amount of money: minor units are an int."),
    (
        lambda: Money(LONG, "USD"),
        f"'{LONG[:39]} is not an amount of money: minor units are an int.",
    ),
    (
        lambda: Money(int(LONG), "USD"),
        f"{LONG[:40]} is not an amount of money: it is too large.",
    ),
    (lambda: Money.of("1.005", "USD"), "1.005 is not an amount of money: USD has 2 decimals."),
    (
        lambda: Money.of("1." + "1" * 39, "JPY"),
        f"1.{'1' * 38} is not an amount of money: JPY has 0 decimals.",
    ),
    (
        lambda: USD * 1.5,
        "1.5 is not an amount of money: multiply by an int, or use scaled().",
    ),
    (
        lambda: USD * ("x" * 60),
        f"'{'x' * 39} is not an amount of money: multiply by an int, or use scaled().",
    ),
    (lambda: USD.scaled(0.5), "0.5 is not an amount of money: scale by a Fraction."),
    (
        lambda: USD.scaled("x" * 60),
        f"'{'x' * 39} is not an amount of money: scale by a Fraction.",
    ),
    (lambda: USD + 1, "1 is not an amount of money: only money combines with money."),
    (
        lambda: USD - ("x" * 60),
        f"'{'x' * 39} is not an amount of money: only money combines with money.",
    ),
    (
        lambda: USD + Money(1, "EUR"),
        "USD and EUR can't be combined: amounts are never converted.",
    ),
    (
        lambda: Money.total([USD, Money(1, "EUR")], "USD"),
        "USD and EUR can't be combined: amounts are never converted.",
    ),
    (
        lambda: Money.total([USD, 1], "USD"),
        "1 is not an amount of money: only money combines with money.",
    ),
    (
        lambda: Money.of(0.1, "USD"),
        "0.1 is not an amount of money: use a Decimal, a string or an int, never a float.",
    ),
    (
        lambda: Money.of("1e3", "USD"),
        "'1e3' is not an amount of money: it is not a decimal number.",
    ),
    (
        lambda: Money.of("x" * 60, "USD"),
        f"'{'x' * 40}' is not an amount of money: it is not a decimal number.",
    ),
    (
        lambda: Money.of(["x" * 60], "USD"),
        f"['{'x' * 38} is not an amount of money: it is not a decimal number.",
    ),
    (lambda: Money.of(None, "USD"), "None is not an amount of money: it is not a decimal number."),
    (lambda: Money.of(Decimal("NaN"), "USD"), "NaN is not an amount of money: it is not finite."),
    (
        lambda: Money.of(Decimal("1E+19"), "USD"),
        "1.00000e+19 is not an amount of money: it is too large.",
    ),
    (
        lambda: Money.of(Decimal("1E-41"), "USD"),
        "1.00000e-41 is not an amount of money: it has too many decimals.",
    ),
    (
        lambda: Money.of(Decimal("1." + "1" * 80), "USD"),
        "1.11111e+0 is not an amount of money: it has too many decimals.",
    ),
    (
        lambda: Money.of(Decimal("1." + "1" * 79), "USD"),
        f"1.{'1' * 38} is not an amount of money: USD has 2 decimals.",
    ),
    (
        lambda: check_money("x" * 60),
        f"'{'x' * 39} is not an amount of money: use Money, never a bare number.",
    ),
    (
        lambda: USD.allocate([0.5]),
        "100 is not an amount of money: its weights are whole numbers or Fractions.",
    ),
    (
        lambda: USD.allocate([1, -1]),
        "100 is not an amount of money: it needs weights, none of them negative.",
    ),
    (
        lambda: USD.allocate([]),
        "100 is not an amount of money: it needs weights, none of them negative.",
    ),
]


@pytest.mark.parametrize(("refused", "words"), REFUSALS, ids=[words for _, words in REFUSALS])
def test_a_refusal_names_the_amount_and_the_reason(refused, words):
    with pytest.raises(SaasKitError) as caught:
        refused()
    assert str(caught.value) == words


@pytest.mark.parametrize("minor", [MAX_MINOR, -MAX_MINOR])
def test_the_largest_amount_of_a_column_is_one(minor):
    assert Money(minor, "USD").minor == minor
    with pytest.raises(InvalidAmount, match="too large"):
        Money(minor + (1 if minor > 0 else -1), "USD")


def test_a_sum_is_an_amount_up_to_the_same_size():
    top, one = Money(MAX_MINOR, "USD"), Money(1, "USD")
    assert top - one + one == top
    assert one - top - one == -top
    for beyond in (lambda: top + one, lambda: -top - one):
        with pytest.raises(InvalidAmount) as caught:
            beyond()
        minor = str(MAX_MINOR + 1)
        assert str(caught.value).lstrip("-") == (
            f"{minor} is not an amount of money: it is too large."
        )


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "USD", "0.00 USD"),
        (5, "USD", "0.05 USD"),
        (-5, "USD", "-0.05 USD"),
        (123456, "USD", "1234.56 USD"),
        (0, "JPY", "0 JPY"),
        (-7, "JPY", "-7 JPY"),
        (5, "KWD", "0.005 KWD"),
    ],
)
def test_an_amount_is_written_with_the_decimals_of_its_currency(minor, currency, text):
    assert str(Money(minor, currency)) == text


def test_what_is_just_within_the_bounds_is_refused_for_its_size_not_its_form():
    assert Money.of(Decimal("1E+18"), "JPY").minor == 10**18
    with pytest.raises(InvalidAmount, match="USD has 2 decimals"):
        Money.of(Decimal("1E-40"), "USD")


def test_an_amount_is_not_more_than_itself():
    price = USD
    assert not price > Money(100, "USD")
    assert not price < Money(100, "USD")
    assert price >= Money(100, "USD")
    assert price <= Money(100, "USD")


def test_currencies_that_differ_are_named_in_the_order_of_the_sentence():
    with pytest.raises(CurrencyMismatch) as caught:
        Money(1, "EUR") < Money(1, "JPY")  # noqa: B015
    assert caught.value.params == {"left": "EUR", "right": "JPY"}


def test_an_unhashable_currency_is_unknown():
    with pytest.raises(UnknownCurrency, match="USD"):
        exponent(["USD"])


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(Fraction(0), 0), (Fraction(1, 2), 1), (Fraction(-1, 2), -1), (Fraction(49, 100), 0)],
)
def test_around_zero(value, rounded):
    assert round_half_away(value) == rounded


@pytest.mark.parametrize("minor", [10**5000, -(10**5000), 10**400], ids=["5000", "-5000", "400"])
def test_no_number_is_too_long_to_be_refused(minor):
    with pytest.raises(InvalidAmount, match="it is too large"):
        Money(minor, "USD")
    with pytest.raises(InvalidAmount, match="it is too large"):
        USD * minor


def test_a_number_with_a_million_digits_keeps_nobody_waiting():
    with pytest.raises(InvalidAmount, match="too many decimals"):
        Money.of(Decimal("1." + "0" * 10**6), "USD")


@pytest.mark.parametrize(
    ("value", "places", "fits"),
    [
        ("19.125", 3, True),
        ("19.125", 2, False),
        ("19.1250000", 3, True),
        ("1E+2", 0, True),
        ("1E-999999", 6, False),
        ("0E-999999", 6, False),
        ("50." + "0" * 10**6, 6, False),
        ("-0.1", 1, True),
    ],
    ids=lambda value: str(value)[:12],
)
def test_decimals_are_counted_exactly_whatever_the_context(value, places, fits):
    with localcontext(prec=2):
        assert has_places(Decimal(value), places) is fits
