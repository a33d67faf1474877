import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.coupons import (
    ApplicationMode,
    Campaign,
    Candidate,
    CouponBudgetExceeded,
    CouponCodeInvalid,
    CouponCurrencyMismatch,
    CouponExpired,
    CouponHasNoEffect,
    CouponNotRedeemable,
    CouponNotStackable,
    InvalidCoupon,
    TooManyCoupons,
    Uses,
    check_codes,
    check_combination,
    combine,
    discount_lines,
)
from saaskit_core.money import Money
from tests.core.coupons.builders import NOW, candidates, fixed, percent, usd

PARTIAL = ApplicationMode.PARTIAL


def together(*coupons, minor=10000, mode=ApplicationMode.ALL, **uses):
    return combine(candidates(*coupons, **uses), plan="pro", price=usd(minor), now=NOW, mode=mode)


def taken(combination):
    return [(each.coupon_code, each.amount.minor) for each in combination.discounts]


def left_out(combination):
    return [(each.coupon_code, type(each.reason)) for each in combination.skipped]


def stackable(value="20", code="P", **terms):
    return percent(value, code, stackable=True, **terms)


def test_codes_are_read_before_any_is_looked_up():
    assert check_codes([" a ", "b", "A"]) == ("A", "B")
    assert check_codes([]) == ()
    with pytest.raises(CouponCodeInvalid):
        check_codes(["a", "x" * 10**6])


def test_thirty_codes_are_read_and_not_one_more():
    assert check_codes(["same"] * 30) == ("SAME",)
    with pytest.raises(TooManyCoupons) as refused:
        check_codes(["same"] * 31)
    assert refused.value.params == {"code": "", "most": 30}


def test_each_takes_its_part_of_what_those_before_it_left():
    found = together(stackable("10", "A"), stackable("20", "B"), fixed(500, stackable=True))
    assert taken(found) == [("A", 1000), ("B", 1800), ("FIX", 500)]
    assert (found.off, found.total, found.price) == (usd(3300), usd(6700), usd(10000))
    assert found.skipped == ()


def test_nothing_asked_for_is_nothing_off():
    found = together()
    assert (found.discounts, found.skipped, found.total) == ((), (), usd(10000))


def test_it_says_in_words_what_each_took_off_and_which_were_left_out():
    found = together(
        stackable("10", "A"),
        fixed(500, stackable=True),
        stackable("50", "OLD", ends_at=NOW),
        mode=PARTIAL,
    )
    assert found.explain() == (
        "A takes 10.00 USD off 100.00 USD.",
        "FIX takes 5.00 USD off 90.00 USD.",
        "OLD is left out: The coupon OLD has expired.",
    )


@pytest.mark.parametrize(
    ("allowing", "allowed"),
    [((True, True), True), ((True, False), False), ((False, True), False)],
)
def test_both_must_be_stackable(allowing, allowed):
    a, b = (percent("10", code, stackable=on) for code, on in zip("AB", allowing, strict=True))
    assert a.combines(b) is b.combines(a) is allowed


@pytest.mark.parametrize(
    ("a_names", "b_names", "allowed"),
    [
        ({"B"}, {"A"}, True),
        ({"b "}, set(), True),
        ({"B"}, {"C"}, False),
        ({"C"}, set(), False),
        ({"B", "C"}, {"A", "C"}, True),
        ({"SPRING"}, set(), True),
        (set(), {"SPRING"}, False),
    ],
)
def test_named_company_must_match_both_ways(a_names, b_names, allowed):
    a = stackable("10", "A", combines_with=frozenset(a_names))
    b = stackable("20", "B", combines_with=frozenset(b_names), campaign=Campaign(key="spring"))
    assert a.combines(b) is b.combines(a) is allowed
    if allowed:
        assert taken(together(a, b)) == [("A", 1000), ("B", 1800)]
    else:
        with pytest.raises(CouponNotStackable, match="The coupon B can't be combined"):
            together(a, b)
        assert taken(together(a, b, mode=PARTIAL)) == [("A", 1000)]


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        ({"exclusive": True, "stackable": True}, "an exclusive coupon isn't stackable"),
        ({"combines_with": frozenset({"B"})}, "only a stackable coupon combines with some"),
    ],
)
def test_company_that_contradicts_itself_is_refused(terms, problem):
    with pytest.raises(InvalidCoupon) as refused:
        percent(**terms)
    assert str(refused.value) == f"The coupon SAVE is not possible: {problem}."


def test_the_one_that_joins_later_is_named():
    with pytest.raises(CouponNotStackable, match="The coupon FIX can't be combined"):
        check_combination([fixed(1), stackable()])
    with pytest.raises(CouponNotStackable, match="The coupon FIX can't be combined"):
        check_combination([stackable(), stackable("1", "Q"), fixed(1)])


def test_an_exclusive_one_is_applied_alone_in_both_modes():
    only = percent("30", "ONLY", exclusive=True)
    for mode in ApplicationMode:
        found = together(stackable("90", "A"), only, fixed(1, stackable=True), mode=mode)
        assert taken(found) == [("ONLY", 3000)]
        assert left_out(found) == [("A", CouponNotStackable), ("FIX", CouponNotStackable)]
    assert check_combination([stackable("90", "A"), only]) == (only,)


def test_of_two_exclusive_ones_the_first_in_order_is_applied():
    a, b = percent("10", "A", exclusive=True), percent("90", "B", exclusive=True)
    assert taken(together(b, a)) == [("A", 1000)]
    assert check_combination([b, a]) == (a,)


