from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.analytics.amounts import PriceNotListed, amounts_of
from saaskit_core.analytics.event_log import EventReader, analyse, changes_of_events
from saaskit_core.analytics.months import Calendar, Month
from saaskit_core.analytics.movements import MovementKind, UnsortedChanges, movements
from saaskit_core.analytics.revenue import is_counted
from saaskit_core.coupons import CouponDuration
from saaskit_core.errors import SaasKitError
from saaskit_core.events import Event
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.commands import IssueInvoice
from saaskit_core.subscriptions.due import due
from saaskit_core.subscriptions.facts import CancelWhen
from saaskit_core.subscriptions.policies import ChangeTiming, ChurnCounted, CouponsInMrr
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_core.subscriptions.terms import AddOn
from saaskit_core.subscriptions.transitions import create, transition
from saaskit_core.testing.strategies import prices, requests
from tests.core.billing_builders import (
    DEFAULT,
    ONE_TIME,
    YEARLY,
    at,
    percent_off,
    price,
    started,
    with_policies,
)

YEAR = Calendar(first=Month(2024, 1), last=Month(2024, 12))
BASIC, PRO, YEARLY_PRO = price(1000, "basic"), price(3000), price(24000, frequency=YEARLY)
FREE, LIFETIME = price(0, "free"), price(9900, "life", ONE_TIME)
PRICES = {each.id: each for each in (BASIC, PRO, YEARLY_PRO, FREE, LIFETIME)}


class Story:
    """One subscription through time; its events are what the log holds."""

    def __init__(self, of, now, *, policies=DEFAULT, who="c1", named="s1", **fields):
        self.policies = policies
        self.events = []
        draft = facts.Started(id=named, customer_id=who, price=of, **fields)
        self.take(create(draft, now=at(now), policies=policies))

    def take(self, moved):
        self.now = moved.subscription
        self.events += moved.events
        issued = [each for each in moved.commands if isinstance(each, IssueInvoice)]
        self.key = issued[-1].key if issued else getattr(self, "key", "")

    def does(self, fact, now):
        self.take(transition(self.now, fact, now=at(now), policies=self.policies))
        return self

    def pays(self, now):
        return self.does(facts.PaymentSucceeded(invoice_key=self.key), now)


def log(*stories):
    return sorted((e for story in stories for e in story.events), key=lambda e: e.occurred_at)


def analysis(*stories, **options):
    options.setdefault("amount_of", amounts_of(PRICES))
    return analyse(log(*stories), calendar=YEAR, **options)


def moved(*stories, churn=ChurnCounted.PERIOD_END):
    changes = changes_of_events(log(*stories), amount_of=amounts_of(PRICES), churn=churn)
    return [(each.kind.value, int(each.monthly)) for each in movements(changes)]


def test_case_40_past_due_counts_and_suspended_for_payment_does_not():
    story = Story(PRO, "2024-01-01", is_paid=True)
    story.does(facts.PeriodEnded(), "2024-02-01")
    story.does(facts.PaymentFailed(invoice_key=story.key), "2024-02-01")
    assert moved(story) == [("new", 3000)]
    story.does(facts.GraceEnded(), "2024-02-08")
    assert moved(story) == [("new", 3000), ("churn", -3000)]
    story.pays("2024-02-15")
    assert moved(story)[-1] == ("reactivation", 3000)


@pytest.mark.parametrize(
    ("duration", "policy", "monthly"),
    [
        (CouponDuration.FOREVER, CouponsInMrr.FOREVER, 1000),
        (CouponDuration.ONCE, CouponsInMrr.FOREVER, 2000),
        (CouponDuration.ONCE, CouponsInMrr.ALL, 1000),
        (CouponDuration.FOREVER, CouponsInMrr.NONE, 2000),
    ],
)
def test_case_40_coupons_count_by_policy(duration, policy, monthly):
    coupon = percent_off("50", duration=duration).coupon
    amount_of = amounts_of(PRICES, coupons_of=lambda event: [coupon], policy=policy)
    found = analysis(Story(YEARLY_PRO, "2024-01-01", is_paid=True), amount_of=amount_of)
    assert found.history.months["USD"][0].closing == monthly


def test_case_38_another_subscription_is_expansion_and_its_end_contraction():
    first = Story(YEARLY_PRO, "2024-01-01", is_paid=True)
    second = Story(PRO, "2024-02-01", named="s2", group="addon", quantity=2, is_paid=True)
    second.does(facts.CancelRequested(when=CancelWhen.NOW), "2024-03-01")
    assert moved(first, second) == [("new", 2000), ("expansion", 6000), ("contraction", -6000)]


def test_neither_a_trial_nor_an_awaited_payment_nor_a_one_time_purchase_is_revenue():
    assert moved(Story(PRO, "2024-01-01", trial_days=14)) == []
    assert moved(Story(PRO, "2024-01-01")) == []
    assert moved(Story(LIFETIME, "2024-01-01", is_paid=True)) == []
    assert moved(Story(FREE, "2024-01-01")) == []


