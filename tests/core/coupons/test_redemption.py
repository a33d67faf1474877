from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from saaskit_core import coupons
from saaskit_core.coupons import Coupon, CouponNotRedeemable, DiscountType, Uses
from saaskit_core.errors import ErrorKind
from saaskit_core.money import Money
from saaskit_core.periods import NaiveDatetime

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def percent(code="SAVE", **terms):
    return Coupon(code=code, discount_type=DiscountType.PERCENTAGE, percent=Decimal(20), **terms)


def fixed(code="FIX", **terms):
    return Coupon(code=code, discount_type=DiscountType.FIXED, **terms)


def redeem(coupon, *, plan="pro", minor=10000, currency="USD", uses=None, now=NOW):
    return coupons.redeem(
        coupon, plan=plan, price=Money(minor, currency), uses=uses or Uses(), now=now
    )


def test_a_good_coupon_says_what_it_takes_off():
    discount = redeem(percent())
    assert (discount.coupon_code, discount.amount) == ("SAVE", Money(2000, "USD"))


@pytest.mark.parametrize(
    ("terms", "now", "error"),
    [
        ({"is_active": False}, NOW, coupons.CouponInactive),
        ({"starts_at": NOW}, NOW - SECOND, coupons.CouponNotStarted),
        ({"starts_at": NOW}, NOW, None),
        ({"ends_at": NOW}, NOW - SECOND, None),
        ({"ends_at": NOW}, NOW, coupons.CouponExpired),
    ],
)
def test_the_window_includes_its_start_and_excludes_its_end(terms, now, error):
    if error is None:
        assert redeem(percent(**terms), now=now)
    else:
        with pytest.raises(error):
            redeem(percent(**terms), now=now)


@pytest.mark.parametrize(
    ("terms", "uses", "error"),
    [
        ({"max_uses": 10}, Uses(total=9), None),
        ({"max_uses": 10}, Uses(total=10), coupons.CouponUsedUp),
        ({"max_uses": 0}, Uses(total=10**6), None),
        ({}, Uses(by_customer=1), coupons.CouponUsedByCustomer),
        ({"max_uses_per_customer": 2}, Uses(by_customer=1), None),
        ({"max_uses_per_customer": 0}, Uses(by_customer=99), None),
        ({}, Uses(by_customer=None), coupons.CouponCustomerRequired),
        ({"max_uses_per_customer": 0}, Uses(by_customer=None), None),
        (
            {"max_uses_per_customer": 0, "first_purchase_only": True},
            Uses(by_customer=None),
            coupons.CouponCustomerRequired,
        ),
        ({"first_purchase_only": True}, Uses(), None),
        ({"first_purchase_only": True}, Uses(has_purchased=True), coupons.CouponFirstPurchaseOnly),
    ],
)
def test_uses_are_limited_in_all_and_per_customer(terms, uses, error):
    if error is None:
        assert redeem(percent(**terms), uses=uses)
    else:
        with pytest.raises(error):
            redeem(percent(**terms), uses=uses)


@pytest.mark.parametrize(
    ("coupon", "minor", "currency", "error"),
    [
        (fixed(amounts={"USD": 1000}), 5000, "EUR", coupons.CouponCurrencyMismatch),
        (fixed(amounts={"USD": 1000, "EUR": 900}), 5000, "EUR", None),
        (percent(minimums={"USD": 5000}), 4999, "USD", coupons.CouponMinimumNotReached),
        (percent(minimums={"USD": 5000}), 5000, "USD", None),
        (percent(minimums={"USD": 5000}), 9000, "EUR", coupons.CouponCurrencyMismatch),
        (percent(), 0, "USD", coupons.CouponHasNoEffect),
        (percent(plans=frozenset({"business"})), 100, "USD", coupons.CouponNotForPlan),
        (percent(plans=frozenset({"pro"})), 100, "USD", None),
    ],
)
def test_the_purchase_has_to_fit(coupon, minor, currency, error):
    if error is None:
        assert redeem(coupon, minor=minor, currency=currency)
    else:
        with pytest.raises(error):
            redeem(coupon, minor=minor, currency=currency)


def test_a_naive_now_is_refused():
    with pytest.raises(NaiveDatetime):
        redeem(percent(), now=datetime(2026, 1, 1))  # noqa: DTZ001


def test_every_refusal_is_one_kind_and_names_the_coupon():
    for name in coupons.__all__:
        error = getattr(coupons, name)
        if isinstance(error, type) and issubclass(error, CouponNotRedeemable):
            assert error.kind is ErrorKind.CONFLICT
            assert error(code="SAVE", currency="USD", minimum="1 USD", most=5).template


def test_the_order_of_coupons_never_matters():
    a, b, c = fixed("A", amounts={"USD": 1}, stackable=True), percent("B", stackable=True), None
    c = percent("C", stackable=True)
    assert coupons.check_combination([a, c, b]) == coupons.check_combination([b, a, c])
    assert [each.code for each in coupons.check_combination([a, c, b])] == ["B", "C", "A"]


