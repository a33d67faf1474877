"""The published cases of coupons, by number; C1 to C5 and C7, the races, are in test_ledger."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from saaskit_core import coupons
from saaskit_core.coupons import (
    ApplicationMode,
    AppliedCoupon,
    Campaign,
    CouponDuration,
    CouponOnPlanChange,
    Ledger,
    OrderEnd,
    Rollback,
    RollbackPolicy,
    Subject,
    Uses,
    applies_to,
    combine,
    discount_lines,
    ends_of,
    normalise_code,
    redeem,
    release,
    reserve,
    roll_back,
    uses_of,
)
from saaskit_core.money import InvalidAmount, Money
from saaskit_core.periods import add_months
from tests.core.coupons.builders import (
    NOW,
    SECOND,
    TTL,
    candidates,
    fixed,
    percent,
    purchase,
    usd,
    who,
)


def used(coupon, *, minor=10000, currency="USD", plan="pro", now=NOW, **uses):
    price = Money(minor, currency)
    return redeem(coupon, plan=plan, price=price, uses=Uses(**uses), now=now).amount


def together(*given, minor=10000, mode=ApplicationMode.ALL):
    return combine(candidates(*given), plan="pro", price=usd(minor), now=NOW, mode=mode)


def reserved(coupon, wanted=None):
    moved = reserve(Ledger(), coupon, wanted or purchase(), now=NOW, ttl=TTL)
    return Ledger(moved.entries), moved.reservation


def test_c6_a_failed_payment_releases_once_and_never_below_nothing():
    ledger, use = reserved(percent())
    for each in (use, use, release(use, now=NOW).reservation):
        ledger = ledger.with_entries(release(each, now=NOW + SECOND).entries)
        assert ledger.held("SAVE") == 0
    assert len(ledger.entries) == 2


@pytest.mark.parametrize(
    ("end", "policy", "uses_left"),
    [
        (OrderEnd.PAYMENT_FAILED, RollbackPolicy(), 0),
        (OrderEnd.CANCELLED, RollbackPolicy(), 0),
        (OrderEnd.REFUNDED, RollbackPolicy(), 0),
        (OrderEnd.REFUNDED, RollbackPolicy(refunded=Rollback.WITHOUT_ORDER), 1),
        (OrderEnd.FRAUD, RollbackPolicy(), 1),
        (OrderEnd.FRAUD, RollbackPolicy(fraud=Rollback.WITH_ORDER), 0),
    ],
)
def test_c8_the_policy_says_whether_the_use_goes_with_the_order(end, policy, uses_left):
    ledger, use = reserved(percent())
    kept = coupons.confirm(use, now=NOW)
    ledger = ledger.with_entries(kept.entries)
    undone = roll_back(kept.reservation, end, now=NOW, policy=policy)
    assert ledger.with_entries(undone.entries).used("SAVE") == uses_left


def test_c9_a_fixed_amount_is_only_for_its_currencies():
    with pytest.raises(coupons.CouponCurrencyMismatch):
        used(fixed(1000), currency="EUR")
    assert used(fixed(amounts={"USD": 1000, "EUR": 900}), currency="EUR") == Money(900, "EUR")


def test_c10_the_minimum_itself_is_enough():
    coupon = percent(minimums={"USD": 5000})
    with pytest.raises(coupons.CouponMinimumNotReached):
        used(coupon, minor=4999)
    assert used(coupon, minor=5000) == usd(1000)


def test_c11_the_minimum_is_held_against_the_price_before_discounts():
    found = together(
        percent("50", stackable=True), fixed(100, minimums={"USD": 10000}, stackable=True)
    )
    assert found.total == usd(4900)


def test_c12_a_minimum_in_another_currency_is_not_converted():
    with pytest.raises(coupons.CouponCurrencyMismatch):
        used(percent(minimums={"USD": 5000}), currency="EUR")


def test_c13_more_than_the_price_takes_the_price():
    found = together(fixed(2000), minor=1500)
    assert (found.off, found.total) == (usd(1500), usd(0))


def test_c14_all_off_leaves_nothing_to_charge():
    found = together(percent("100"))
    assert (found.total, bool(found.total)) == (usd(0), False)


def test_c15_a_purchase_of_nothing_takes_no_use():
    assert together(fixed(1), minor=0).discounts == ()
    with pytest.raises(coupons.CouponHasNoEffect):
        reserve(Ledger(), fixed(1), purchase(minor=0), now=NOW, ttl=TTL)


@pytest.mark.parametrize(
    ("lines", "currency", "off"),
    [
        ([100], "KWD", [33]),
        ([10], "JPY", [3]),
        ([2], "JPY", [1]),
        ([100, 100], "USD", [34, 33]),
        ([1, 1, 1], "JPY", [1, 0, 0]),
        ([15], "USD", [5]),
    ],
)
def test_c16_a_percentage_rounds_half_away_once_over_all_lines(lines, currency, off):
    amounts = [Money(minor, currency) for minor in lines]
    assert [each.minor for each in discount_lines(amounts, [percent("33.33")])] == off


def test_c16_there_is_no_tenth_of_a_yen():
    with pytest.raises(InvalidAmount):
        Money.of("0.10", "JPY")


def test_c17_stacking_is_off_unless_both_allow_it_and_then_sequential():
    a, b = percent("10", "A"), percent("20", "B")
    with pytest.raises(coupons.CouponNotStackable):
        together(a, b)
    found = together(replace(a, stackable=True), replace(b, stackable=True))
    assert found.off == usd(2800)


def test_c18_percentages_come_before_amounts_whatever_was_typed_first():
    a, b = fixed(1000, stackable=True), percent("20", stackable=True)
    assert together(a, b).total == together(b, a).total == usd(7000)


def test_c19_an_exclusive_one_is_applied_alone():
    only = percent("10", "ONLY", exclusive=True)
    found = together(percent("50", stackable=True), only)
    assert [each.coupon_code for each in found.discounts] == ["ONLY"]
    assert found.total == usd(9000)


def test_c20_who_names_another_must_be_named_by_it():
    a = percent("10", "A", stackable=True, combines_with=frozenset({"B"}))
    b = percent("20", "B", stackable=True, combines_with=frozenset({"C"}))
    with pytest.raises(coupons.CouponNotStackable):
        together(a, b)


def test_c21_forty_codes_are_refused_before_one_is_looked_up():
    with pytest.raises(coupons.TooManyCoupons):
        coupons.check_codes(["not even a code" * 1000] * 40)
    assert coupons.check_codes([f"c{i}" for i in range(30)])[29] == "C29"


def test_c22_the_same_code_twice_counts_once():
    assert coupons.check_codes([" save ", "SAVE"]) == ("SAVE",)
    assert together(percent(), percent()).off == usd(2000)


def test_c23_one_that_cannot_be_used_stops_all_or_only_itself():
    given = [
        percent("10", "A", stackable=True),
        percent("20", "B", stackable=True, is_active=False),
        fixed(100, stackable=True),
    ]
    with pytest.raises(coupons.CouponInactive):
        together(*given)
    found = together(*given, mode=ApplicationMode.PARTIAL)
    assert [each.coupon_code for each in found.discounts] == ["A", "FIX"]
    assert [(each.coupon_code, each.reason.code) for each in found.skipped] == [
        ("B", "coupon_inactive")
    ]


@pytest.mark.parametrize(
    ("tz", "last"),
    [
        ("UTC", datetime(2026, 7, 6, 23, 59, 59, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 7, 6, 21, 59, 59, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 7, 6, 11, 59, 59, tzinfo=UTC)),
    ],
)
def test_c24_a_date_lasts_to_the_end_of_the_day_where_the_campaign_is(tz, last):
    coupon = percent(ends_at=ends_of(date(2026, 7, 6), tz=tz))
    assert used(coupon, now=last)
    with pytest.raises(coupons.CouponExpired):
        used(coupon, now=last + SECOND)


def test_c25_the_start_is_included_and_the_end_is_not():
    coupon = percent(starts_at=NOW, ends_at=NOW + SECOND)
    assert used(coupon, now=NOW)
    with pytest.raises(coupons.CouponExpired):
        used(coupon, now=NOW + SECOND)


def test_c26_saving_another_field_elsewhere_moves_no_end():
    coupon = percent(ends_at=ends_of(date(2026, 7, 6), tz="Europe/Berlin"))
    saved = replace(coupon, description="new", ends_at=ends_of(coupon.ends_at, tz="Asia/Dubai"))
    assert saved.ends_at == coupon.ends_at == datetime(2026, 7, 6, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        (datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # noqa: DTZ001
        (datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # noqa: DTZ001
    ],
    ids=["skipped", "twice"],
)
def test_c27_the_night_of_a_clock_change_is_defined(wall, instant):
    assert ends_of(wall, tz="Europe/Berlin") == instant


def test_c28_too_early_has_its_reason_inside_and_none_outside():
    with pytest.raises(coupons.CouponNotStarted) as refused:
        used(percent(starts_at=NOW + SECOND))
    assert refused.value.code == "coupon_not_started"
    assert coupons.public_answer(refused.value).code == "coupon_unusable"


def test_c29_and_c30_no_answer_tells_which_codes_exist():
    reasons = [
        coupons.CouponNotRedeemable(code="UNKNOWN"),
        coupons.CouponExpired(code="OLD"),
        coupons.CouponUsedUp(code="GONE"),
        coupons.CouponNotForPlan(code="OTHER"),
        coupons.CouponCodeInvalid(problem="it is empty"),
    ]
    answers = {
        (type(answer), str(answer), answer.code, answer.kind, str(answer.params))
        for answer in map(coupons.public_answer, reasons)
    }
    assert len(answers) == 1


def test_c31_generated_codes_have_sixty_bits_and_short_batches_are_refused():
    assert len(coupons.generate_code(bytes(8))) == 12
    with pytest.raises(coupons.WeakCouponCode):
        coupons.generate_code(bytes(7))
    with pytest.raises(coupons.CouponCodesTooShort):
        coupons.generate_codes(bytes(100), count=2, length=4)


@pytest.mark.parametrize(
    "typed", [" save10 ", "save10", "SAVE10", "\uff33\uff21\uff36\uff25\uff11\uff10"]
)
def test_c32_all_spellings_are_one_code(typed):
    assert normalise_code(typed) == "SAVE10"


def test_c32_a_million_characters_are_refused_unread():
    with pytest.raises(coupons.CouponCodeInvalid, match="longer than 64"):
        normalise_code("\ufdfa" * 10**6)


def test_c32_an_o_for_a_zero_finds_the_generated_code():
    assert coupons.readings("SAVE1O") == ("SAVE1O", "SAVE10")


def test_c33_a_refunded_purchase_was_a_purchase():
    with pytest.raises(coupons.CouponFirstPurchaseOnly):
        used(percent(first_purchase_only=True), has_purchased=True)


def test_c34_another_spelling_of_the_address_is_the_same_customer():
    ledger, _ = reserved(percent(), purchase(subject=Subject(email="a+1@Example.com")))
    with pytest.raises(coupons.CouponUsedByCustomer):
        reserve(ledger, percent(), purchase("o2", Subject(email="A@example.com")), now=NOW, ttl=TTL)
    other = purchase("o2", Subject(account="7", email="b@example.com"))
    assert reserve(ledger, percent(), other, now=NOW, ttl=TTL).entries


def test_c34_another_account_with_the_same_card_is_the_same_customer():
    ledger, _ = reserved(percent(), purchase(subject=Subject(account="1", fingerprint="f")))
    wanted = purchase("o2", Subject(account="2", fingerprint="f"))
    with pytest.raises(coupons.CouponUsedByCustomer):
        reserve(ledger, percent(), wanted, now=NOW, ttl=TTL)


def test_c35_a_limit_per_customer_needs_a_customer():
    with pytest.raises(coupons.CouponCustomerRequired):
        reserve(Ledger(), percent(), purchase(subject=Subject()), now=NOW, ttl=TTL)
    unlimited = percent(max_uses_per_customer=0)
    assert reserve(Ledger(), unlimited, purchase(subject=Subject()), now=NOW, ttl=TTL).entries


def test_c36_a_coupon_of_a_plan_is_for_that_plan_and_later_by_policy():
    coupon = percent(plans=frozenset({"pro"}))
    with pytest.raises(coupons.CouponNotForPlan):
        used(coupon, plan="team")
    applied = [AppliedCoupon(coupon=coupon, first_period_start=NOW)]
    after = {
        policy: coupons.after_plan_change(applied, plan="team", policy=policy)
        for policy in CouponOnPlanChange
    }
    assert after[CouponOnPlanChange.REST][0].coupon.plans == {"pro"}
    assert after[CouponOnPlanChange.KEEP][0].coupon.plans == {"pro", "team"}
    assert after[CouponOnPlanChange.DROP] == ()


def test_c37_a_budget_is_refused_and_not_given_in_part():
    coupon = percent(campaign=Campaign(key="SPRING", budgets={"USD": 3999}))
    ledger, _ = reserved(coupon)
    with pytest.raises(coupons.CouponBudgetExceeded) as refused:
        reserve(ledger, coupon, purchase("o2", who("bob")), now=NOW, ttl=TTL)
    assert refused.value.code == "coupon_budget_exceeded"
    assert ledger.spent("SPRING") == {"USD": 2000}
    smaller = purchase("o2", who("bob"), minor=9995)
    moved = reserve(ledger, coupon, smaller, now=NOW, ttl=TTL)
    assert ledger.with_entries(moved.entries).spent("SPRING") == {"USD": 3999}


@pytest.mark.parametrize(
    ("duration", "months", "discounted"),
    [
        (CouponDuration.ONCE, None, [True, False, False]),
        (CouponDuration.REPEATING, 3, [True, False, False]),
        (CouponDuration.REPEATING, 12, [True, False, False]),
        (CouponDuration.REPEATING, 13, [True, True, False]),
        (CouponDuration.FOREVER, None, [True, True, True]),
    ],
)
def test_c38_months_are_counted_by_the_starts_of_annual_periods(duration, months, discounted):
    coupon = percent(duration=duration, duration_months=months)
    applied = AppliedCoupon(coupon=coupon, first_period_start=NOW)
    assert [applies_to(applied, add_months(NOW, 12 * k)) for k in range(3)] == discounted


def test_c39_what_was_valid_when_tried_is_checked_again_when_taken():
    coupon, wanted = percent(), purchase()
    assert used(coupon) == usd(2000)
    with pytest.raises(coupons.CouponInactive):
        reserve(Ledger(), replace(coupon, is_active=False), wanted, now=NOW, ttl=TTL)
    assert uses_of(Ledger(), coupon, wanted).total == 0


@pytest.mark.parametrize("value", ["-1", "0", "100.0001", "101"])
def test_c40_a_percentage_that_makes_no_sense_cannot_be_defined(value):
    with pytest.raises(coupons.PercentOutOfRange):
        percent(value)
    assert percent("100").percent == Decimal(100)


@pytest.mark.parametrize("minor", [-1, 0])
def test_c40_a_negative_amount_cannot_be_defined(minor):
    with pytest.raises(coupons.CouponAmountNotPositive):
        fixed(minor)
