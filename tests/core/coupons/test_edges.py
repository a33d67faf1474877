"""Both sides of a bound, and what one call hands on to the next."""

from __future__ import annotations

import pytest

from saaskit_core.coupons import (
    AppliedCoupon,
    Campaign,
    CouponBudgetExceeded,
    CouponHasNoEffect,
    CouponNotForPlan,
    CouponNotRedeemable,
    CouponOnPlanChange,
    InvalidCoupon,
    InvalidCouponBatch,
    Ledger,
    Uses,
    WeakCouponCode,
    after_plan_change,
    bytes_for_batch,
    canonical_email,
    check_redeemable,
    combine,
    confirm,
    extend,
    generate_codes,
    redeem,
    reserve,
)
from tests.core.coupons.builders import NOW, TTL, candidates, fixed, percent, purchase, usd

FOR_PRO = percent(plans=frozenset({"pro"}))


@pytest.mark.parametrize(("count", "length"), [(0, 12), (1, 0), (True, 12), (1, 12.0)])
def test_a_batch_has_at_least_one_code_of_one_character(count, length):
    with pytest.raises(InvalidCouponBatch) as caught:
        generate_codes(b"", count=count, length=length)
    assert "problem" in caught.value.params
    assert caught.value.params["problem"] == "count and length are whole numbers from 1"


def test_a_batch_without_enough_bytes_says_how_many_it_takes():
    needed = bytes_for_batch(2, length=20)
    with pytest.raises(WeakCouponCode) as caught:
        generate_codes(b"\0" * needed, count=2, length=20)
    assert caught.value.params == {"needed": needed}


def test_the_plan_reaches_the_coupon_whichever_way_it_is_asked():
    price = usd(10000)
    for plan, is_taken in (("pro", True), ("team", False)):
        asked = {"plan": plan, "price": price, "now": NOW}
        calls = [
            lambda asked=asked: redeem(FOR_PRO, uses=Uses(), **asked),
            lambda asked=asked: check_redeemable(FOR_PRO, uses=Uses(), **asked),
            lambda asked=asked: combine(candidates(FOR_PRO), **asked),
            lambda plan=plan: reserve(Ledger(), FOR_PRO, purchase(plan=plan), now=NOW, ttl=TTL),
        ]
        for call in calls:
            if is_taken:
                call()
            else:
                with pytest.raises(CouponNotForPlan):
                    call()


def test_the_smallest_price_can_be_taken_off_and_nothing_cannot():
    whole = percent("100")
    assert redeem(whole, plan="pro", price=usd(1), uses=Uses(), now=NOW).amount == usd(1)
    with pytest.raises(CouponHasNoEffect):
        redeem(whole, plan="pro", price=usd(0), uses=Uses(), now=NOW)


def test_a_budget_may_be_spent_to_the_last_unit_by_one():
    campaign = Campaign(key="SPRING", budgets={"USD": 1000})
    asked = {"plan": "pro", "price": usd(10000), "uses": Uses(), "now": NOW}
    assert redeem(fixed(1000, campaign=campaign), **asked).amount == usd(1000)
    with pytest.raises(CouponBudgetExceeded):
        redeem(fixed(1001, campaign=campaign), **asked)


def test_coupons_of_one_campaign_share_its_budget_within_one_purchase():
    campaign = Campaign(key="SPRING", budgets={"USD": 2000})
    three = [fixed(900, code, campaign=campaign, stackable=True) for code in ("A", "B", "C")]
    two = combine(candidates(*three[:2]), plan="pro", price=usd(10000), now=NOW)
    assert two.off == usd(1800)
    with pytest.raises(CouponBudgetExceeded):
        combine(candidates(*three), plan="pro", price=usd(10000), now=NOW)


def test_a_coupon_without_a_campaign_spends_nobodys_budget():
    campaign = Campaign(key="XXXX", budgets={"USD": 1000})
    free, bound = (
        fixed(900, "A", stackable=True),
        fixed(900, "B", campaign=campaign, stackable=True),
    )
    assert combine(candidates(free, bound), plan="pro", price=usd(10000), now=NOW).off == usd(1800)


def test_what_is_confirmed_cannot_be_extended_and_stays_what_it_was():
    use = reserve(Ledger(), fixed(), purchase(), now=NOW, ttl=TTL).reservation
    done = confirm(use, now=NOW).reservation
    assert extend(done, expires_at=NOW + 2 * TTL, now=NOW).reservation == done
    assert extend(use, expires_at=use.expires_at, now=NOW).reservation == use


def test_a_coupon_that_is_kept_is_for_its_plans_and_the_new_one():
    applied = AppliedCoupon(coupon=FOR_PRO)
    keep = CouponOnPlanChange.KEEP
    (moved,) = after_plan_change([applied], plan="team", policy=keep)
    assert moved.coupon.plans == {"pro", "team"}
    (same,) = after_plan_change([applied], plan="pro", policy=keep)
    assert same is applied


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ('"a@b"@example.com', '"a@b"@example.com'),
        ("ada@example.com.", "ada@example.com"),
        ("ada@example.xx", "ada@example.xx"),
    ],
)
def test_the_last_at_sign_and_the_roots_dot(address, mailbox):
    assert canonical_email(address) == mailbox


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"trial_days": 3651}, "trial days are 0 to 3650"),
        ({"minimums": 5}, "minimums are minor units per currency"),
        ({"amounts": [1]}, "amounts are minor units per currency"),
        ({"plans": "pro"}, "plans are a set of their keys"),
        ({"duration": "x"}, "duration is one of 'once', 'repeating', 'forever', not 'x'"),
        ({"plans": [7]}, "plans are a set of their keys"),
    ],
)
def test_terms_of_another_kind_are_refused_by_name(terms, words):
    with pytest.raises(InvalidCoupon) as caught:
        percent(code="odd", **terms)
    assert str(caught.value) == f"The coupon ODD is not possible: {words}."


def test_the_longest_trial_is_one():
    assert percent(trial_days=3650).trial_days == 3650


def test_a_mode_may_be_given_as_its_plain_word():
    gone = percent(code="GONE", is_active=False, stackable=True)
    asked = {"plan": "pro", "price": usd(10000), "now": NOW}
    with pytest.raises(CouponNotRedeemable):
        combine(candidates(gone), mode="all", **asked)
    assert combine(candidates(gone), mode="partial", **asked).off == usd(0)
