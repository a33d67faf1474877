"""What holds for every history of a subscription."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from saaskit_core.errors import SaasKitError
from saaskit_core.plans import revised
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.commands import IssueInvoice
from saaskit_core.subscriptions.due import due, has_access, next_due_at
from saaskit_core.subscriptions.explaining import explain
from saaskit_core.subscriptions.log import begin_log, logged, replay
from saaskit_core.subscriptions.policies import ChangeTiming, PriceChange
from saaskit_core.subscriptions.standing import access, status_at, swept
from saaskit_core.subscriptions.states import REASONS, SubscriptionStatus
from saaskit_core.subscriptions.terms import AddOn, Terms
from saaskit_core.subscriptions.transitions import transition
from saaskit_core.testing.strategies import instants, payment_facts, prices, requests
from tests.core.billing_builders import (
    DEFAULT,
    YEARLY,
    active,
    at,
    begin,
    go,
    price,
    started,
    usd,
    with_policies,
)

START = at("2024-01-31T10:00")
ACCESS = {
    SubscriptionStatus.TRIAL: True,
    SubscriptionStatus.ACTIVE: True,
    SubscriptionStatus.PENDING: False,
    SubscriptionStatus.SUSPENDED: False,
    SubscriptionStatus.CANCELLED: False,
    SubscriptionStatus.EXPIRED: False,
}


BY_NAME = {
    "storage": price(500, "storage"),
    "seats": price(700, "seats"),
    "support": price(9900, "support", YEARLY),
}


def add_ons():
    """Any set of add-ons, some of which fit no monthly plan."""
    return st.lists(st.sampled_from(sorted(BY_NAME)), max_size=3, unique=True).map(
        lambda names: tuple(AddOn(price=BY_NAME[name], quantity=len(name)) for name in names)
    )


PAYMENTS = (facts.PaymentSucceeded, facts.PaymentFailed, facts.PaymentActionRequired)
MERCHANTS = (
    DEFAULT,
    with_policies(
        upgrade="next-period", downgrade="now-with-credit", price_change="now",
        recovery="reset-anchor", trial_without_method="suspend", grace_gives_access=False,
    ),
    with_policies(
        upgrade="now-without-invoice", trial_change="restart", price_change="never",
        dunning_days=(), dunning_end_days=0, grace_days=0,
    ),
)  # fmt: skip


def odd_requests():
    """What else somebody may ask for: add-ons, dates, timings, holds in any order."""
    return st.one_of(
        requests(),
        st.builds(facts.ChangeRequested, add_ons=add_ons()),
        st.builds(
            facts.ChangeRequested,
            price=prices(),
            quantity=st.none() | st.integers(1, 5),
            timing=st.none() | st.sampled_from(ChangeTiming),
            trial_days=st.sampled_from([0, 7, 30]),
        ),
        st.builds(
            facts.CancelRequested,
            when=st.just(facts.CancelWhen.AT),
            at=instants(first_year=2024, last_year=2027),
        ),
        st.builds(
            facts.Paused,
            starts_at=st.none() | instants(first_year=2024, last_year=2026),
            resumes_at=st.none() | instants(first_year=2024, last_year=2027),
        ),
    )


def impossible_reports():
    """What never happened, or happened to somebody else, or long ago."""
    key = st.sampled_from(["", "another", "subscription:s1:renewal:2020-01-01T00:00:00+00:00"])
    return st.one_of(
        st.builds(facts.PaymentSucceeded, invoice_key=key),
        st.builds(facts.PaymentFailed, invoice_key=key, attempt=st.integers(0, 9)),
        st.builds(facts.ChangePaid, invoice_key=key),
        st.builds(facts.DisputeClosed, dispute_id=st.just("never opened"), is_won=st.booleans()),
        st.builds(
            facts.ProviderReported,
            status=st.sampled_from(SubscriptionStatus),
            version=st.integers(1, 9),
        ),
    )


class Life(RuleBasedStateMachine):
    """Somebody asks, providers report, prices are revised, time passes: in any order."""

    @initialize(
        of=prices(),
        days=st.sampled_from([0, 0, 14]),
        has_method=st.booleans(),
        carried=add_ons(),
        policies=st.sampled_from(MERCHANTS),
    )
    def begin(self, of, days, has_method, carried, policies):
        self.now, self.policies = START, policies
        self.billed, self.keys, self.ended, self.entries = {}, set(), None, ()
        try:
            Terms(price=of, add_ons=carried)
        except SaasKitError:
            carried = ()
        moved, self.entries = begin_log(
            started(of, trial_days=days, has_method=has_method, add_ons=carried),
            now=self.now,
            policies=policies,
        )
        self.take(moved)

    def take(self, moved):
        self.current = moved.subscription
        for command in moved.commands:
            assert command.key not in self.keys, command
            self.keys.add(command.key)
            if isinstance(command, IssueInvoice):
                self.billed[command.key] = command
        if self.current.status.is_terminal and self.ended is None:
            self.ended = self.current

    def apply(self, fact):
        before = self.current
        try:
            moved, entries = logged(
                self.entries, before, fact, now=self.now, policies=self.policies
            )
        except SaasKitError:
            return
        if not moved.applied:
            assert (moved.subscription, moved.events, moved.commands) == (before, (), ())
        self.entries = entries
        self.take(moved)

    @rule(fact=odd_requests())
    def ask(self, fact):
        self.now += timedelta(seconds=1)
        self.apply(fact)

    @rule(hours=st.integers(1, 24 * 45))
    def wait(self, hours):
        self.now += timedelta(hours=hours)
        for _ in range(200):
            fact = due(self.current, now=self.now, policies=self.policies)
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

    @rule(fact=impossible_reports())
    def report_what_never_was(self, fact):
        before = self.current
        self.apply(fact)
        assert self.current == before

    @rule(data=st.data())
    def report_again_what_was(self, data):
        again = data.draw(st.sampled_from(self.entries)).fact
        if isinstance(again, PAYMENTS) and again.invoice_key != self.current.awaiting_key:
            before = self.current
            self.apply(again)
            assert self.current == before

    @rule(minor=st.integers(0, 10**6), policy=st.none() | st.sampled_from(PriceChange))
    def revise(self, minor, policy):
        self.now += timedelta(seconds=1)
        old = self.current.price
        newer = revised(old, price_id=f"{old.id}/{old.version}", amount=usd(minor))
        self.apply(facts.PriceRevised(price=newer, policy=policy))

    @rule(has_method=st.booleans())
    def change_method(self, has_method):
        self.apply(facts.MethodChanged(has_method=has_method))

    @rule(is_won=st.booleans())
    def dispute(self, is_won):
        self.now += timedelta(seconds=1)
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
        usual = grace is not None and self.now < grace and self.policies.grace_gives_access
        expected = ACCESS.get(self.current.status, usual)
        assert has_access(self.current, now=self.now, policies=self.policies) is expected

    @invariant()
    def access_at_an_instant_is_that_of_the_status_there(self):
        entry = access(self.current, now=self.now, policies=self.policies)
        then = swept(self.current, now=self.now, policies=self.policies)
        standing = status_at(self.current, now=self.now, policies=self.policies)
        assert (entry.status, entry.reason) == (then.status, then.status_reason)
        assert (standing.status, standing.reason) == (then.status, then.status_reason)
        assert entry.is_open is has_access(then, now=self.now, policies=self.policies)

    @invariant()
    def it_waits_for_an_invoice_it_has_issued(self):
        assert not self.current.awaiting_key or self.current.awaiting_key in self.billed

    @invariant()
    def something_is_due_when_it_says_so(self):
        at_next = next_due_at(self.current, policies=self.policies)
        if at_next is not None:
            assert due(self.current, now=at_next, policies=self.policies) is not None

    @invariant()
    def its_items_add_up(self):
        amounts = [item.amount.minor for item in self.current.items]
        assert self.current.amount.minor == sum(amounts)
        assert self.current.is_free is not any(amounts)

    @invariant()
    def it_can_be_explained(self):
        explained = explain(self.entries, now=self.now, policies=self.policies)
        assert explained.access == access(self.current, now=self.now, policies=self.policies)
        assert {bill.issue.key for bill in explained.bills} == set(self.billed)

    def teardown(self):
        if getattr(self, "entries", ()):
            assert replay(self.entries, policies=self.policies) == self.current


Life.TestCase.settings = settings(stateful_step_count=25, deadline=None)
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
    assert retold(current, story) == retold(current, shuffled)


def retold(subscription, story):
    for fact in story:
        subscription = go(subscription, fact, "2024-07-09").subscription
    return subscription


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 400))
def test_a_sweep_told_twice_does_everything_once(repeats, days):
    now = at("2024-06-01") + timedelta(days=days)
    once = swept_by(active(price(0)), now, [])
    assert swept_by(active(price(0)), now, repeats) == once


def swept_by(subscription, now, repeats):
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
