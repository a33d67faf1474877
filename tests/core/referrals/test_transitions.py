from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.money import CurrencyMismatch, Money
from saaskit_core.referrals import (
    MilestoneState,
    PaymentReturned,
    ReferralNotFlagged,
    ReferralStatus,
    ReviewDecided,
    Revoked,
    TimePassed,
    Traffic,
    WhenReviewLapses,
    next_due_at,
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

APPROVED = ReviewDecided(by="eve", is_approved=True)
REJECTED = ReviewDecided(by="eve", is_approved=False, reason="one person")


def flagged(terms=None):
    return referred(terms, traffic=Traffic(from_ip=3))


def topics(referral, fact, *, terms=None, now=NOW):
    changed = transition(referral, fact, programme=terms or programme(), now=now)
    return [event.topic for event in changed.events]


def test_a_payment_is_on_hold_from_the_day_it_was_made():
    (milestone,) = after(referred(), paid(paid_at=NOW - DAY)).milestones
    assert (milestone.number, milestone.invoice, milestone.paid) == (1, "i1", usd(10000))
    assert (milestone.due_at, milestone.state) == (NOW + 13 * DAY, MilestoneState.HELD)
    assert milestone.kept == usd(10000)


@pytest.mark.parametrize(("cycles", "counted"), [(1, ["i1"]), (2, ["i1", "i2"])])
def test_as_many_payments_count_as_the_programme_rewards(cycles, counted):
    terms = programme(cycles=cycles)
    found = after(referred(terms), paid("i1"), paid("i2"), paid("i3"), terms=terms)
    assert [each.invoice for each in found.milestones] == counted
    assert [each.number for each in found.milestones] == list(range(1, cycles + 1))


def test_the_hold_over_it_is_qualified_and_told_once():
    held = after(referred(), paid())
    assert topics(held, TimePassed(), now=NOW + 14 * DAY) == ["referral.qualified"]
    assert topics(due(), TimePassed(), now=NOW + 15 * DAY) == []
    assert due().milestones[0].state is MilestoneState.DUE


def test_a_review_approves_or_ends_it():
    assert topics(flagged(), APPROVED) == ["referral.approved"]
    approved = after(flagged(), APPROVED)
    assert (approved.status, approved.review_by) == (ReferralStatus.PENDING, None)
    assert approved.history[-1].note == "approved by eve"
    assert topics(flagged(), REJECTED) == ["referral.rejected"]
    rejected = after(flagged(), REJECTED)
    assert (rejected.status, rejected.review_by) == (ReferralStatus.REJECTED, None)
    assert rejected.history[-1].note == "rejected by eve: one person"


@pytest.mark.parametrize("fact", [APPROVED, REJECTED])
def test_only_a_flagged_referral_is_reviewed(fact):
    for referral in (referred(), due(), after(flagged(), REJECTED)):
        with pytest.raises(ReferralNotFlagged, match=f"The referral is {referral.status}:"):
            after(referral, fact)


def test_a_flagged_referral_earns_nothing_before_it_is_approved_and_then_what_it_missed():
    waiting = after(flagged(), paid())
    waiting = after(waiting, TimePassed(), now=NOW + 20 * DAY)
    assert waiting.status is ReferralStatus.FLAGGED
    assert settled(waiting).entries == ()
    free = after(waiting, APPROVED, TimePassed(), now=NOW + 20 * DAY)
    assert free.status is ReferralStatus.QUALIFIED


@pytest.mark.parametrize(
    ("returned", "status"),
    [
        (usd(0), ReferralStatus.PENDING),
        (usd(5000), ReferralStatus.PENDING),
        (usd(5001), ReferralStatus.REJECTED),
        (usd(10000), ReferralStatus.REJECTED),
        (usd(99999), ReferralStatus.REJECTED),
        (None, ReferralStatus.REJECTED),
    ],
)
def test_what_is_left_of_a_payment_must_still_be_enough(returned, status):
    terms = programme(minimums={"USD": 5000})
    fact = PaymentReturned(invoice="i1", returned=returned)
    found = after(referred(terms), paid(), fact, terms=terms)
    assert found.status is status
    assert found.milestones[0].kept.minor >= 0


def test_an_unrelated_refund_changes_nothing_that_counts():
    found = after(referred(), paid(), PaymentReturned(invoice="other"))
    assert found.status is ReferralStatus.PENDING
    assert found.milestones[0].returned == usd(0)


def test_a_refund_in_another_currency_is_refused_by_name():
    with pytest.raises(CurrencyMismatch):
        after(referred(), paid(), PaymentReturned(invoice="i1", returned=Money(1, "EUR")))


def test_with_several_payments_only_the_returned_one_is_lost():
    terms = programme(cycles=2)
    two = after(referred(terms), paid("i1"), paid("i2"), terms=terms)
    one = after(two, PaymentReturned(invoice="i1"), terms=terms)
    assert one.status is ReferralStatus.PENDING
    assert [each.state for each in one.milestones] == [MilestoneState.VOID, MilestoneState.HELD]
    none = after(one, PaymentReturned(invoice="i2"), terms=terms)
    assert none.status is ReferralStatus.REJECTED


def test_what_is_over_stays_over():
    over = after(referred(), paid(), PaymentReturned(invoice="i1"))
    again = after(over, paid("i2"), TimePassed(), Revoked(by="eve", reason="x"), now=NOW + 99 * DAY)
    assert (again.status, again.milestones) == (ReferralStatus.REJECTED, over.milestones)


@pytest.mark.parametrize(
    ("referral", "status"),
    [
        (referred(), ReferralStatus.REJECTED),
        (flagged(), ReferralStatus.REJECTED),
        (due(), ReferralStatus.REJECTED),
        (settled(due()).referral, ReferralStatus.REVERSED),
    ],
    ids=["pending", "flagged", "qualified", "rewarded"],
)
def test_revoking_ends_it_wherever_it_stands(referral, status):
    over = after(referral, Revoked(by="eve", reason="a ring"))
    assert over.status is status
    assert over.history[-1].note == "revoked by eve: a ring"
    assert all(each.state is MilestoneState.VOID for each in over.milestones)


def test_when_time_will_change_something():
    terms = programme(when_review_lapses=WhenReviewLapses.REJECT)
    assert next_due_at(referred(), programme()) is None
    assert next_due_at(after(referred(), paid()), programme()) == NOW + 14 * DAY
    assert next_due_at(due(), programme()) is None
    assert next_due_at(flagged(), programme()) is None
    assert next_due_at(flagged(terms), terms) == NOW + 7 * DAY
    assert next_due_at(after(flagged(), REJECTED), terms) is None


FACTS = (
    paid(),
    PaymentReturned(invoice="i1", returned=usd(3000)),
    PaymentReturned(invoice="i1", returned=usd(6000)),
)


def state(referral):
    return (referral.status, referral.milestones)


@pytest.mark.parametrize("facts", list(permutations(FACTS)))
def test_a_payment_and_its_returns_come_in_any_order(facts):
    terms = programme(minimums={"USD": 4000})
    found = after(referred(terms), *facts, *facts, terms=terms)
    assert found.milestones[0].returned == usd(6000)
    assert state(found) == state(after(referred(terms), *FACTS, terms=terms))


@given(
    st.lists(
        st.one_of(
            st.just(paid()),
            st.builds(
                PaymentReturned,
                invoice=st.just("i1"),
                returned=st.one_of(st.none(), st.integers(0, 12000).map(usd)),
            ),
        ),
        min_size=1,
    ),
    st.randoms(),
)
def test_permuting_and_repeating_reports_ends_in_the_same_state(facts, random):
    terms = programme(minimums={"USD": 4000})
    facts = [paid(), *facts]
    shuffled = [*random.sample(facts, len(facts)), random.choice(facts)]
    one = after(referred(terms), *facts, terms=terms)
    other = after(referred(terms), *shuffled, terms=terms)
    assert one.status is other.status
    assert [each.state for each in one.milestones] == [each.state for each in other.milestones]
