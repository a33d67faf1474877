import pytest

from saaskit_core import referrals
from saaskit_core.coupons import CouponCodeInvalid
from saaskit_core.errors import ErrorKind
from saaskit_core.referrals import (
    ReferralCode,
    ReferralRefused,
    ReferralStatus,
    Traffic,
    attribute,
    generate_code,
    public_refusal,
)
from tests.core.referrals.builders import NOW, SECOND, introduction, programme


def test_a_referral_says_who_sent_whom_by_which_code():
    changed = attribute(introduction(), programme=programme(), now=NOW)
    made = changed.referral
    assert (made.id, made.programme, made.code) == ("r1", "friends", "CODE-ADA")
    assert (made.referrer, made.referred, made.status) == ("ada", "bob", ReferralStatus.PENDING)
    assert (made.signals, made.review_by, made.milestones) == ((), None, ())
    (step,) = made.history
    assert (step.at, step.note) == (NOW, "bob was referred by ada")
    (event,) = changed.events
    assert event.payload() == {
        "aggregate": "referral:r1",
        "occurred_at": NOW.isoformat(),
        "referral_id": "r1",
        "referrer_id": "ada",
        "referred_id": "bob",
        "programme": "friends",
        "status": "pending",
        "referral_code": "CODE-ADA",
    }


def test_a_flagged_referral_says_why():
    given = introduction(traffic=Traffic(from_ip=3, by_referrer=10))
    changed = attribute(given, programme=programme(), now=NOW)
    assert changed.referral.history[0].note == (
        "bob was referred by ada; to be reviewed for many_from_ip, burst"
    )
    assert changed.events[1].payload()["signals"] == ("many_from_ip", "burst")


@pytest.mark.parametrize(
    "code",
    [
        {"is_active": False},
        {"expires_at": NOW},
        {"max_uses": 2, "uses": 2},
        {"programme": "another"},
    ],
)
def test_a_code_that_is_over_refers_nobody(code):
    with pytest.raises(referrals.ReferralCodeUnusable):
        attribute(introduction(code=code), programme=programme(), now=NOW)


@pytest.mark.parametrize(
    "code", [{"expires_at": NOW + SECOND}, {"max_uses": 2, "uses": 1}, {"max_uses": 0, "uses": 99}]
)
def test_a_code_that_is_not_over_refers(code):
    assert attribute(introduction(code=code), programme=programme(), now=NOW)


def test_a_programme_that_is_switched_off_takes_nobody_new():
    with pytest.raises(referrals.ReferralCodeUnusable):
        attribute(introduction(), programme=programme(is_active=False), now=NOW)


def test_a_code_is_kept_in_its_one_spelling():
    code = ReferralCode(code=f" {generate_code(bytes(8))} ", owner="ada", programme="p")
    assert code.code == "0" * 12
    with pytest.raises(CouponCodeInvalid):
        ReferralCode(code="a b", owner="ada", programme="p")


def test_every_refusal_is_one_kind_and_only_a_block_is_not_told():
    for name in referrals.__all__:
        error = getattr(referrals, name)
        if isinstance(error, type) and issubclass(error, ReferralRefused):
            refused = error(days=30)
            assert refused.kind is ErrorKind.CONFLICT
            told = public_refusal(refused)
            is_block = isinstance(refused, referrals.ReferralBlocked)
            assert (told is refused) is not is_block
            assert type(told) is (referrals.ReferralCodeUnusable if is_block else error)