def test_an_exclusive_one_that_cannot_be_used_makes_room():
    only = percent("30", "ONLY", exclusive=True, ends_at=NOW)
    found = together(stackable("10", "A"), only, mode=PARTIAL)
    assert taken(found) == [("A", 1000)]
    assert left_out(found) == [("ONLY", CouponExpired)]
    with pytest.raises(CouponExpired):
        together(stackable("10", "A"), only)


def test_an_exclusive_one_without_budget_makes_room_only_where_some_may_be_left_out():
    broke = percent("30", "ONLY", exclusive=True, campaign=Campaign(key="C", budgets={"USD": 1}))
    assert taken(together(stackable("10", "A"), broke, mode=PARTIAL)) == [("A", 1000)]
    with pytest.raises(CouponBudgetExceeded):
        together(stackable("10", "A"), broke)


def test_five_are_combined_and_not_one_more():
    six = [stackable("1", f"C{i}") for i in range(6)]
    assert len(together(*six[:5]).discounts) == 5
    for refuse in (together, lambda *given: check_combination(given)):
        with pytest.raises(TooManyCoupons) as refused:
            refuse(*six)
        assert refused.value.params == {"code": "", "most": 5}
    found = together(*six, mode=PARTIAL)
    assert [each.coupon_code for each in found.discounts] == ["C0", "C1", "C2", "C3", "C4"]
    assert left_out(found) == [("C5", TooManyCoupons)]
    assert found.skipped[0].reason.params == {"code": "C5", "most": 5}
    assert str(found.skipped[0].reason) == "At most 5 coupons can be combined."


def test_what_has_nothing_left_to_take_is_left_out_in_both_modes():
    for mode in ApplicationMode:
        found = together(stackable("100", "ALL"), fixed(1, stackable=True), mode=mode)
        assert taken(found) == [("ALL", 10000)]
        assert left_out(found) == [("FIX", CouponHasNoEffect)]
        assert found.total == usd(0)
        free = together(stackable("10"), minor=0, mode=mode)
        assert (free.discounts, left_out(free)) == ((), [("P", CouponHasNoEffect)])


def test_the_minimum_is_held_against_the_price_before_all_discounts():
    found = together(stackable("50", "A"), fixed(500, minimums={"USD": 10000}, stackable=True))
    assert taken(found) == [("A", 5000), ("FIX", 500)]


def test_coupons_of_one_campaign_share_its_budget():
    campaign = Campaign(key="C", budgets={"USD": 2800})
    a, b = stackable("10", "A", campaign=campaign), stackable("20", "B", campaign=campaign)
    assert taken(together(a, b)) == [("A", 1000), ("B", 1800)]
    with pytest.raises(CouponBudgetExceeded):
        together(a, b, spent={"USD": 1})
    found = together(a, b, spent={"USD": 1}, mode=PARTIAL)
    assert taken(found) == [("A", 1000)]
    assert left_out(found) == [("B", CouponBudgetExceeded)]


def test_the_budget_of_one_campaign_is_not_that_of_another():
    one, other = (Campaign(key=key, budgets={"USD": 1800}) for key in "XY")
    a, b = stackable("10", "A", campaign=one), stackable("20", "B", campaign=other)
    assert taken(together(a, b)) == [("A", 1000), ("B", 1800)]


def test_a_campaign_without_budgets_limits_nothing():
    free = stackable("100", "A", campaign=Campaign(key="C"))
    assert taken(together(free, spent={"USD": 10**9})) == [("A", 10000)]


def test_a_currency_without_a_budget_cannot_be_spent():
    coupon = percent(campaign=Campaign(key="C", budgets={"EUR": 10**6}))
    with pytest.raises(CouponCurrencyMismatch, match="not for purchases in USD"):
        together(coupon)


codes = st.lists(
    st.one_of(
        st.builds(
            stackable,
            st.decimals("0.01", "100", places=2),
            st.sampled_from(["P1", "P2", "P3"]),
        ),
        st.builds(
            lambda minor, code: fixed(minor, code, stackable=True),
            st.integers(1, 10**6),
            st.sampled_from(["F1", "F2"]),
        ),
    ),
    max_size=5,
)


@given(codes, st.integers(0, 10**6), st.randoms())
def test_the_order_they_are_given_in_never_matters(coupons, minor, random):
    distinct = list({coupon.code: coupon for coupon in coupons}.values())
    shuffled = random.sample(distinct, len(distinct))
    found, other = together(*shuffled, minor=minor), together(*distinct, minor=minor)
    assert found.discounts == other.discounts
    assert found.explain() == other.explain()


@given(codes, st.integers(0, 10**6))
def test_the_invoice_takes_off_what_the_combination_promised(coupons, minor):
    found = together(*coupons, minor=minor, mode=PARTIAL)
    used = {each.coupon_code for each in found.discounts}
    chosen = {coupon.code: coupon for coupon in coupons if coupon.code in used}
    (off,) = discount_lines([usd(minor)], list(chosen.values()))
    assert found.off == off
    assert 0 <= found.total.minor <= minor
    assert all(each.amount.minor > 0 for each in found.discounts)


@given(codes, st.sampled_from([None, "P1", "F1"]))
def test_all_of_them_or_none(coupons, expired):
    asked = [
        Candidate(coupon=coupon, uses=Uses(total=1 if coupon.code == expired else 0))
        for coupon in (limited(each) for each in coupons)
    ]
    try:
        found = combine(asked, plan="pro", price=Money(500, "USD"), now=NOW)
    except CouponNotRedeemable:
        assert expired in {each.coupon.code for each in asked}
        return
    assert {type(each.reason) for each in found.skipped} <= {CouponHasNoEffect}


def limited(coupon):
    kind = percent if coupon.percent else fixed
    value = coupon.percent or coupon.amounts["USD"]
    return kind(value, coupon.code, stackable=True, max_uses=1)
