"""Soft and hard quotas, buckets, what isn't in the plan, what has no limit."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.limits import (
    UNLIMITED,
    Allowed,
    CalendarUnit,
    Counter,
    DenialReason,
    Denied,
    Enforcement,
    MemoryCounterStore,
    OnBackendError,
    Policy,
    decide,
    fallback,
    retry_after,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def daily(quota, **given_):
    return Policy(name="daily", quota=quota, calendar=CalendarUnit.DAY, **given_)


def bucket(quota=60, burst=10):
    return Policy(name="burst", quota=quota, window=MINUTE, burst=burst)


def take(store, *policies, cost=1, now=NOON):
    return store.consume("c", policies, cost=cost, now=now)


def test_a_soft_quota_allows_and_reports_the_overage():
    store, soft = MemoryCounterStore(), daily(3, enforcement=Enforcement.SOFT)
    answers = [take(store, soft, cost=2) for _ in range(3)]
    assert all(isinstance(each, Allowed) for each in answers)
    assert [each.states[0].overage for each in answers] == [0, 1, 3]
    assert [each.states[0].remaining for each in answers] == [1, 0, 0]
    assert [len(each.overages) for each in answers] == [0, 1, 1]


def test_a_soft_quota_of_nothing_is_paid_from_the_first_one_on():
    decision = take(MemoryCounterStore(), daily(0, enforcement=Enforcement.SOFT))
    assert isinstance(decision, Allowed)
    assert decision.states[0].overage == 1


def test_a_hard_policy_beside_a_soft_one_still_refuses_and_neither_is_charged():
    store = MemoryCounterStore()
    soft, hard = daily(1, enforcement=Enforcement.SOFT), bucket(60, 2)
    assert [isinstance(take(store, soft, hard), Allowed) for _ in range(3)] == [True, True, False]
    assert store.read("c", [soft], now=NOON)[0].used == 2


@pytest.mark.parametrize(
    ("policies", "cost", "reason"),
    [
        ([daily(0)], 1, DenialReason.NOT_IN_PLAN),
        ([daily(0), bucket(60, 1)], 2, DenialReason.NOT_IN_PLAN),
        ([daily(5)], 6, DenialReason.LARGER_THAN_LIMIT),
        ([bucket(60, 5)], 6, DenialReason.LARGER_THAN_LIMIT),
        ([bucket(0, 5)], 1, DenialReason.NOT_IN_PLAN),
    ],
)
def test_what_waiting_never_helps_has_a_reason_and_no_time(policies, cost, reason):
    decision = take(MemoryCounterStore(), *policies, cost=cost)
    assert isinstance(decision, Denied)
    assert (decision.reason, decision.retry_at) == (reason, None)


def test_a_downgrade_within_the_window_leaves_nothing_and_a_time():
    store = MemoryCounterStore()
    assert isinstance(take(store, daily(100), cost=60), Allowed)
    refused = take(store, daily(10))
    assert isinstance(refused, Denied)
    assert (refused.reason, refused.states[0].remaining) == (DenialReason.USED_UP, 0)
    assert retry_after(refused, NOON) == 12 * 3600
    assert isinstance(take(store, daily(100), cost=40), Allowed)


def test_what_has_no_limit_is_never_stored_nor_shown():
    store, free = MemoryCounterStore(), daily(UNLIMITED)
    assert take(store, free, cost=10**6) == Allowed(states=())
    assert store.read("c", [free], now=NOON) == ()
    assert store._cells == {}
    assert decide([free], {}, cost=1, now=NOON) == Allowed(states=())
    assert [each.policy for each in take(store, free, daily(5)).states] == [daily(5)]


def test_a_bucket_lets_a_burst_through_and_then_its_rate():
    store = MemoryCounterStore()
    assert all(isinstance(take(store, bucket()), Allowed) for _ in range(10))
    refused = take(store, bucket())
    assert isinstance(refused, Denied)
    assert refused.retry_at == NOON + SECOND
    assert isinstance(take(store, bucket(), now=NOON + SECOND), Allowed)
    assert isinstance(take(store, bucket(), now=NOON + SECOND), Denied)
    (state,) = store.read("c", [bucket()], now=NOON + 3 * SECOND)
    assert (state.used, state.remaining, state.resets_at) == (8, 2, NOON + 11 * SECOND)


def test_a_bucket_stays_as_full_as_it_is_when_the_plan_changes():
    store = MemoryCounterStore()
    assert isinstance(take(store, bucket(), cost=10), Allowed)
    assert isinstance(take(store, bucket(600, 10)), Denied)
    assert isinstance(take(store, bucket(600, 11)), Allowed)


def test_what_a_bucket_was_charged_can_be_given_back():
    store = MemoryCounterStore()
    assert isinstance(take(store, bucket(), cost=10), Allowed)
    store.release("c", [bucket()], cost=4, now=NOON)
    assert isinstance(take(store, bucket(), cost=4), Allowed)
    assert isinstance(take(store, bucket()), Denied)


@given(
    st.integers(1, 100),
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(1, 5), st.timedeltas(timedelta(), MINUTE / 2)), max_size=60),
)
def test_a_bucket_never_grants_more_than_its_burst_and_its_rate(quota, burst, uses):
    store, now, granted = MemoryCounterStore(), NOON, []
    policy = bucket(quota, burst)
    for cost, pause in uses:
        now += pause
        before = store.read("c", [policy], now=now)
        if isinstance(take(store, policy, cost=cost, now=now), Allowed):
            granted.append((now, cost))
        else:
            assert store.read("c", [policy], now=now) == before
    for i, (start, _) in enumerate(granted):
        total = 0
        for at, cost in granted[i:]:
            total += cost
            assert (total - burst) * MINUTE <= (at - start) * quota


@given(st.integers(1, 50), st.integers(1, 10), st.integers(1, 10), st.integers(1, 200))
def test_a_bucket_says_the_first_moment_at_which_it_works(quota, burst, cost, used):
    policy = bucket(quota, burst)
    counter = {"burst": Counter(used * policy.width // 7, int(NOON.timestamp()) * 10**6)}
    decision = decide([policy], counter, cost=cost, now=NOON)
    if isinstance(decision, Allowed) or decision.retry_at is None:
        assert isinstance(decision, Allowed) or cost > burst
        return
    early = decision.retry_at - timedelta(microseconds=1)
    assert isinstance(decide([policy], counter, cost=cost, now=decision.retry_at), Allowed)
    assert isinstance(decide([policy], counter, cost=cost, now=early), Denied)


def test_each_policy_says_what_happens_without_counters():
    open_, local = bucket(), daily(5)
    closed = daily(5, on_backend_error=OnBackendError.CLOSED)
    assert fallback([open_, local, closed]).is_refused
    assert fallback([open_, local]).counted_here == (local,)
    assert fallback([open_]).counted_here == ()
    assert not fallback([]).is_refused


def test_time_never_runs_back_for_a_counter():
    store, hourly = MemoryCounterStore(), Policy(name="h", quota=2, window=timedelta(hours=1))
    assert isinstance(take(store, hourly, cost=2), Allowed)
    before = NOON - timedelta(minutes=1)
    assert isinstance(take(store, hourly, now=before), Denied)
    assert store.read("c", [hourly], now=before)[0].used == 2


def test_a_store_forgets_on_demand():
    store = MemoryCounterStore()
    assert isinstance(take(store, daily(5), cost=5), Allowed)
    store.reset("c", [daily(9)])
    assert isinstance(take(store, daily(5), cost=5), Allowed)
