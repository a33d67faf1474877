"""What clients match on: the code, the kind and the words of every refusal."""

import inspect

import pytest

from saaskit_core import referrals
from saaskit_core.errors import ErrorKind, SaasKitError

CONFLICT, INVALID = ErrorKind.CONFLICT, ErrorKind.INVALID
UNUSABLE = "This referral code can't be used."
REFUSALS = {
    "AlreadyReferred": (
        "already_referred",
        CONFLICT,
        "You have been referred already; the first referral counts.",
    ),
    "AttributionWindowClosed": (
        "attribution_window_closed",
        CONFLICT,
        "A referral code has to be given within 30 days of signing up.",
    ),
    "InvalidProgramme": (
        "invalid_referral_programme",
        INVALID,
        "The referral programme K is not possible: P.",
    ),
    "InvalidReward": (
        "invalid_referral_reward",
        INVALID,
        "A reward of the type T is not possible like this: P.",
    ),
    "InvalidRewardUnits": (
        "invalid_reward_units",
        INVALID,
        "2 is not a number of units: they are whole and more than zero.",
    ),
    "ReferralBlocked": ("referral_blocked", CONFLICT, UNUSABLE),
    "ReferralCircular": (
        "referral_circular",
        CONFLICT,
        "Who you were the reason to come can't be the reason that you came.",
    ),
    "ReferralCodeUnusable": ("referral_code_unusable", CONFLICT, UNUSABLE),
    "ReferralNotFlagged": (
        "referral_not_flagged",
        CONFLICT,
        "The referral is pending: there is nothing to review.",
    ),
    "ReferralRefused": ("referral_refused", CONFLICT, UNUSABLE),
    "ReferredNotNew": (
        "referred_not_new",
        CONFLICT,
        "A referral counts for new customers only, before their first payment.",
    ),
    "RewardExhausted": (
        "reward_exhausted",
        CONFLICT,
        "There are only 1 USD of rewards left, not 2.",
    ),
    "RewardIsNoDiscount": (
        "reward_is_no_discount",
        CONFLICT,
        "A reward of the type T is not given as a coupon.",
    ),
    "RewardLedgerConflict": (
        "reward_ledger_conflict",
        CONFLICT,
        "The ledger has another entry under the key K.",
    ),
    "SelfReferral": ("self_referral", CONFLICT, "You can't refer yourself."),
}
PARAMS = {
    "days": 30,
    "key": "K",
    "problem": "P",
    "type": "T",
    "units": 2,
    "unit": "USD",
    "balance": 1,
    "status": "pending",
}


def refusals():
    members = inspect.getmembers(referrals, inspect.isclass)
    return {name: each for name, each in members if issubclass(each, SaasKitError)}


def test_every_refusal_is_listed():
    assert refusals().keys() == REFUSALS.keys()


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_has_its_code_kind_and_words(name):
    error = refusals()[name](**PARAMS)
    assert (error.code, error.kind, str(error)) == REFUSALS[name]
