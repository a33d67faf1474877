from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, localcontext

import pytest

from saaskit_core.coupons import (
    Coupon,
    CouponAmountNotPositive,
    CouponCurrencyMismatch,
    CouponDuration,
    DiscountType,
    InvalidCoupon,
    PercentOutOfRange,
)
from saaskit_core.money import InvalidAmount, Money, UnknownCurrency
from saaskit_core.periods import NaiveDatetime

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def percent(value="20", **more):
    return Coupon(code="P", discount_type=DiscountType.PERCENTAGE, percent=Decimal(value), **more)


def fixed(**amounts):
    return Coupon(code="F", discount_type=DiscountType.FIXED, amounts=amounts)


@pytest.mark.parametrize("value", ["0", "-1", "100.01", "NaN", "Infinity"])
def test_a_percent_is_above_nothing_and_at_most_a_hundred(value):
    with pytest.raises(PercentOutOfRange, match="only above 0 and up to 100"):
        percent(value)


@pytest.mark.parametrize("minor", [0, -1])
def test_a_fixed_amount_is_positive(minor):
    with pytest.raises(CouponAmountNotPositive):
        fixed(USD=minor)


def test_an_unknown_currency_is_refused_by_name():
    with pytest.raises(UnknownCurrency):
        fixed(USX=1)
    with pytest.raises(UnknownCurrency):
        percent(minimums={"USX": 1})


@pytest.mark.parametrize("minor", [1.5, True])
def test_an_amount_is_never_a_float(minor):
    with pytest.raises(InvalidAmount):
        fixed(USD=minor)


@pytest.mark.parametrize("name", ["starts_at", "ends_at"])
def test_a_naive_instant_is_refused_by_name(name):
    with pytest.raises(NaiveDatetime):
        percent(**{name: datetime(2026, 1, 1)})  # noqa: DTZ001


@pytest.mark.parametrize(
    "wrong",
    [
        {"discount_type": DiscountType.PERCENTAGE},
        {"discount_type": DiscountType.PERCENTAGE, "percent": 20.0},
        {"discount_type": DiscountType.PERCENTAGE, "percent": Decimal("1.00001")},
        {"discount_type": DiscountType.PERCENTAGE, "percent": Decimal(1), "amounts": {"USD": 1}},
        {"discount_type": DiscountType.FIXED},
        {"discount_type": DiscountType.FIXED, "percent": Decimal(1), "amounts": {"USD": 1}},
        {"duration": CouponDuration.REPEATING},
        {"duration": CouponDuration.REPEATING, "duration_months": 0},
        {"duration": CouponDuration.REPEATING, "duration_months": True},
        {"duration": CouponDuration.ONCE, "duration_months": 3},
        {"max_uses": -1},
        {"max_uses_per_customer": 1.0},
        {"trial_days": 2**31},
        {"starts_at": DAY, "ends_at": DAY},
    ],
)
def test_terms_that_make_no_sense_are_refused(wrong):
    sound = {"discount_type": DiscountType.PERCENTAGE, "percent": Decimal(20)}
    if "discount_type" in wrong:
        sound = {}
    with pytest.raises(InvalidCoupon):
        Coupon(code="C", **{**sound, **wrong})


def test_instants_are_kept_in_utc_and_the_code_in_its_one_spelling():
    paris = timezone(timedelta(hours=2))
    coupon = Coupon(
        code=" abc ",
        discount_type=DiscountType.PERCENTAGE,
        percent=Decimal(20),
        ends_at=datetime(2026, 7, 1, 2, tzinfo=paris),
    )
    assert coupon.code == "ABC"
    assert coupon.ends_at == datetime(2026, 7, 1, tzinfo=UTC)
    assert coupon.ends_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("coupon", "amount", "off"),
    [
        (percent("20"), Money(300, "USD"), 60),
        (percent("100"), Money(300, "USD"), 300),
        (percent("33.33"), Money(10, "JPY"), 3),
        (percent("50"), Money(17, "JPY"), 9),
        (percent("33.3333"), Money(5124, "KWD"), 1708),
        (fixed(USD=12), Money(300, "USD"), 12),
        (fixed(USD=12), Money(6, "USD"), 6),
        (fixed(USD=12), Money(0, "USD"), 0),
        (fixed(USD=12), Money(-6, "USD"), 0),
        (percent("20"), Money(-6, "USD"), 0),
    ],
)
def test_what_a_coupon_takes_off(coupon, amount, off):
    assert coupon.discount(amount) == Money(off, amount.currency)


def test_a_fixed_amount_is_never_converted():
    with pytest.raises(CouponCurrencyMismatch):
        fixed(USD=12).discount(Money(100, "EUR"))


