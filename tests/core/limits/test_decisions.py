from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.limits import (
    Allowed,
    Counter,
    Denied,
    InvalidCost,
    Policy,
    carried_over,
    decide,
    retry_after,
    states,
)
from saaskit_core.periods import Unit

HOUR = timedelta(hours=1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HALF_PAST = NOON + HOUR / 2
INSTANT = timedelta(microseconds=1)


def hourly(quota=100, name="hourly"):
    return Policy(name=name, quota=quota, window=HOUR)


def daily(quota=100, name="daily"):
    return Policy(name=name, quota=quota, calendar=Unit.DAY)


def judge(*policies, cost=1, now=NOON, **counters):
    counted = {name: Counter(*counts) for name, counts in counters.items()}
    return decide(policies, counted, cost=cost, now=now)


@pytest.mark.parametrize(
    ("used", "cost", "allowed"),
    [(0, 100, True), (99, 1, True), (99, 2, False), (100, 1, False), (90, 5, True)],
)
def test_a_use_is_allowed_up_to_the_quota(used, cost, allowed):
    decision = judge(daily(), daily=(used,), cost=cost)
    assert isinstance(decision, Allowed if allowed else Denied)
    assert decision.states[0].used == (used + cost if allowed else used)


def test_one_refused_policy_refuses_all_and_charges_none():
    decision = judge(hourly(10), daily(5), hourly=(0,), daily=(5,))
    assert isinstance(decision, Denied)
    assert [policy.name for policy in decision.violated] == ["daily"]
    assert [state.used for state in decision.states] == [0, 5]


@pytest.mark.parametrize(
    ("previous", "into", "counts"),
    [
        (100, timedelta(), 100),
        (100, INSTANT, 99),
        (100, HOUR / 2, 50),
        (100, HOUR - INSTANT, 0),
        (1, HOUR / 4, 0),
    ],
)
def test_a_sliding_window_counts_its_past_in_proportion(previous, into, counts):
    assert carried_over(hourly(), previous, NOON + into) == counts


def test_a_calendar_window_forgets_its_past():
    assert carried_over(daily(), 100, NOON) == 0


def test_more_than_the_quota_after_a_downgrade_leaves_nothing_and_a_time_to_retry():
    decision = judge(daily(10), daily=(50,))
    assert isinstance(decision, Denied)
    assert decision.states[0].remaining == 0
    assert decision.retry_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert retry_after(decision, NOON) == 12 * 3600


def test_what_is_not_in_the_plan_is_never_worth_a_retry():
    for decision in (judge(daily(0)), judge(daily(5), cost=6), judge(hourly(0), daily(0))):
        assert isinstance(decision, Denied)
        assert decision.retry_at is None
        assert retry_after(decision, NOON) is None


def test_the_longest_wait_counts():
    decision = judge(hourly(1), daily(1), hourly=(1,), daily=(1,))
    assert isinstance(decision, Denied)
    assert decision.retry_at == datetime(2026, 1, 2, tzinfo=UTC)


def test_a_wait_is_whole_seconds_and_at_least_one():
    denied = judge(daily(1), daily=(1,), now=datetime(2026, 1, 1, 23, 59, 59, 999999, tzinfo=UTC))
    assert retry_after(denied, datetime(2026, 1, 1, 23, 59, 59, 999999, tzinfo=UTC)) == 1
    assert retry_after(denied, datetime(2026, 1, 1, 23, 59, 57, 1, tzinfo=UTC)) == 3


@pytest.mark.parametrize("cost", [0, -1, True, 1.0])
def test_a_cost_is_a_whole_number_from_one_up(cost):
    with pytest.raises(InvalidCost):
        judge(daily(), cost=cost)


def test_no_policy_allows_everything():
    assert judge() == Allowed(states=())
    assert states([daily()], {}, now=NOON)[0].remaining == 100


@given(
    st.integers(1, 50),
    st.integers(1, 10),
    st.integers(0, 100),
    st.integers(0, 100),
    st.timedeltas(timedelta(), HOUR - INSTANT),
)
def test_the_time_to_retry_is_the_first_at_which_it_works(quota, cost, current, previous, into):
    now = NOON + into
    decision = judge(hourly(quota), cost=cost, now=now, hourly=(current, previous))
    if not isinstance(decision, Denied):
        return
    if cost > quota:
        assert decision.retry_at is None
        return
    retry_at = decision.retry_at
    assert retry_at > now
    for at, allowed in ((retry_at, True), (retry_at - INSTANT, False)):
        rolled = at >= NOON + HOUR
        counts = (0, current) if rolled else (current, previous)
        later = judge(hourly(quota), cost=cost, now=at, hourly=counts)
        assert isinstance(later, Allowed) is allowed
