from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from saaskit_core.referrals import (
    Beneficiary,
    InvalidRewardUnits,
    PaymentReturned,
    ReferralNotFlagged,
    ReferralRewardType,
    ReviewDecided,
    Revoked,
    Reward,
    RewardEntryKind,
    RewardExhausted,
    RewardLedger,
    RewardLedgerConflict,
    Side,
    Standing,
    TimePassed,
    Traffic,
    WhenSuspended,
    consume,
    expire_reward,
    explain,
    transition,
)
from tests.core.referrals.builders import (
    DAY,
    NOW,
    after,
    due,
    paid,
    programme,
    referred,
    settled,
    usd,
)

LATER = NOW + 14 * DAY
SHARE = Reward(type=ReferralRewardType.CREDIT, percent=Decimal(10))


def rewarded(**more):
    found = settled(due(**more))
    return found.referral, RewardLedger(found.entries)


def spend(ledger, units, key="order", account="ada", unit="USD"):
    entry = consume(ledger, account=account, unit=unit, units=units, key=key, now=LATER)
    return ledger.with_entries([entry])


def test_a_grant_says_what_it_is_for():
    _, ledger = rewarded()
    grant = ledger.entries[0]
    assert (grant.key, grant.kind) == ("r1:referrer:1", RewardEntryKind.GRANT)
    assert (grant.account, grant.unit, grant.units) == ("ada", "USD", 1000)
    assert (grant.referral, grant.side, grant.milestone) == ("r1", Side.REFERRER, 1)
    assert (grant.reward_type, grant.at) == (ReferralRewardType.CREDIT, LATER)
    assert ledger.decision("r1", Side.REFERRER, 1) == grant
    assert ledger.decision("r1", Side.REFERRER, 2) is None
    assert ledger.decision("r2", Side.REFERRER, 1) is None


def test_the_events_say_what_was_given_and_taken_back():
    first = settled(due())
    assert [event.topic for event in first.events] == ["referral.reward_granted"] * 2
    told = first.events[0].payload()
    wanted = {"side": "referrer", "account": "ada", "milestone": 1, "reward_type": "credit"}
    assert {**told, **wanted, "unit": "USD", "units": 1000, "status": "rewarded"} == told
    ledger = spend(RewardLedger(first.entries), 400)
    over = after(first.referral, PaymentReturned(invoice="i1"))
    back = settled(over, ledger)
    assert [event.topic for event in back.events] == ["referral.reward_reversed"] * 2
    assert (back.events[0].units, back.events[0].shortfall) == (-600, 400)
    gone = {Side.REFERRER: Beneficiary(standing=Standing.DELETED)}
    denied = settled(due(), beneficiaries=gone).events[0]
    assert (denied.topic, denied.reason) == ("referral.reward_denied", "deleted")


def test_what_was_spent_is_a_shortfall_and_never_a_debt():
    referral, ledger = rewarded()
    ledger = spend(ledger, 1000)
    over = after(referral, PaymentReturned(invoice="i1"))
    ledger = ledger.with_entries(settled(over, ledger).entries)
    assert ledger.balance("ada", "USD") == 0
    back = ledger.of("r1", Side.REFERRER, 1)[1]
    assert (back.units, back.shortfall, back.key) == (0, 1000, "r1:referrer:1:back:1000")
    assert settled(over, ledger).entries == ()


def test_two_refunds_of_a_share_take_back_each_its_part():
    terms = programme(referrer=SHARE, referred=None)
    given = settled(due(terms, payment=paid(minor=10001)), terms=terms)
    referral, ledger = given.referral, RewardLedger(given.entries)
    for returned, left in ((1, 1000), (5001, 500), (9999, 0)):
        fact = PaymentReturned(invoice="i1", returned=usd(returned))
        referral = after(referral, fact, terms=terms)
        ledger = ledger.with_entries(settled(referral, ledger, terms=terms).entries)
        assert ledger.balance("ada", "USD") == left


def test_a_revoked_referral_gives_everything_back():
    referral, ledger = rewarded()
    over = after(referral, Revoked(by="eve", reason="a ring"))
    entries = settled(over, ledger).entries
    assert [(entry.units, entry.reason) for entry in entries] == [
        (-1000, "revoked"),
        (-500, "revoked"),
    ]