WHOLE = "uses and trial days are whole, 0 or more"
MONTHS = "a repeating coupon has 1 to 1200 months"
REPEATING = CouponDuration.REPEATING


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"amounts": {"USD": 1}}, "a percentage has no amounts"),
        ({"percent": None}, "a percentage needs a percent, as a Decimal"),
        ({"percent": Decimal("0.00001")}, "a percent has at most 4 decimals"),
        ({"discount_type": DiscountType.FIXED}, "a fixed discount has no percent"),
        (
            {"discount_type": DiscountType.FIXED, "percent": None},
            "it needs an amount per currency",
        ),
        ({"duration_months": 1}, "only a repeating coupon has months"),
        ({"duration": REPEATING, "duration_months": 0}, MONTHS),
        ({"duration": REPEATING, "duration_months": 1201}, MONTHS),
        ({"max_uses": -1}, WHOLE),
        ({"max_uses_per_customer": 2**31}, WHOLE),
        ({"trial_days": True}, WHOLE),
        ({"starts_at": DAY, "ends_at": DAY}, "it ends before it starts"),
    ],
)
def test_the_refusal_names_the_coupon_and_what_is_wrong(wrong, problem):
    sound = {"discount_type": DiscountType.PERCENTAGE, "percent": Decimal(20)}
    with pytest.raises(InvalidCoupon) as refused:
        Coupon(code="C", **{**sound, **wrong})
    assert refused.value.code == "invalid_coupon"
    assert str(refused.value) == f"The coupon C is not possible: {problem}."


def test_the_refusal_of_a_value_names_it():
    with pytest.raises(PercentOutOfRange) as refused:
        percent("100.5")
    assert str(refused.value) == (
        "The coupon P can't take off 100.5 %: only above 0 and up to 100."
    )
    with pytest.raises(PercentOutOfRange) as refused:
        percent("1" * 30)
    assert refused.value.params["percent"] == "1" * 20
    with pytest.raises(CouponAmountNotPositive) as refused:
        fixed(USD=-5)
    assert str(refused.value) == (
        "The coupon F can't have the amount -0.05 USD: it is more than zero."
    )
    with pytest.raises(CouponAmountNotPositive, match="The coupon P can't have the amount 0 JPY"):
        percent(minimums={"JPY": 0})
    with pytest.raises(CouponCurrencyMismatch) as refused:
        fixed(USD=5).discount(Money(1, "EUR"))
    assert str(refused.value) == "The coupon F is not for purchases in EUR."


@pytest.mark.parametrize(
    "terms",
    [
        {"duration": REPEATING, "duration_months": 1},
        {"duration": REPEATING, "duration_months": 1200},
        {"max_uses": 2**31 - 1},
        {"trial_days": 0},
        {"starts_at": DAY, "ends_at": DAY + timedelta(seconds=1)},
        {"starts_at": DAY},
        {"ends_at": DAY},
    ],
)
def test_the_edges_of_what_makes_sense(terms):
    assert percent("0.0001", **terms).percent == Decimal("0.0001")


def test_what_is_not_said_is_the_narrowest():
    coupon = percent()
    assert (coupon.duration, coupon.duration_months) == (CouponDuration.ONCE, None)
    assert (coupon.max_uses, coupon.max_uses_per_customer, coupon.trial_days) == (0, 1, 0)
    assert (coupon.first_purchase_only, coupon.stackable, coupon.exclusive) == (False,) * 3
    assert (coupon.amounts, coupon.minimums) == ({}, {})
    assert coupon.plans == coupon.combines_with == frozenset()
    assert (coupon.is_active, coupon.campaign, coupon.description) == (True, None, "")


def test_a_percentage_is_read_whatever_the_decimal_context_is():
    with localcontext(prec=2):
        assert percent("33.3333").discount(Money(10_000, "JPY")) == Money(3333, "JPY")


def test_plain_words_are_the_enums_they_name():
    coupon = Coupon(code="P", discount_type="percentage", percent=Decimal(5), duration="forever")
    assert coupon.duration is CouponDuration.FOREVER
    assert coupon.discount_type is DiscountType.PERCENTAGE


@pytest.mark.parametrize("value", ["weekly", "", None, 1.5, [], True])
@pytest.mark.parametrize("name", ["duration", "discount_type"])
def test_what_is_no_such_kind_never_passes_for_a_coupon(name, value):
    fields = {"code": "P", "discount_type": DiscountType.PERCENTAGE, "percent": Decimal(5)}
    with pytest.raises(InvalidCoupon):
        Coupon(**{**fields, name: value})


@pytest.mark.parametrize("plans", ["pro", 1.5, None, [1], [None]])
def test_plans_are_keys_and_not_the_letters_of_one(plans):
    with pytest.raises(InvalidCoupon):
        percent(plans=plans)


@pytest.mark.parametrize("amounts", [None, 1.5, [("USD", 1)], "USD"])
@pytest.mark.parametrize("name", ["amounts", "minimums"])
def test_amounts_are_per_currency(name, amounts):
    fields = {"code": "F", "discount_type": DiscountType.FIXED, "amounts": {"USD": 1}}
    with pytest.raises(InvalidCoupon):
        Coupon(**{**fields, name: amounts})


def test_a_trial_that_no_plan_could_give():
    with pytest.raises(InvalidCoupon):
        percent(trial_days=10**9)
