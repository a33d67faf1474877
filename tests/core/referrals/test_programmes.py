from decimal import Decimal

import pytest

from saaskit_core.money import InvalidAmount, UnknownCurrency
from saaskit_core.referrals import (
    InvalidProgramme,
    InvalidReward,
    Programme,
    ReferralRewardType,
    Reward,
    Side,
)
from tests.core.referrals.builders import DAY, credit, programme, usd

CREDIT, DISCOUNT, FREE_MONTH, FEATURE = ReferralRewardType
EITHER = "it has either amounts or a percent"
PERCENT = "a percent is a Decimal above 0 and up to 100"
FOREIGN = "it has what belongs to another type"


def test_the_words_of_the_contract():
    assert [each.value for each in ReferralRewardType] == [
        "credit",
        "discount",
        "free_month",
        "feature_unlock",
    ]


@pytest.mark.parametrize(
    "sound",
    [
        {"type": CREDIT, "amounts": {"USD": 1}},
        {"type": CREDIT, "percent": Decimal("0.01")},
        {"type": DISCOUNT, "percent": Decimal(100)},
        {"type": DISCOUNT, "amounts": {"USD": 1, "EUR": 2}},
        {"type": FREE_MONTH, "months": 1},
        {"type": FREE_MONTH, "months": 36},
        {"type": FEATURE, "feature": "reports", "days": 1},
        {"type": FEATURE, "feature": "reports", "days": 3660},
    ],
)
def test_a_reward_has_what_its_type_needs(sound):
    assert Reward(**sound).type is sound["type"]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"type": CREDIT}, EITHER),
        ({"type": CREDIT, "amounts": {"USD": 1}, "percent": Decimal(1)}, EITHER),
        ({"type": CREDIT, "amounts": {"USD": 0}}, "an amount is more than zero"),
        ({"type": DISCOUNT, "percent": Decimal(0)}, PERCENT),
        ({"type": DISCOUNT, "percent": Decimal("100.01")}, PERCENT),
        ({"type": DISCOUNT, "percent": Decimal("NaN")}, PERCENT),
        ({"type": DISCOUNT, "percent": 10.0}, PERCENT),
        ({"type": FREE_MONTH}, "it has 1 to 36 months"),
        ({"type": FREE_MONTH, "months": 37}, "it has 1 to 36 months"),
        ({"type": FREE_MONTH, "months": True}, "it has 1 to 36 months"),
        ({"type": FEATURE, "days": 1}, "it has a feature and 1 to 3660 days"),
        ({"type": FEATURE, "feature": "x"}, "it has a feature and 1 to 3660 days"),
        ({"type": FEATURE, "feature": "x", "days": 3661}, "it has a feature and 1 to 3660 days"),
        ({"type": CREDIT, "percent": Decimal(1), "months": 1}, FOREIGN),
        ({"type": CREDIT, "percent": Decimal(1), "days": 1}, FOREIGN),
        ({"type": FREE_MONTH, "months": 1, "percent": Decimal(1)}, FOREIGN),
        ({"type": FREE_MONTH, "months": 1, "feature": "x"}, FOREIGN),
        ({"type": FEATURE, "feature": "x", "days": 1, "amounts": {"USD": 1}}, FOREIGN),
    ],
)
def test_a_reward_that_makes_no_sense_is_refused(wrong, problem):
    with pytest.raises(InvalidReward) as refused:
        Reward(**wrong)
    assert refused.value.params == {"type": wrong["type"].value, "problem": problem}


def test_amounts_are_exact_and_in_a_real_currency():
    with pytest.raises(InvalidAmount):
        credit(1.5)
    with pytest.raises(UnknownCurrency):
        credit(amounts={"USX": 1})
    with pytest.raises(UnknownCurrency):
        programme(minimums={"USX": 1})


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"referrer": None, "referred": None}, "somebody has to get a reward"),
        ({"hold_days": -1}, "a hold and a review have 0 to 3660 days"),
        ({"review_days": 3661}, "a hold and a review have 0 to 3660 days"),
        ({"hold_days": 1.0}, "a hold and a review have 0 to 3660 days"),
        ({"window_days": 0}, "a window has 1 to 3660 days"),
        ({"window_days": 3661}, "a window has 1 to 3660 days"),
        ({"cycles": 0}, "it rewards 1 to 3660 invoices"),
        ({"max_total": -1}, "a cap is a whole number, 0 or more"),
        ({"max_per_30_days": True}, "a cap is a whole number, 0 or more"),
        ({"max_total": 2**31}, "a cap is a whole number, 0 or more"),
        ({"minimums": {"USD": 0}}, "a minimum is more than zero"),
    ],
)
def test_a_programme_that_makes_no_sense_is_refused(wrong, problem):
    with pytest.raises(InvalidProgramme) as refused:
        programme(**wrong)
    assert refused.value.params == {"key": "friends", "problem": problem}


def test_the_edges_of_what_makes_sense():
    edges = {"hold_days": 0, "review_days": 3660, "window_days": 1, "max_total": 2**31 - 1}
    terms = programme(**edges)
    assert (terms.hold, terms.review, terms.window) == (0 * DAY, 3660 * DAY, DAY)


def test_each_side_has_its_reward():
    one_sided = Programme(key="k", referred=credit(5))
    assert one_sided.reward_of(Side.REFERRER) is None
    assert one_sided.reward_of(Side.REFERRED) == credit(5)


@pytest.mark.parametrize(
    ("minimums", "minor", "enough"),
    [
        ({}, 1, True),
        ({}, 0, False),
        ({"USD": 100}, 100, True),
        ({"USD": 100}, 99, False),
        ({"EUR": 1}, 100, False),
    ],
)
def test_what_is_enough_to_qualify(minimums, minor, enough):
    assert programme(minimums=minimums).is_enough(usd(minor)) is enough