def cancelled_at_period_end():
    story = Story(PRO, "2024-01-10", is_paid=True)
    story.does(facts.CancelRequested(), "2024-01-20")
    return story.does(facts.CancelReached(), "2024-02-10")


@pytest.mark.parametrize(
    ("churn", "month"), [(ChurnCounted.PERIOD_END, 2), (ChurnCounted.AT_CANCEL, 1)]
)
def test_churn_counts_when_the_policy_says(churn, month):
    months = analysis(cancelled_at_period_end(), churn=churn).history.months["USD"]
    lost = [int(figures.movements[MovementKind.CHURN]) for figures in months]
    assert lost == [-3000 if number == month else 0 for number in range(1, 13)]


def test_a_withdrawn_cancellation_brings_back_what_counted_as_gone():
    story = Story(PRO, "2024-01-10", is_paid=True)
    story.does(facts.CancelRequested(), "2024-01-20").does(facts.Uncancelled(), "2024-01-25")
    assert moved(story) == [("new", 3000)]
    at_cancel = [("new", 3000), ("churn", -3000), ("reactivation", 3000)]
    assert moved(story, churn=ChurnCounted.AT_CANCEL) == at_cancel


def test_a_change_of_plan_is_one_movement_when_it_is_in_force():
    story = Story(BASIC, "2024-01-01", is_paid=True)
    story.does(facts.ChangeRequested(price=PRO), "2024-01-16")
    assert moved(story) == [("new", 1000)]
    story.does(facts.ChangePaid(invoice_key=story.now.pending_change.key), "2024-01-17")
    assert moved(story) == [("new", 1000), ("expansion", 2000)]


def committed(*stories, **options):
    return analysis(*stories, **options).committed


def test_committed_revenue_counts_what_is_signed_and_begins_later():
    later = Story(PRO, "2024-01-01", starts_at=at("2024-03-01"))
    assert committed(later) == {"USD": 3000}
    assert analysis(later).history.months == {}
    assert committed(Story(PRO, "2024-01-01", trial_days=14)) == {}
    assert committed(Story(PRO, "2024-01-01")) == {}


def test_committed_revenue_is_without_what_is_to_end():
    story = Story(PRO, "2024-01-10", is_paid=True)
    assert committed(story) == {"USD": 3000}
    story.does(facts.CancelRequested(), "2024-01-20")
    assert committed(story) == {}
    assert analysis(story).history.months["USD"][0].closing == 3000
    assert committed(story.does(facts.Uncancelled(), "2024-01-25")) == {"USD": 3000}
    assert committed(cancelled_at_period_end()) == {}


def test_committed_revenue_has_planned_downgrades_and_not_unpaid_upgrades():
    story = Story(PRO, "2024-01-10", is_paid=True)
    story.does(facts.ChangeRequested(price=BASIC), "2024-01-20")
    assert committed(story) == {"USD": 1000}
    story.does(facts.ChangeDropped(), "2024-01-21")
    assert committed(story) == {"USD": 3000}
    story.does(facts.ChangeRequested(price=PRO, quantity=5), "2024-01-22")
    assert committed(story) == {"USD": 3000}
    now = ChangeTiming.NOW_WITHOUT_INVOICE
    story.does(facts.ChangeRequested(price=PRO, quantity=5, timing=now), "2024-01-23")
    assert committed(story) == {"USD": 15000}


def trials(*stories):
    return analysis(*stories).trials[0]


def on_trial(named="s1", of=PRO, **fields):
    return Story(of, "2024-01-01", named=named, trial_days=14, has_method=True, **fields)


def test_a_trial_converts_with_its_first_payment():
    story = on_trial()
    assert (trials(story).started, trials(story).undecided) == (1, 1)
    assert trials(story).conversion_rate is None
    story.does(facts.TrialEnded(), "2024-01-15")
    assert trials(story).undecided == 1
    story.pays("2024-01-15")
    assert (trials(story).converted, trials(story).conversion_rate) == (1, 1)


def test_trials_are_told_by_the_month_they_began_in():
    won = on_trial("a").does(facts.TrialEnded(), "2024-01-15").pays("2024-02-15")
    lost = on_trial("b").does(facts.CancelRequested(when=CancelWhen.NOW), "2024-01-03")
    free = on_trial("d", of=FREE).does(facts.TrialEnded(), "2024-01-15")
    january, february, *_ = analysis(won, lost, free, on_trial("e")).trials
    assert (january.started, january.converted, january.lost, january.undecided) == (4, 1, 2, 1)
    assert january.conversion_rate == Fraction(1, 3)
    assert february.started == 0


STORAGE = price(500, "storage")


def with_storage(many=1):
    return (AddOn(price=STORAGE, quantity=many),)


