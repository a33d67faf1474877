"""The store in memory beside the pure decision, whatever is used, refused, given back or sold."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from saaskit_core.limits import (
    Allowed,
    CalendarUnit,
    Counter,
    MemoryCounterStore,
    Policy,
    decide,
    states,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Store(RuleBasedStateMachine):
    """Every use kept in a list, and counted anew for each check."""

    @initialize()
    def begin(self):
        self.store, self.now, self.uses = MemoryCounterStore(), NOON, []
        self.hourly, self.daily = 10, 30

    def policies(self):
        return [
            Policy(name="hourly", quota=self.hourly, window=HOUR),
            Policy(name="daily", quota=self.daily, calendar=CalendarUnit.DAY),
        ]

    def counters(self):
        hour = self.now.replace(minute=0, second=0, microsecond=0)
        return {
            "hourly": Counter(self.used(hour, hour + HOUR), self.used(hour - HOUR, hour)),
            "daily": Counter(self.used(hour.replace(hour=0), NOON + timedelta(days=99))),
        }

    def used(self, start, end):
        return sum(cost for at, cost in self.uses if start <= at < end)

    @rule(cost=st.integers(1, 12))
    def use(self, cost):
        policies = self.policies()
        expected = decide(policies, self.counters(), cost=cost, now=self.now)
        assert self.store.consume("c", policies, cost=cost, now=self.now) == expected
        if isinstance(expected, Allowed):
            self.uses.append((self.now, cost))

    @rule(data=st.data())
    def give_back(self, data):
        recent = [use for use in self.uses if use[0] > self.now - HOUR]
        if recent:
            at, cost = data.draw(st.sampled_from(recent))
            self.store.release("c", self.policies()[:1], cost=cost, now=at)
            self.store.release("c", self.policies()[1:], cost=cost, now=at)
            self.uses.remove((at, cost))

    @rule(hourly=st.integers(0, 20), daily=st.integers(0, 60))
    def change_plan(self, hourly, daily):
        self.hourly, self.daily = hourly, daily

    @rule(pause=st.timedeltas(timedelta(), HOUR))
    def wait(self, pause):
        if (self.now + pause).date() == self.now.date():
            self.now += pause

    @invariant()
    def the_store_knows_what_was_used(self):
        policies = self.policies()
        expected = states(policies, self.counters(), now=self.now)
        assert self.store.read("c", policies, now=self.now) == expected


TestStore = Store.TestCase


@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(1, 5), st.timedeltas(timedelta(), HOUR / 2)), max_size=80),
)
def test_a_sliding_window_never_grants_more_than_its_quota_weighs(quota, uses):
    """Its own guarantee: this hour's uses and the weighted ones of the hour before never exceed it.

    So no hour by the clock gets more than the quota, and the full hour gives nobody twice as much
    at once.
    """
    store, now, granted = MemoryCounterStore(), NOON, []
    policy = Policy(name="hourly", quota=quota, window=HOUR)
    for cost, pause in uses:
        now += pause
        if isinstance(store.consume("c", [policy], cost=cost, now=now), Allowed):
            granted.append((now, cost))
            hour = now.replace(minute=0, second=0, microsecond=0)
            current = sum(c for at, c in granted if at >= hour)
            before = sum(c for at, c in granted if hour - HOUR <= at < hour)
            assert current <= quota
            assert current + before * (hour + HOUR - now) // HOUR <= quota
