"""The published cases of referrals, by number."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from saaskit_core import coupons, referrals
from saaskit_core.coupons import Candidate, Coupon, DiscountType, Uses
from saaskit_core.money import Money
from saaskit_core.periods import INTERVALS, BillingFrequency
from saaskit_core.referrals import (
    Beneficiary,
    Channel,
    ChannelRule,
    FraudRules,
    FreeMonthPolicy,
    PaidTime,
    Party,
    PaymentReturned,
    ReferralRewardType,
    ReferralStatus,
    Reward,
    RewardEntryKind,
    RewardLedger,
    Side,
    Signal,
    Standing,
    TimePassed,
    Touch,
    Traffic,
    WhenReviewLapses,
    WhenSuspended,
    attribute,
    free_months,
    winning_touch,
)
from tests.core.referrals.builders import (
    DAY,
    NOW,
    SECOND,
    after,
    credit,
    due,
    introduction,
    paid,
    programme,
    referred,
    settled,
    usd,
)


def try_to_refer(terms=None, *, now=NOW, **more):
    return attribute(introduction(**more), programme=terms or programme(), now=now)


def test_r1_nobody_refers_himself():
    with pytest.raises(referrals.SelfReferral):
        try_to_refer(referred="ada", referrer="ada")


@pytest.mark.parametrize(
    "referrer_of",
    [{"ada": "bob"}, {"ada": "cid", "cid": "bob"}, {"ada": "cid", "cid": "ada"}],
    ids=["two", "three", "a circle that is there already"],
)
def test_r2_nobody_is_referred_by_who_came_through_him(referrer_of):
    with pytest.raises(referrals.ReferralCircular):
        try_to_refer(referrer_of=referrer_of)
    assert try_to_refer(referrer_of={"ada": "cid", "cid": "dan"}).referral.referrer == "ada"


@pytest.mark.parametrize(
    "known", [{"newcomer": {"referred_by": "cid"}}, {"referrer_of": {"bob": "cid"}}]
)
def test_r3_the_first_attribution_counts(known):
    with pytest.raises(referrals.AlreadyReferred):
        try_to_refer(**known)


def test_r4_an_existing_customer_is_not_new():
    with pytest.raises(referrals.ReferredNotNew):
        try_to_refer(newcomer={"has_paid": True})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"email": "Bob@Example.com"}, {"email": " bob@example.com"}),
        ({"name": "Bob  Miller"}, {"name": "bob miller"}),
    ],
)
def test_r5_the_same_person_is_blocked(one, other):
    with pytest.raises(referrals.ReferralBlocked) as refused:
        try_to_refer(
            party=Party(account="bob", **one), referrer_party=Party(account="ada", **other)
        )
    told = referrals.public_refusal(refused.value)
    assert (told.code, told.__cause__) == ("referral_code_unusable", refused.value)


@pytest.mark.parametrize(
    ("mine", "theirs", "signal"),
    [
        ({"email": "ada+1@x.io"}, {"email": "ada@x.io"}, Signal.SIMILAR_EMAIL),
        ({"email": "john.smith2@a.io"}, {"email": "johnsmith@b.io"}, Signal.SIMILAR_EMAIL),
        ({"name": "Miller Bob"}, {"name": "Bob Miller"}, Signal.SIMILAR_NAME),
        ({"ip": "10.0.0.1"}, {"ip": "10.0.0.1"}, Signal.SAME_IP),
        ({"device": "d"}, {"device": "d"}, Signal.SAME_DEVICE),
        ({"card": "c"}, {"card": "c"}, Signal.SAME_CARD),
        ({"email": "x@mailinator.com"}, {}, Signal.DISPOSABLE_EMAIL),
    ],
)
def test_r6_what_may_be_a_coincidence_is_flagged_and_not_refused(mine, theirs, signal):
    changed = try_to_refer(
        party=Party(account="bob", **mine), referrer_party=Party(account="ada", **theirs)
    )
    assert changed.referral.status is ReferralStatus.FLAGGED
    assert changed.referral.signals == (signal,)
    assert changed.referral.review_by == NOW + 7 * DAY
    assert [event.topic for event in changed.events] == ["referral.attributed", "referral.flagged"]


@pytest.mark.parametrize(
    ("traffic", "found"),
    [
        (Traffic(from_ip=2, by_referrer=9), ()),
        (Traffic(from_ip=3), (Signal.MANY_FROM_IP,)),
        (Traffic(by_referrer=10), (Signal.BURST,)),
    ],
)
def test_r6_more_than_three_of_an_ip_and_a_burst_are_flagged(traffic, found):
    assert try_to_refer(traffic=traffic).referral.signals == found
    lax = FraudRules(max_per_ip=100, max_per_hour=100)
    given = introduction(traffic=traffic)
    assert attribute(given, programme=programme(), now=NOW, rules=lax).referral.signals == ()


def test_r7_a_reward_needs_a_paid_invoice_of_the_minimum_and_the_hold():
    terms = programme(minimums={"USD": 5000})
    fresh = referred(terms)
    too_small = after(fresh, paid(minor=4999), terms=terms)
    assert too_small.milestones == ()
    counted = after(too_small, paid("i2", 5000), terms=terms)
    early = after(counted, TimePassed(), terms=terms, now=NOW + 14 * DAY - SECOND)
    assert early.status is ReferralStatus.PENDING
    assert settled(early, terms=terms).entries == ()
    late = after(counted, TimePassed(), terms=terms, now=NOW + 14 * DAY)
    assert late.status is ReferralStatus.QUALIFIED
    found = settled(late, terms=terms)
    assert found.referral.status is ReferralStatus.REWARDED
    assert [(entry.account, entry.units) for entry in found.entries] == [
        ("ada", 1000),
        ("bob", 500),
    ]


def test_r8_returned_during_the_hold_is_rejected():
    over = after(referred(), paid(), PaymentReturned(invoice="i1"))
    assert over.status is ReferralStatus.REJECTED
    later = after(over, TimePassed(), now=NOW + 30 * DAY)
    assert settled(later).entries == ()


def test_r8_returned_after_the_reward_is_a_negative_entry():
    given = settled(due())
    ledger = RewardLedger(given.entries)
    over = after(given.referral, PaymentReturned(invoice="i1"))
    back = settled(over, ledger)
    assert over.status is ReferralStatus.REVERSED
    assert [(entry.account, entry.units) for entry in back.entries] == [
        ("ada", -1000),
        ("bob", -500),
    ]
    full = ledger.with_entries(back.entries)
    assert full.entries[:2] == ledger.entries
    assert (full.balance("ada", "USD"), full.balance("bob", "USD")) == (0, 0)


def test_r9_the_same_payment_twice_is_one_reward():
    terms = programme(cycles=2)
    twice = after(referred(terms), paid(), paid(), terms=terms)
    twice = after(twice, TimePassed(), TimePassed(), terms=terms, now=NOW + 14 * DAY)
    first, second = settled(twice, terms=terms), settled(twice, terms=terms)
    ledger = RewardLedger(first.entries).with_entries(second.entries)
    assert len(ledger.entries) == 2
    assert settled(first.referral, ledger, terms=terms).entries == ()


@pytest.mark.parametrize(
    ("cap", "after_days", "kind"),
    [
        ({"max_total": 1}, 400, RewardEntryKind.CAPPED),
        ({"max_total": 2}, 0, RewardEntryKind.GRANT),
        ({"max_per_30_days": 1}, 29, RewardEntryKind.CAPPED),
        ({"max_per_30_days": 1}, 30, RewardEntryKind.GRANT),
        ({"max_per_30_days": 2}, 0, RewardEntryKind.GRANT),
        ({}, 0, RewardEntryKind.GRANT),
    ],
)
def test_r10_over_the_cap_the_referrer_gets_nothing_and_the_other_his_own(cap, after_days, kind):
    terms = programme(**cap)
    at = NOW + 14 * DAY
    ledger = RewardLedger(settled(due(terms), terms=terms, now=at).entries)
    second = due(terms, id="r2", referred="cid")
    found = settled(second, ledger, terms=terms, now=at + after_days * DAY)
    assert [entry.kind for entry in found.entries] == [kind, RewardEntryKind.GRANT]
    assert found.entries[1].account == "cid"
    again = settled(
        found.referral, ledger.with_entries(found.entries), terms=terms, now=at + 900 * DAY
    )
    assert again.entries == ()


@pytest.mark.parametrize(
    ("standing", "policy", "kinds"),
    [
        (Standing.ACTIVE, WhenSuspended.NO_REWARD, ["grant", "grant"]),
        (Standing.DOWNGRADED, WhenSuspended.NO_REWARD, ["grant", "grant"]),
        (Standing.SUSPENDED, WhenSuspended.NO_REWARD, ["withheld", "grant"]),
        (Standing.SUSPENDED, WhenSuspended.WAIT, ["grant"]),
        (Standing.DELETED, WhenSuspended.NO_REWARD, ["withheld", "grant"]),
        (Standing.DELETED, WhenSuspended.WAIT, ["withheld", "grant"]),
    ],
)
def test_r11_a_referrer_who_is_gone_gets_nothing_a_downgraded_one_does(standing, policy, kinds):
    terms = programme(when_suspended=policy)
    sides = {Side.REFERRER: Beneficiary(standing=standing)}
    found = settled(due(terms), terms=terms, beneficiaries=sides)
    assert [entry.kind.value for entry in found.entries] == kinds


def test_r11_a_reward_that_waited_is_given_when_the_referrer_is_back():
    terms = programme(when_suspended=WhenSuspended.WAIT)
    sides = {Side.REFERRER: Beneficiary(standing=Standing.SUSPENDED)}
    first = settled(due(terms), terms=terms, beneficiaries=sides)
    ledger = RewardLedger(first.entries)
    back = settled(first.referral, ledger, terms=terms)
    assert [(entry.account, entry.units) for entry in back.entries] == [("ada", 1000)]


def test_r12_a_code_is_given_within_the_window_and_before_the_first_payment():
    last = NOW + 30 * DAY - SECOND
    assert try_to_refer(now=last).referral.status is ReferralStatus.PENDING
    with pytest.raises(referrals.AttributionWindowClosed, match="within 30 days of signing up"):
        try_to_refer(now=last + SECOND)
    with pytest.raises(referrals.ReferredNotNew):
        try_to_refer(newcomer={"has_paid": True}, now=NOW)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (ChannelRule.FIRST_TOUCH, "aff"),
        (ChannelRule.LAST_TOUCH, "ref2"),
        (ChannelRule.REFERRAL, "ref1"),
        (ChannelRule.AFFILIATE, "aff"),
    ],
)
def test_r13_one_of_several_touches_counts_and_the_rule_is_kept(rule, code):
    touches = [
        Touch(channel=Channel.REFERRAL, code="ref1", at=NOW - 2 * DAY),
        Touch(channel=Channel.AFFILIATE, code="aff", at=NOW - 3 * DAY),
        Touch(channel=Channel.REFERRAL, code="ref2", at=NOW - DAY),
    ]
    winner = winning_touch(touches, rule=rule, now=NOW, window=30 * DAY)
    assert (winner.touch.code, winner.rule) == (code, rule)
    assert {touch.code for touch in winner.lost} == {"ref1", "ref2", "aff"} - {code}


def time(frequency, minor, ends=datetime(2026, 1, 31, tzinfo=UTC), **more):
    return PaidTime(
        price=usd(minor), interval=INTERVALS.get(frequency), period_ends_at=ends, **more
    )


@pytest.mark.parametrize(
    ("frequency", "minor", "credit"),
    [
        (BillingFrequency.MONTHLY, 1000, 1000),
        (BillingFrequency.YEARLY, 10000, 833),
        (BillingFrequency.QUARTERLY, 1001, 334),
    ],
)
def test_r14_a_free_month_is_a_month_more_or_its_price(frequency, minor, credit):
    longer = free_months(1, time(frequency, minor), policy=FreeMonthPolicy.EXTEND)
    assert longer.to == datetime(2026, 2, 28, tzinfo=UTC)
    worth = free_months(1, time(frequency, minor), policy=FreeMonthPolicy.CREDIT)
    assert worth.amount == usd(credit)


def test_r14_without_a_subscription_a_free_month_is_kept():
    terms = programme(referrer=Reward(type=ReferralRewardType.FREE_MONTH, months=1))
    sides = {Side.REFERRER: Beneficiary(can_take_months=False)}
    first = settled(due(terms), terms=terms, beneficiaries=sides)
    assert [entry.account for entry in first.entries] == ["bob"]
    later = settled(first.referral, RewardLedger(first.entries), terms=terms, now=NOW + 99 * DAY)
    assert [(each.account, each.unit, each.units) for each in later.entries] == [
        ("ada", "month", 1)
    ]


@pytest.mark.parametrize(
    ("policy", "status"),
    [
        (WhenReviewLapses.HOLD, ReferralStatus.FLAGGED),
        (WhenReviewLapses.APPROVE, ReferralStatus.PENDING),
        (WhenReviewLapses.REJECT, ReferralStatus.REJECTED),
    ],
)
def test_r15_a_missed_review_holds_unless_the_programme_says_otherwise(policy, status):
    assert programme().when_review_lapses is WhenReviewLapses.HOLD
    terms = programme(when_review_lapses=policy)
    flagged = referred(terms, traffic=Traffic(from_ip=3))
    early = after(flagged, TimePassed(), terms=terms, now=NOW + 7 * DAY - SECOND)
    assert early == flagged
    assert after(flagged, TimePassed(), terms=terms, now=NOW + 7 * DAY).status is status


def test_r16_a_referral_discount_stacks_with_a_coupon_only_if_both_allow_it():
    reward = Reward(type=ReferralRewardType.DISCOUNT, percent=Decimal(10))
    save = Coupon(
        code="SAVE", discount_type=DiscountType.PERCENTAGE, percent=Decimal(20), stackable=True
    )

    def together(stackable):
        mine = referrals.discount_coupon(reward, code="friend", stackable=stackable)
        asked = [Candidate(coupon=each, uses=Uses()) for each in (mine, save)]
        return coupons.combine(asked, plan="pro", price=usd(10000), now=NOW)

    with pytest.raises(coupons.CouponNotStackable):
        together(stackable=programme().stacks_with_coupons)
    assert together(stackable=True).total == usd(7200)


def test_r16_a_share_is_of_what_was_actually_paid():
    terms = programme(
        referrer=Reward(type=ReferralRewardType.CREDIT, percent=Decimal(10)), referred=None
    )
    found = settled(due(terms, payment=paid(minor=7200)), terms=terms)
    assert [(entry.units, entry.base) for entry in found.entries] == [(720, 7200)]


def test_r16_a_partial_refund_takes_its_part_of_the_share_back():
    terms = programme(
        referrer=Reward(type=ReferralRewardType.CREDIT, percent=Decimal(10)), referred=None
    )
    given = settled(due(terms, payment=paid(minor=7200)), terms=terms)
    ledger = RewardLedger(given.entries)
    less = after(given.referral, PaymentReturned(invoice="i1", returned=usd(1200)), terms=terms)
    back = settled(less, ledger, terms=replace(terms, referrer=credit(1)))
    assert [entry.units for entry in back.entries] == [-120]
    assert less.status is ReferralStatus.REWARDED


def test_r16_nothing_is_converted():
    found = settled(due(payment=paid(minor=5000, currency="EUR")))
    assert [(entry.kind, entry.reason) for entry in found.entries] == [
        (RewardEntryKind.WITHHELD, "nothing_due"),
        (RewardEntryKind.WITHHELD, "nothing_due"),
    ]
    assert found.referral.status is ReferralStatus.QUALIFIED
    both = programme(referrer=credit(amounts={"USD": 1, "EUR": 900}))
    found = settled(due(both, payment=paid(minor=5000, currency="EUR")), terms=both)
    assert Money(found.entries[0].units, found.entries[0].unit) == Money(900, "EUR")
