"""What clients match on: the code and the kind of every refusal, and its words."""

import inspect

import pytest

from saaskit_core import coupons
from saaskit_core.errors import ErrorKind, SaasKitError

CONFLICT, INVALID = ErrorKind.CONFLICT, ErrorKind.INVALID
REFUSALS = {
    "CouponAmountNotPositive": ("coupon_amount_not_positive", INVALID),
    "CouponBudgetExceeded": ("coupon_budget_exceeded", CONFLICT),
    "CouponCodeInvalid": ("coupon_code_invalid", INVALID),
    "CouponCodesTooShort": ("coupon_codes_too_short", INVALID),
    "CouponCurrencyMismatch": ("coupon_currency_mismatch", CONFLICT),
    "CouponCustomerRequired": ("coupon_customer_required", CONFLICT),
    "CouponExpired": ("coupon_expired", CONFLICT),
    "CouponFirstPurchaseOnly": ("coupon_first_purchase_only", CONFLICT),
    "CouponHasNoEffect": ("coupon_has_no_effect", CONFLICT),
    "CouponInactive": ("coupon_inactive", CONFLICT),
    "CouponMinimumNotReached": ("coupon_minimum_not_reached", CONFLICT),
    "CouponNotForPlan": ("coupon_not_for_plan", CONFLICT),
    "CouponNotRedeemable": ("coupon_not_redeemable", CONFLICT),
    "CouponNotStackable": ("coupon_not_stackable", CONFLICT),
    "CouponNotStarted": ("coupon_not_started", CONFLICT),
    "CouponUnusable": ("coupon_unusable", CONFLICT),
    "CouponUsedByCustomer": ("coupon_used_by_customer", CONFLICT),
    "CouponUsedUp": ("coupon_used_up", CONFLICT),
    "InvalidCampaign": ("invalid_campaign", INVALID),
    "InvalidCoupon": ("invalid_coupon", INVALID),
    "InvalidCouponBatch": ("invalid_coupon_batch", INVALID),
    "LedgerConflict": ("coupon_ledger_conflict", CONFLICT),
    "PercentOutOfRange": ("percent_out_of_range", INVALID),
    "ReservationClosed": ("coupon_reservation_closed", CONFLICT),
    "TooManyCoupons": ("too_many_coupons", CONFLICT),
    "WeakCouponCode": ("weak_coupon_code", INVALID),
}
SENTENCES = {
    "CouponBudgetExceeded": "What the coupon A may take off in all has been spent.",
    "CouponCustomerRequired": "The coupon A can only be used by a signed-in customer.",
    "CouponExpired": "The coupon A has expired.",
    "CouponFirstPurchaseOnly": "The coupon A is for a first purchase only.",
    "CouponHasNoEffect": "There is nothing the coupon A could take off.",
    "CouponInactive": "The coupon A has been switched off.",
    "CouponNotForPlan": "The coupon A is not for this plan.",
    "CouponNotRedeemable": "The coupon A can't be used for this purchase.",
    "CouponNotStackable": "The coupon A can't be combined with another one.",
    "CouponNotStarted": "The coupon A is not valid yet.",
    "CouponUsedByCustomer": "You have already used the coupon A.",
    "CouponUsedUp": "The coupon A has been used as often as it may be.",
    "InvalidCouponBatch": "Such a batch of codes is not possible: P.",
    "LedgerConflict": "The ledger has another entry under the key K.",
    "TooManyCoupons": "At most 5 coupons can be combined.",
    "WeakCouponCode": "A coupon code that can't be guessed needs at least 8 random bytes.",
}


def refusals():
    members = inspect.getmembers(coupons, inspect.isclass)
    return {name: each for name, each in members if issubclass(each, SaasKitError)}


def test_every_refusal_has_its_code_and_kind():
    assert {name: (each.code, each.kind) for name, each in refusals().items()} == REFUSALS


@pytest.mark.parametrize("name", SENTENCES)
def test_a_refusal_says_it_in_one_sentence(name):
    params = {"code": "A", "problem": "P", "key": "K", "most": 5, "needed": 8}
    assert str(refusals()[name](**params)) == SENTENCES[name]


def test_the_words_of_enumerations_are_those_that_are_stored():
    assert {
        kind.__name__: [each.value for each in kind]
        for kind in (
            coupons.ApplicationMode,
            coupons.CouponDuration,
            coupons.CouponOnPlanChange,
            coupons.DiscountType,
            coupons.EntryKind,
            coupons.OrderEnd,
            coupons.ReservationStatus,
            coupons.Rollback,
        )
    } == {
        "ApplicationMode": ["all", "partial"],
        "CouponDuration": ["once", "repeating", "forever"],
        "CouponOnPlanChange": ["rest", "keep", "drop"],
        "DiscountType": ["percentage", "fixed"],
        "EntryKind": ["reserve", "extend", "consume", "reverse", "expire"],
        "OrderEnd": ["payment_failed", "cancelled", "refunded", "fraud"],
        "ReservationStatus": ["reserved", "confirmed", "released", "expired"],
        "Rollback": ["with_order", "without_order"],
    }