def test_rewards_are_spent_up_to_what_is_there():
    _, ledger = rewarded()
    spent = spend(ledger, 999)
    assert spent.balance("ada", "USD") == 1
    assert spend(spent, 1, "other").balance("ada", "USD") == 0
    with pytest.raises(RewardExhausted, match="only 1 USD of rewards left, not 2"):
        spend(spent, 2, "other")
    with pytest.raises(RewardExhausted):
        spend(ledger, 1, unit="month")
    with pytest.raises(RewardExhausted):
        spend(ledger, 1, account="cid")


def test_spending_again_under_one_key_is_spending_once():
    _, ledger = rewarded()
    spent = spend(ledger, 1000)
    assert spend(spent, 1000) == spent
    with pytest.raises(RewardLedgerConflict, match="another entry under the key order"):
        spend(spent, 1)


@pytest.mark.parametrize("units", [0, -1, 1.0, True])
def test_units_are_whole_and_more_than_nothing(units):
    with pytest.raises(InvalidRewardUnits):
        spend(RewardLedger(), units)


def test_rewards_may_lapse():
    _, ledger = rewarded()
    entry = expire_reward(ledger, account="bob", unit="USD", units=500, key="end", now=LATER)
    assert (entry.kind, entry.units) == (RewardEntryKind.EXPIRE, -500)
    assert ledger.with_entries([entry]).balance("bob", "USD") == 0


def test_a_reward_taken_back_makes_room_under_the_cap():
    terms = programme(max_total=1)
    first = settled(due(terms), terms=terms)
    over = after(first.referral, PaymentReturned(invoice="i1"), terms=terms)
    ledger = RewardLedger(first.entries)
    ledger = ledger.with_entries(settled(over, ledger, terms=terms).entries)
    second = settled(due(terms, id="r2", referred="cid"), ledger, terms=terms)
    assert second.entries[0].kind is RewardEntryKind.GRANT


def test_of_two_referrals_settled_at_once_the_second_sees_the_cap():
    terms = programme(max_total=1)
    one, two = due(terms), due(terms, id="r2", referred="cid")
    for first, second in ((one, two), (two, one)):
        alone = settled(second, terms=terms)
        ledger = RewardLedger(settled(first, terms=terms).entries)
        entries = settled(second, ledger, terms=terms).entries
        assert entries[0].kind is RewardEntryKind.CAPPED
        with pytest.raises(RewardLedgerConflict, match="another entry under the key"):
            RewardLedger(alone.entries).with_entries(entries)


def test_each_paid_cycle_has_its_reward():
    terms = programme(cycles=3, referred=None)
    referral = after(referred(terms), *(paid(f"i{n}") for n in (1, 2, 3)), terms=terms)
    referral = after(referral, TimePassed(), terms=terms, now=LATER)
    found = settled(referral, terms=terms)
    assert [entry.milestone for entry in found.entries] == [1, 2, 3]
    less = after(found.referral, PaymentReturned(invoice="i2"), terms=terms)
    assert less.status is found.referral.status
    back = settled(less, RewardLedger(found.entries), terms=terms)
    assert [(entry.milestone, entry.units) for entry in back.entries] == [(2, -1000)]


def test_it_is_explained_from_beginning_to_end():
    gone = {Side.REFERRED: Beneficiary(standing=Standing.SUSPENDED)}
    first = settled(due(), beneficiaries=gone)
    ledger = spend(RewardLedger(first.entries), 400)
    over = after(first.referral, PaymentReturned(invoice="i1"), now=LATER + DAY)
    ledger = ledger.with_entries(settled(over, ledger, now=LATER + DAY).entries)
    assert explain(over, ledger) == (
        "2026-03-01 12:00 UTC: bob was referred by ada (pending).",
        "2026-03-01 12:00 UTC: invoice i1 was paid with 100.00 USD, on hold until 2026-03-15"
        " 12:00 UTC (pending).",
        "2026-03-15 12:00 UTC: the hold of invoice i1 is over (qualified).",
        "2026-03-15 12:00 UTC: rewards were granted (rewarded).",
        "2026-03-15 12:00 UTC: ada was given 1000 USD.",
        "2026-03-15 12:00 UTC: bob gets nothing for payment 1: suspended.",
        "2026-03-16 12:00 UTC: 100.00 USD of invoice i1 were returned (rewarded).",
        "2026-03-16 12:00 UTC: no payment is left that counts (reversed).",
        "2026-03-16 12:00 UTC: 600 USD were taken back from ada, 400 are spent.",
    )


