import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.limits import Allowed, Denied, InvalidCost, MemoryCounterStore, Policy
from saaskit_core.periods import Unit

HOUR = timedelta(hours=1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def hourly(quota, name="hourly"):
    return Policy(name=name, quota=quota, window=HOUR)


def daily(quota):
    return Policy(name="daily", quota=quota, calendar=Unit.DAY)


def consume(store, *policies, subject="c1", cost=1, now=NOON):
    return isinstance(store.consume(subject, policies, cost=cost, now=now), Allowed)


def used(store, *policies, subject="c1", now=NOON):
    return [state.used for state in store.read(subject, policies, now=now)]


def test_a_refused_use_charges_nothing_anywhere():
    store = MemoryCounterStore()
    assert consume(store, hourly(100), cost=90)
    assert not consume(store, hourly(100), daily(100), cost=20)
    assert used(store, hourly(100), daily(100)) == [90, 0]
    assert consume(store, hourly(100), cost=5)


def test_a_plan_change_keeps_what_was_used():
    store = MemoryCounterStore()
    assert consume(store, hourly(50), cost=50)
    assert not consume(store, hourly(50))
    assert consume(store, hourly(5000))
    assert not consume(store, hourly(50))


def test_subjects_and_meters_are_apart():
    store = MemoryCounterStore()
    assert consume(store, hourly(1))
    assert consume(store, hourly(1), subject="c2")
    assert consume(store, hourly(1, "other"))
    assert not consume(store, hourly(1))


def test_a_window_slides_away():
    store = MemoryCounterStore()
    assert consume(store, hourly(10), cost=10)
    denied = store.consume("c1", [hourly(10)], cost=1, now=NOON + HOUR - timedelta(seconds=1))
    assert isinstance(denied, Denied)
    assert denied.retry_at == NOON + HOUR + timedelta(microseconds=1)
    assert consume(store, hourly(10), cost=5, now=NOON + HOUR * 3 / 2)
    assert used(store, hourly(10), now=NOON + 3 * HOUR) == [0]


def test_what_is_given_back_can_be_used_again():
    store = MemoryCounterStore()
    assert consume(store, hourly(1))
    store.release("c1", [hourly(1)], cost=1, now=NOON)
    store.release("c1", [hourly(1)], cost=1, now=NOON)
    assert used(store, hourly(1)) == [0]
    assert consume(store, hourly(1))
    with pytest.raises(InvalidCost):
        store.release("c1", [hourly(1)], cost=-1, now=NOON)


def test_ended_windows_are_forgotten_in_time():
    store = MemoryCounterStore(max_counters=3)
    for hour in range(10):
        assert consume(store, hourly(9), subject=f"c{hour}", now=NOON + hour * HOUR)
    assert len(store._cells) <= 4
    assert used(store, hourly(9), subject="c9", now=NOON + 9 * HOUR) == [1]


def test_counters_that_still_count_are_never_forgotten():
    store = MemoryCounterStore(max_counters=3)
    assert all(consume(store, hourly(1), subject=f"c{i}") for i in range(20))
    assert not any(consume(store, hourly(1), subject=f"c{i}") for i in range(20))


def test_a_limit_is_exact_under_threads():
    store = MemoryCounterStore()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            granted = sum(pool.map(lambda _: consume(store, hourly(100)), range(400)))
    finally:
        sys.setswitchinterval(interval)
    assert granted == 100


@given(st.lists(st.tuples(st.integers(1, 5), st.timedeltas(timedelta(), HOUR / 2)), max_size=60))
def test_a_fixed_window_never_lets_more_through_than_its_quota(uses):
    store, now, per_day = MemoryCounterStore(), NOON, {}
    for cost, pause in uses:
        now += pause
        if consume(store, daily(10), cost=cost, now=now):
            per_day[now.date()] = per_day.get(now.date(), 0) + cost
    assert all(total <= 10 for total in per_day.values())
