"""A plain word is the member that it names, wherever a merchant or a script may write one."""

from decimal import Decimal

import pytest

from saaskit_core.billing.ledger import Account, Entry, EntryKind, InvalidEntry, Leg
from saaskit_core.billing.taxes import AppliedRate, InvalidTaxRate, TaxRate, TaxTreatment
from saaskit_core.features import FeatureDefinition, FeatureType, InvalidFeatureDefinition
from saaskit_core.limits import Enforcement, InvalidPolicy, Policy
from saaskit_core.limits.policies import OnBackendError
from saaskit_core.limits.windows import CalendarUnit
from saaskit_core.moderation.actors import Actor, Capacity, InvalidActor
from saaskit_core.money import Money
from saaskit_core.referrals.programmes import (
    InvalidProgramme,
    InvalidReward,
    Programme,
    ReferralRewardType,
    Reward,
    WhenSuspended,
)
from tests.core.billing_builders import at

NOT_ONE = [1.5, True, [], {}, ..., "bogus", "", b"hard"]
MONTH = Reward(type=ReferralRewardType.FREE_MONTH, months=1)


def quota(**fields):
    return Policy(**{"name": "q", "quota": 5, "calendar": CalendarUnit.DAY, **fields})


def feature(**fields):
    return FeatureDefinition(**{"path": "a", "type": FeatureType.BOOL, "default": False, **fields})


def rate(**fields):
    return TaxRate(country="DE", name="VAT", percent=Decimal(0), **fields)


def applied(**fields):
    return AppliedRate(jurisdiction="DE", name="VAT", percent=Decimal(0), **fields)


def programme(**fields):
    return Programme(key="p", referrer=MONTH, **fields)


@pytest.mark.parametrize("value", NOT_ONE, ids=repr)
@pytest.mark.parametrize(
    ("make", "name", "error"),
    [
        (quota, "enforcement", InvalidPolicy),
        (quota, "on_plan_change", InvalidPolicy),
        (quota, "on_backend_error", InvalidPolicy),
        (feature, "type", InvalidFeatureDefinition),
        (feature, "merge", InvalidFeatureDefinition),
        (Actor, "kind", InvalidActor),
        (Actor, "capacity", InvalidActor),
        (rate, "treatment", InvalidTaxRate),
        (applied, "treatment", InvalidTaxRate),
        (Reward, "type", InvalidReward),
        (programme, "when_suspended", InvalidProgramme),
        (programme, "when_review_lapses", InvalidProgramme),
        (programme, "channel_rule", InvalidProgramme),
        (programme, "free_month", InvalidProgramme),
    ],
)
def test_what_is_no_member_is_refused_by_name(make, name, error, value):
    with pytest.raises(error):
        make(**{name: value})


def test_a_hard_quota_is_hard_however_it_is_written():
    assert quota(enforcement="hard").is_hard
    assert quota(enforcement="soft").enforcement is Enforcement.SOFT
    assert quota(on_backend_error="closed").on_backend_error is OnBackendError.CLOSED


def test_a_plain_user_is_no_moderator():
    assert not Actor(id="7", capacity="user").is_moderator
    assert Actor(id="7", kind="user", capacity="admin").capacity is Capacity.ADMIN
    assert Actor(id="7", kind="user").is_human


def test_other_plain_words():
    assert feature(type="bool").type is FeatureType.BOOL
    assert rate(treatment="exempt").treatment is TaxTreatment.EXEMPT
    assert Reward(type="free_month", months=1) == MONTH
    assert programme(when_suspended="wait").when_suspended is WhenSuspended.WAIT


def test_a_share_has_few_decimals():
    with pytest.raises(InvalidReward):
        Reward(type=ReferralRewardType.CREDIT, percent=Decimal("1E-999999"))
    with pytest.raises(InvalidReward):
        Reward(type=ReferralRewardType.DISCOUNT, percent=Decimal("33.33333"))


def test_what_stands_on_no_account_is_not_posted():
    """A sum looks for the account itself: what stood on a word would be in no balance."""
    one = Money(1, "USD")
    with pytest.raises(InvalidEntry):
        Entry(
            key="k",
            kind=EntryKind.PAYMENT,
            customer_id="c",
            occurred_at=at("2024-06-01"),
            legs=(
                Leg(account="receivable", amount=-one),
                Leg(account=Account.FEES, amount=one),
            ),
        )