class Referrals(RuleBasedStateMachine):
    """One referrer, several newcomers: payments, refunds, reviews, spending, in any order."""

    CAP, MONTHLY_CAP = 4, 2

    @initialize(percent=st.booleans(), waits=st.booleans())
    def begin(self, percent, waits):
        terms = {"max_total": self.CAP, "max_per_30_days": self.MONTHLY_CAP, "cycles": 2}
        if waits:
            terms["when_suspended"] = WhenSuspended.WAIT
        if percent:
            terms["referrer"] = SHARE
        self.terms, self.now, self.spent = programme(**terms), NOW, 0
        self.ledger = RewardLedger()
        self.referrals = [
            referred(self.terms, id=f"r{i}", referred=f"u{i}", traffic=Traffic(from_ip=i))
            for i in range(5)
        ]

    def move(self, which, fact):
        try:
            changed = transition(self.referrals[which], fact, programme=self.terms, now=self.now)
        except ReferralNotFlagged:
            return
        before, self.referrals[which] = self.referrals[which], changed.referral
        assert not before.status.is_over or changed.referral.status is before.status

    @rule(which=st.integers(0, 4), invoice=st.integers(1, 3), minor=st.integers(0, 20000))
    def pay(self, which, invoice, minor):
        self.move(which, paid(f"i{invoice}", minor, paid_at=self.now))

    @rule(
        which=st.integers(0, 4),
        invoice=st.integers(1, 3),
        minor=st.one_of(st.none(), st.integers(0, 20000)),
    )
    def give_back(self, which, invoice, minor):
        returned = None if minor is None else usd(minor)
        self.move(which, PaymentReturned(invoice=f"i{invoice}", returned=returned))

    @rule(which=st.integers(0, 4), approve=st.booleans())
    def review(self, which, approve):
        self.move(which, ReviewDecided(by="eve", is_approved=approve))

    @rule(which=st.integers(0, 4))
    def revoke(self, which):
        self.move(which, Revoked(by="eve", reason="found out"))

    @rule(days=st.sampled_from([1, 14, 30]))
    def wait(self, days):
        self.now += timedelta(days=days)
        for which in range(5):
            self.move(which, TimePassed())

    @rule(which=st.integers(0, 4), standing=st.sampled_from(Standing), twice=st.booleans())
    def settle(self, which, standing, twice):
        for _ in range(1 + twice):
            found = settled(
                self.referrals[which],
                self.ledger,
                terms=self.terms,
                now=self.now,
                beneficiaries={Side.REFERRER: Beneficiary(standing=standing)},
            )
            # Whoever repeats the work writes the same entries, or none.
            self.ledger = self.ledger.with_entries(found.entries).with_entries(found.entries)
            self.referrals[which] = found.referral

    @rule(units=st.integers(1, 1500))
    def spend(self, units):
        self.spent += 1
        try:
            self.ledger = spend(self.ledger, units, f"order-{self.spent}")
        except RewardExhausted:
            assert self.ledger.balance("ada", "USD") < units

    @invariant()
    def no_balance_is_negative(self):
        for account in {entry.account for entry in self.ledger.entries}:
            assert self.ledger.balance(account, "USD") >= 0

    @invariant()
    def each_reward_is_decided_once(self):
        kinds = (RewardEntryKind.GRANT, RewardEntryKind.CAPPED, RewardEntryKind.WITHHELD)
        decided = [
            (entry.referral, entry.side, entry.milestone)
            for entry in self.ledger.entries
            if entry.kind in kinds
        ]
        assert len(decided) == len(set(decided))

    @invariant()
    def the_cap_holds_and_no_grant_is_taken_back_twice(self):
        assert len(self.ledger.standing_grants("ada", Side.REFERRER)) <= self.CAP
        for entry in self.ledger.entries:
            if entry.kind is RewardEntryKind.GRANT:
                assert 0 <= self.ledger.taken_back(entry) <= entry.units


TestReferrals = Referrals.TestCase
