from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.money import CurrencyMismatch, Money, UnknownCurrency
from saaskit_core.periods import BillingFrequency, Interval, Unit
from saaskit_core.plans import (
    ChangeType,
    InvalidPlan,
    InvalidPrice,
    NegativePrice,
    Plan,
    Price,
    PriceNotForSale,
    change_type,
)

MONTHLY = BillingFrequency.MONTHLY
YEARLY = BillingFrequency.YEARLY
ONE_TIME = BillingFrequency.ONE_TIME


def price(minor, frequency=MONTHLY, currency="USD", **more):
    return Price(id="p", plan="pro", amount=Money(minor, currency), frequency=frequency, **more)


def plan(**more):
    return Plan(**{"key": "pro", "name": "Pro", **more})


@pytest.mark.parametrize(
    ("frequency", "minor", "per_month"),
    [
        (BillingFrequency.WEEKLY, 365, Fraction(365 * 365, 84)),
        (MONTHLY, 1000, Fraction(1000)),
        (BillingFrequency.QUARTERLY, 1000, Fraction(1000, 3)),
        (BillingFrequency.SEMI_ANNUALLY, 1000, Fraction(500, 3)),
        (YEARLY, 1000, Fraction(250, 3)),
        (ONE_TIME, 1000, Fraction(0)),
    ],
)
def test_an_amount_per_month_is_exact(frequency, minor, per_month):
    assert price(minor, frequency).monthly == per_month


def test_the_interval_follows_from_the_frequency():
    assert price(1, BillingFrequency.QUARTERLY).interval == Interval(Unit.MONTH, 3)
    assert price(1, ONE_TIME).interval is None
    assert not price(1, ONE_TIME).is_recurring


def test_a_custom_interval_has_no_frequency():
    custom = price(3000, None, interval=Interval(Unit.DAY, 30))
    assert custom.monthly == Fraction(3000 * 365, 12 * 30)


def test_a_negative_price_is_refused_by_name():
    with pytest.raises(NegativePrice, match=r"-0\.01 USD"):
        price(-1)


def test_an_unknown_currency_is_refused_by_name():
    with pytest.raises(UnknownCurrency):
        price(1, currency="XXX")


@pytest.mark.parametrize(
    "wrong",
    [
        {"frequency": None},
        {"frequency": MONTHLY, "interval": Interval(Unit.YEAR)},
        {"frequency": ONE_TIME, "interval": Interval(Unit.YEAR)},
        {"version": 0},
        {"version": True},
    ],
)
def test_a_contradictory_price_is_refused(wrong):
    with pytest.raises(InvalidPrice):
        price(1, **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "Pro"},
        {"key": ""},
        {"key": "a" * 65},
        {"group": "a b"},
        {"name": "  "},
        {"trial_days": -1},
        {"trial_days": 3651},
        {"trial_days": True},
        {"prices": (price(1), price(2, version=2))},
        {"prices": (Price(id="x", plan="other", amount=Money(1, "USD"), frequency=MONTHLY),)},
    ],
)
def test_an_impossible_plan_is_refused(wrong):
    with pytest.raises(InvalidPlan):
        plan(**wrong)


def test_a_plan_knows_what_it_is_sold_for():
    monthly, yearly = price(1000), price(10000, YEARLY)
    pro = plan(prices=(monthly, yearly))
    assert pro.price(currency="USD", frequency=YEARLY) is yearly
    with pytest.raises(PriceNotForSale, match="Pro is not sold Weekly in USD"):
        pro.price(currency="USD", frequency=BillingFrequency.WEEKLY)
    with pytest.raises(PriceNotForSale):
        pro.price(currency="EUR", frequency=MONTHLY)


@pytest.mark.parametrize(
    ("more", "is_for_sale"),
    [({}, True), ({"is_public": False}, False), ({"is_active": False}, False)],
)
def test_only_public_active_plans_are_for_sale(more, is_for_sale):
    assert plan(**more).is_for_sale is is_for_sale


@pytest.mark.parametrize(
    ("current", "new", "expected"),
    [
        (price(0), price(0, YEARLY), ChangeType.SAME_LEVEL),
        (price(0), price(1), ChangeType.UPGRADE),
        (price(0, currency="EUR"), price(1, ONE_TIME), ChangeType.UPGRADE),
        (price(1), price(0, currency="EUR"), ChangeType.DOWNGRADE),
        (price(1000), price(2000), ChangeType.UPGRADE),
        (price(2000), price(1000), ChangeType.DOWNGRADE),
        (price(1000), price(12000, YEARLY), ChangeType.SAME_LEVEL),
        (price(1000), price(11999, YEARLY), ChangeType.DOWNGRADE),
        (price(1000), price(1, ONE_TIME), ChangeType.UPGRADE),
        (price(1, ONE_TIME), price(1000), ChangeType.DOWNGRADE),
        (price(1, ONE_TIME), price(2, ONE_TIME), ChangeType.UPGRADE),
    ],
)
def test_the_way_a_change_goes(current, new, expected):
    assert change_type(current, new) is expected


def test_two_paid_currencies_are_never_compared():
    with pytest.raises(CurrencyMismatch):
        change_type(price(1), price(1, currency="EUR"))


prices = st.builds(price, st.integers(0, 10**6), st.sampled_from(BillingFrequency), st.just("USD"))


@given(prices, prices)
def test_there_and_back_are_opposites(one, other):
    opposite = {
        ChangeType.UPGRADE: ChangeType.DOWNGRADE,
        ChangeType.DOWNGRADE: ChangeType.UPGRADE,
        ChangeType.SAME_LEVEL: ChangeType.SAME_LEVEL,
    }
    assert change_type(other, one) is opposite[change_type(one, other)]


def test_a_frequency_is_read_by_its_wire_value():
    assert price(1, "Quarterly") == price(1, BillingFrequency.QUARTERLY)


@pytest.mark.parametrize("frequency", ["Fortnightly", "monthly", "", 1.5, [], True])
def test_what_is_no_frequency_never_passes_for_one_time(frequency):
    with pytest.raises(InvalidPrice):
        price(1, frequency)


@pytest.mark.parametrize("interval", ["month", 1.5, True])
def test_what_is_no_interval(interval):
    with pytest.raises(InvalidPrice):
        price(1, None, interval=interval)


@pytest.mark.parametrize("amount", [9.99, 999, True, None, "9.99"])
def test_a_price_is_money(amount):
    with pytest.raises(InvalidPrice):
        Price(id="p", plan="pro", amount=amount, frequency=MONTHLY)


@pytest.mark.parametrize("value", [1.5, None, True, b"pro", []])
@pytest.mark.parametrize("name", ["key", "group", "name"])
def test_a_plan_has_words_for_names(name, value):
    with pytest.raises(InvalidPlan):
        plan(**{name: value})