def test_the_same_code_twice_counts_once():
    assert len(coupons.check_combination([percent(), percent()])) == 1


@pytest.mark.parametrize("allows", [(True, False), (False, True), (False, False)])
def test_coupons_combine_only_when_each_allows_it(allows):
    given = [percent(str(i), stackable=allow) for i, allow in enumerate(allows)]
    with pytest.raises(coupons.CouponNotStackable):
        coupons.check_combination(given)


def test_at_most_five_are_combined():
    given = [percent(f"C{i}", stackable=True) for i in range(6)]
    assert len(coupons.check_combination(given[:5])) == 5
    with pytest.raises(coupons.TooManyCoupons):
        coupons.check_combination(given)


def campaign_of(**budgets):
    return coupons.Campaign(key="C", budgets=budgets)


@pytest.mark.parametrize(
    ("spent", "error"),
    [
        ({}, None),
        ({"USD": 3000}, None),
        ({"USD": 3001}, coupons.CouponBudgetExceeded),
        ({"USD": 5000}, coupons.CouponBudgetExceeded),
        ({"EUR": 5000}, None),
    ],
)
def test_a_budget_is_spent_to_the_cent_and_never_in_part(spent, error):
    coupon = percent(campaign=campaign_of(USD=5000))
    if error is None:
        assert redeem(coupon, uses=Uses(spent=spent)).amount == Money(2000, "USD")
    else:
        with pytest.raises(error, match="What the coupon SAVE may take off in all has been spent"):
            redeem(coupon, uses=Uses(spent=spent))


def test_a_discount_that_rounds_to_nothing_burns_no_use():
    with pytest.raises(coupons.CouponHasNoEffect):
        redeem(percent(), minor=2, currency="JPY")
    assert redeem(percent(), minor=3, currency="JPY").amount == Money(1, "JPY")


def test_checking_alone_refuses_what_redeeming_refuses():
    full = percent(campaign=campaign_of(USD=1))
    with pytest.raises(coupons.CouponBudgetExceeded):
        coupons.check_redeemable(full, plan="pro", price=Money(100, "USD"), uses=Uses(), now=NOW)
    coupons.check_redeemable(percent(), plan="pro", price=Money(100, "USD"), uses=Uses(), now=NOW)


def test_a_refusal_names_what_is_missing():
    with pytest.raises(coupons.CouponMinimumNotReached) as refused:
        redeem(percent(minimums={"USD": 5000}), minor=4999)
    assert str(refused.value) == "The coupon SAVE needs a purchase of at least 50.00 USD."
    with pytest.raises(coupons.CouponCurrencyMismatch) as refused:
        redeem(percent(minimums={"USD": 5000}), currency="EUR")
    assert str(refused.value) == "The coupon SAVE is not for purchases in EUR."
    with pytest.raises(coupons.CouponCurrencyMismatch) as refused:
        redeem(fixed(amounts={"USD": 1}), currency="EUR")
    assert str(refused.value) == "The coupon FIX is not for purchases in EUR."


def test_every_refusal_names_its_coupon():
    cases = [
        (percent(is_active=False), {}),
        (percent(starts_at=NOW + SECOND), {}),
        (percent(ends_at=NOW), {}),
        (percent(max_uses=1), {"uses": Uses(total=1)}),
        (percent(), {"uses": Uses(by_customer=None)}),
        (percent(), {"uses": Uses(by_customer=1)}),
        (percent(first_purchase_only=True), {"uses": Uses(has_purchased=True)}),
        (percent(plans=frozenset({"team"})), {}),
        (percent(), {"minor": 0}),
        (percent(), {"minor": 1}),
        (percent(campaign=campaign_of(EUR=1)), {}),
        (percent(campaign=campaign_of(USD=1)), {}),
    ]
    for coupon, more in cases:
        with pytest.raises(CouponNotRedeemable) as refused:
            redeem(coupon, **more)
        assert refused.value.params["code"] == "SAVE"


def test_a_customer_hears_the_same_whatever_the_reason():
    reasons = [
        CouponNotRedeemable(code="A"),
        coupons.CouponExpired(code="B"),
        coupons.CouponUsedUp(code="C"),
        coupons.CouponCodeInvalid(problem="it is empty"),
    ]
    for reason in reasons:
        answer = coupons.public_answer(reason)
        assert type(answer) is coupons.CouponUnusable
        assert (answer.code, answer.kind) == ("coupon_unusable", ErrorKind.CONFLICT)
        assert str(answer) == "This code can't be used for this purchase."
        assert answer.params == {}
        assert answer.__cause__ is reason


@pytest.mark.parametrize(
    ("plan_days", "given", "days"), [(0, [], 0), (14, [7], 14), (7, [14, 30], 30), (0, [0], 0)]
)
def test_the_longest_trial_counts(plan_days, given, days):
    found = coupons.trial_days(plan_days, [percent(trial_days=each) for each in given])
    assert found == days
