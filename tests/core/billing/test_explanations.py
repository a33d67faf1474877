"""The sentences on the lines: exact, readable, enough to compute the line again."""

import re
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.billing.explanations import explain_part, instant, readable, span
from saaskit_core.money import Money
from saaskit_core.periods import Period, ProrationMode, fraction_left
from saaskit_core.testing.strategies import money, periods
from tests.core.billing_builders import at, usd


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("2024-06-16", "2024-06-16 00:00 UTC"),
        ("2024-06-16T10:00:05", "2024-06-16 10:00:05 UTC"),
        ("2024-06-16T10:00:05.000001", "2024-06-16 10:00:05.000001 UTC"),
        ("2024-06-16T00:00:00.5", "2024-06-16 00:00:00.500000 UTC"),
        ("2024-06-16T02:00+02:00", "2024-06-16 00:00 UTC"),
    ],
)
def test_instants_say_no_more_than_they_have_to(text, spelt):
    assert instant(at(text)) == spelt


@pytest.mark.parametrize(
    ("fraction", "spelt"),
    [
        (Fraction(1, 2), "1/2 (0.5)"),
        (Fraction(2, 3), "2/3 (0.666666…)"),
        (Fraction(1, 10**7), "1/10000000 (0.000000…)"),
        (Fraction(-3, 2), "-3/2 (-1.5)"),
        (Fraction(1), "1"),
        (Fraction(0), "0"),
        (Fraction(22, 29), "22/29 (0.758620…)"),
        (Fraction(1252799, 2592000), "1252799/2592000 (0.483332…)"),
    ],
)
def test_fractions_are_exact_and_readable(fraction, spelt):
    assert readable(fraction) == spelt


def test_a_part_names_its_instant_and_how_it_is_counted():
    june = Period(at("2024-06-01"), at("2024-07-01"))
    text = explain_part(
        usd(7500), Fraction(1, 2), usd(3750), june, at=at("2024-06-16"), mode=ProrationMode.DAY
    )
    assert text == (
        "75.00 USD × 1/2 (0.5) = 37.50 USD, rounded half away from zero, for what is left at "
        "2024-06-16 00:00 UTC of the period from 2024-06-01 00:00 UTC to 2024-07-01 00:00 UTC "
        "(counted by day)."
    )
    assert span(june) in text


@given(money("USD", low=0), periods(), st.fractions(0, 1))
def test_an_auditor_computes_the_line_again(full, period, part):
    length = (period.ends_at - period.starts_at) // timedelta(microseconds=1)
    now = period.starts_at + timedelta(microseconds=int(part * (length - 1)))
    fraction = fraction_left(period, now)
    text = explain_part(full, fraction, full.scaled(fraction), period, at=now)
    told = re.match(r"(\S+) USD × (\S+)(?: \(.*?\))? = (\S+) USD,", text)
    whole, share, amount = told.groups()
    again = Money.of(Decimal(whole), "USD").scaled(Fraction(share))
    assert again == Money.of(Decimal(amount), "USD")