def test_add_ons_bring_revenue_with_the_price():
    amount_of = amounts_of({**PRICES, STORAGE.id: STORAGE})
    story = Story(YEARLY_PRO, "2024-01-01", is_paid=True, add_ons=with_storage(2))
    found = analysis(story, amount_of=amount_of)
    assert found.history.months["USD"][0].closing == 2000 + 2 * 500
    story.does(facts.ChangeRequested(price=YEARLY_PRO, add_ons=with_storage()), "2024-01-20")
    assert story.now.pending_change.effective_at is not None
    assert analysis(story, amount_of=amount_of).committed == {"USD": 2500}
    now = ChangeTiming.NOW_WITHOUT_INVOICE
    story.does(facts.ChangeRequested(price=YEARLY_PRO, add_ons=(), timing=now), "2024-01-21")
    changes = changes_of_events(log(story), amount_of=amount_of)
    assert [int(change.monthly) for change in changes] == [3000, -1000]


def test_an_unknown_price_is_named():
    story = Story(price(77, "gone"), "2024-01-01", is_paid=True)
    with pytest.raises(
        PriceNotListed, match=r"no price gone-monthly-77, which the subscription s1"
    ):
        analysis(story)


def test_events_must_come_in_the_order_of_time():
    events = log(Story(PRO, "2024-01-01", is_paid=True), Story(PRO, "2024-02-01", named="s2"))
    with pytest.raises(UnsortedChanges):
        analyse(events[::-1], amount_of=amounts_of(PRICES), calendar=YEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign(Event):
    """Something else that the log holds."""


def test_what_is_not_about_subscriptions_is_passed_over():
    other = Foreign(aggregate="x", occurred_at=at("2020-01-01"))
    events = [*log(Story(PRO, "2024-01-01", is_paid=True)), other]
    found = analyse(events, amount_of=amounts_of(PRICES), calendar=YEAR)
    assert found.committed == {"USD": 3000}
    assert list(changes_of_events([other], amount_of=amounts_of(PRICES))) == []


STEPS = st.lists(
    st.tuples(st.integers(0, 40 * 24), st.sampled_from("wpcd"), requests()), max_size=14
)


def lived(id_, who, of, steps, *, trial_days=0):
    """A subscription to which anything happens; its events, and what it is in the end."""
    now, seen, events, keys = at("2024-01-01"), [of], [], []
    draft = started(of, trial_days=trial_days)
    moved_ = create(
        facts.Started(
            **{f: getattr(draft, f) for f in draft.__slots__} | {"id": id_, "customer_id": who}
        ),
        now=now,
        policies=DEFAULT,
    )
    for hours, what, request in [(0, "p", None), *steps]:
        for _ in range(40):
            events += moved_.events
            keys += [c.key for c in moved_.commands if isinstance(c, IssueInvoice)]
            current = moved_.subscription
            fact = due(current, now=now, policies=DEFAULT)
            if fact is None:
                break
            moved_ = transition(current, fact, now=now, policies=DEFAULT)
        now += timedelta(hours=hours)
        fact = (
            request if what == "c" else facts.PaymentSucceeded(invoice_key=keys[-1] if keys else "")
        )
        if what == "d" and current.pending_change:
            fact = facts.ChangePaid(invoice_key=current.pending_change.key)
        if isinstance(fact, facts.ChangeRequested):
            seen.append(fact.price)
        try:
            moved_ = transition(current, fact, now=now, policies=DEFAULT)
        except SaasKitError:
            moved_ = transition(current, facts.StartReached(), now=now, policies=DEFAULT)
    return events + list(moved_.events), moved_.subscription, seen


@given(st.lists(st.tuples(st.sampled_from("ab"), prices(), STEPS, st.booleans()), max_size=4))
def test_case_41_whatever_happens_the_log_adds_up_to_what_counts(lives):
    ended = [
        lived(str(number), who, of, steps, trial_days=7 * on_trial_)
        for number, (who, of, steps, on_trial_) in enumerate(lives)
    ]
    known = {each.id: each for _, _, seen in ended for each in seen}
    events = sorted((e for some, _, _ in ended for e in some), key=lambda e: e.occurred_at)
    sums = defaultdict(Fraction)
    for each in movements(changes_of_events(events, amount_of=amounts_of(known))):
        sums[each.customer_id] += each.monthly
    for who in "ab":
        own = [s for _, s, _ in ended if s.customer_id == who and is_counted(s)]
        assert sums[who] == sum((s.monthly for s in own), Fraction(0))
    reader = EventReader(amounts_of(known), churn=ChurnCounted.PERIOD_END)
    for event in events:
        list(reader.follow(event))
    for _, last, _ in ended:
        expected = last.monthly if is_counted(last) else 0
        assert reader.monthly(last.id) == expected


def test_a_suspension_by_staff_stops_the_revenue_and_its_lifting_resumes_it():
    story = Story(PRO, "2024-01-01", is_paid=True, policies=with_policies())
    story.does(facts.SuspendedByAdmin(), "2024-01-05").does(facts.Reinstated(), "2024-01-09")
    assert story.now.status is SubscriptionStatus.ACTIVE
    assert moved(story) == [("new", 3000), ("churn", -3000), ("reactivation", 3000)]
