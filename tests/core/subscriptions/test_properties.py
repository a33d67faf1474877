"""What holds for every history of a subscription."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from saaskit_core.errors import SaasKitError
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.commands import IssueInvoice
from saaskit_core.subscriptions.due import due, has_access, next_due_at
from saaskit_core.subscriptions.states import REASONS, SubscriptionStatus
from saaskit_core.subscriptions.transitions import create, transition
from saaskit_core.testing.strategies import payment_facts, prices, requests
from tests.core.billing_builders import DEFAULT, active, at, begin, go, price, started

START = at("2024-01-31T10:00")
ACCESS = {
    SubscriptionStatus.TRIAL: True,
    SubscriptionStatus.ACTIVE: True,
    SubscriptionStatus.PENDING: False,
    SubscriptionStatus.SUSPENDED: False,
    SubscriptionStatus.CANCELLED: False,
    SubscriptionStatus.EXPIRED: False,
}


class Life(RuleBasedStateMachine):
    """Somebody asks, providers report, time passes: in any order."""

    @initialize(of=prices(), days=st.sampled_from([0, 0, 14]), has_method=st.booleans())
    def begin(self, of, days, has_method):
        self.now = START
        self.billed = {}
        self.ended = None
        moved = create(
            started(of, trial_days=days, has_method=has_method), now=self.now, policies=DEFAULT
        )
        self.take(moved)

    def take(self, moved):
        self.current = moved.subscription
        for command in moved.commands:
            if isinstance(command, IssueInvoice):
                assert command.key not in self.billed
                self.billed[command.key] = command
        if self.current.status.is_terminal and self.ended is None:
            self.ended = self.current

    def apply(self, fact):
        before = self.current
        try:
            moved = transition(before, fact, now=self.now, policies=DEFAULT)
        except SaasKitError:
            return
        if not moved.applied:
            assert (moved.subscription, moved.events, moved.commands) == (before, (), ())
        self.take(moved)

    @rule(fact=requests())
    def ask(self, fact):
        self.now += timedelta(seconds=1)
        self.apply(fact)

    @rule(hours=st.integers(1, 24 * 45))
    def wait(self, hours):
        self.now += timedelta(hours=hours)
        for _ in range(200):
            fact = due(self.current, now=self.now, policies=DEFAULT)
            if fact is None:
                return
            before = self.current
            self.apply(fact)
            assert self.current != before, fact
        raise AssertionError("time never comes to rest")

    @precondition(lambda self: self.current.awaiting_key)
    @rule(data=st.data())
    def report(self, data):
        for fact in data.draw(payment_facts(self.current.awaiting_key)):
            self.apply(fact)

    @precondition(lambda self: self.current.pending_change)
    @rule()
    def pay_change(self):
        self.apply(facts.ChangePaid(invoice_key=self.current.pending_change.key))

    @rule(is_won=st.booleans())
    def dispute(self, is_won):
        self.apply(facts.DisputeOpened(dispute_id="d"))
        self.apply(facts.DisputeClosed(dispute_id="d", is_won=is_won))

    @invariant()
    def what_has_ended_stays_ended(self):
        assert self.ended is None or self.current == self.ended

    @invariant()
    def the_reason_fits_the_status(self):
        assert self.current.status_reason in REASONS[self.current.status]

    @invariant()
    def access_is_a_function_of_status_and_grace(self):
        grace = self.current.grace_until
        expected = ACCESS.get(self.current.status, grace is not None and self.now < grace)
        assert has_access(self.current, now=self.now, policies=DEFAULT) is expected

    @invariant()
    def it_waits_for_an_invoice_it_has_issued(self):
        assert not self.current.awaiting_key or self.current.awaiting_key in self.billed

    @invariant()
    def something_is_due_when_it_says_so(self):
        at_next = next_due_at(self.current, policies=DEFAULT)
        if at_next is not None:
            assert due(self.current, now=at_next, policies=DEFAULT) is not None


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestLife = Life.TestCase


def renewal():
    return go(active(), facts.PeriodEnded(), "2024-07-01").subscription


RENEWAL = renewal()


@given(st.data(), st.sampled_from(["renewal", "first", "suspended"]))
def test_payment_facts_in_any_order_and_number_end_in_one_state(data, name):
    current = {
        "renewal": RENEWAL,
        "first": begin().subscription,
        "suspended": go(RENEWAL, facts.GraceEnded(), "2024-07-08").subscription,
    }[name]
    story = data.draw(payment_facts(current.awaiting_key))
    repeated = st.lists(st.sampled_from(story), max_size=8) if story else st.just([])
    shuffled = data.draw(st.permutations(story + data.draw(repeated)))
    assert replay(current, story) == replay(current, shuffled)


def replay(subscription, story):
    for fact in story:
        subscription = go(subscription, fact, "2024-07-09").subscription
    return subscription


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 400))
def test_a_sweep_told_twice_does_everything_once(repeats, days):
    now = at("2024-06-01") + timedelta(days=days)
    once = swept(active(price(0)), now, [])
    assert swept(active(price(0)), now, repeats) == once


def swept(subscription, now, repeats):
    repeats = iter(repeats)
    while (fact := due(subscription, now=now, policies=DEFAULT)) is not None:
        subscription = transition(subscription, fact, now=now, policies=DEFAULT).subscription
        if next(repeats, False):
            again = transition(subscription, fact, now=now, policies=DEFAULT)
            assert again.subscription == subscription or again.applied
    return subscription


@given(
    prices(low=1),
    st.lists(st.tuples(st.integers(0, 24 * 40), st.integers(0, 24 * 12)), min_size=1, max_size=15),
)
def test_however_late_sweeps_and_payments_are_no_two_periods_overlap(of, delays):
    current = active(of, now="2024-01-31", zone="Europe/Paris")
    opened, billed, now = [current.period], [], current.period.starts_at
    for sweep_hours, payment_hours in delays:
        now = max(now, current.period.ends_at) + timedelta(hours=sweep_hours)
        moved = transition(current, facts.PeriodEnded(), now=now, policies=DEFAULT)
        (issue,) = [command for command in moved.commands if isinstance(command, IssueInvoice)]
        billed.append(issue.period)
        now += timedelta(hours=payment_hours)
        fact = facts.PaymentSucceeded(invoice_key=issue.key)
        current = transition(moved.subscription, fact, now=now, policies=DEFAULT).subscription
        opened.append(current.period)
    for spans in (opened, billed):
        for earlier, later in pairwise(spans):
            assert earlier.ends_at <= later.starts_at
    assert len(billed) == len(set(billed)) == len(opened) - 1


def test_the_model_knows_its_plan_and_whether_it_is_free():
    current = active()
    assert (current.plan, current.is_free, current.aggregate) == ("pro", False, "subscription:s1")
    assert replace(current, price=price(0)).is_free
