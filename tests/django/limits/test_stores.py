from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from saaskit_core.limits import (
    UNLIMITED,
    Allowed,
    CalendarUnit,
    Denied,
    Enforcement,
    InvalidCost,
    InvalidPolicy,
    MemoryCounterStore,
    OnBackendError,
    Policy,
)
from saaskit_core.periods import Unit
from saaskit_django.limits import stores
from saaskit_django.limits.models import UsageCounter
from saaskit_django.limits.stores import DatabaseCounterStore, LimitsUnavailable

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
STORE = DatabaseCounterStore()


def hourly(quota: int, **more: Any) -> Policy:
    return Policy(name="hourly", quota=quota, window=HOUR, **more)


def daily(quota: int) -> Policy:
    return Policy(name="daily", quota=quota, calendar=Unit.DAY)


def consume(*policies: Policy, cost: int = 1, now: datetime = NOON, subject: str = "u1") -> bool:
    return isinstance(STORE.consume(subject, policies, cost=cost, now=now), Allowed)


def used(*policies: Policy, now: datetime = NOON) -> list[int]:
    return [state.used for state in STORE.read("u1", policies, now=now)]


def test_the_quota_is_what_is_let_through() -> None:
    assert [consume(hourly(3)) for _ in range(4)] == [True, True, True, False]
    assert used(hourly(3)) == [3]


def test_a_refusal_by_one_charges_none_of_them() -> None:
    assert consume(daily(1))
    assert not consume(hourly(5), daily(1))
    assert used(hourly(5), daily(1)) == [0, 1]


def test_a_plan_change_keeps_what_was_used() -> None:
    assert consume(hourly(50), cost=50)
    assert not consume(hourly(50))
    assert consume(hourly(60))
    assert not consume(hourly(20))


def test_a_window_slides() -> None:
    assert consume(hourly(10), cost=10)
    assert not consume(hourly(10), now=NOON + HOUR)
    assert used(hourly(10), now=NOON + HOUR * 3 / 2) == [5]
    assert consume(hourly(10), cost=5, now=NOON + HOUR * 3 / 2)


def test_what_is_given_back_can_be_used_again() -> None:
    assert consume(daily(1), hourly(1))
    for _ in range(2):
        STORE.release("u1", [daily(1)], cost=1, now=NOON)
    assert used(daily(1), hourly(1)) == [0, 1]
    with pytest.raises(InvalidCost):
        STORE.release("u1", [daily(1)], cost=0, now=NOON)


def test_no_policy_asks_the_database_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert consume()
        assert STORE.read("u1", [], now=NOON) == ()


def test_a_use_costs_two_statements_and_a_refusal_one(
    django_assert_max_num_queries: Any,
) -> None:
    assert consume(hourly(2))
    with django_assert_max_num_queries(4):
        assert consume(hourly(2))
    with django_assert_max_num_queries(1):
        assert not consume(hourly(2))


def test_a_limit_is_exact_under_concurrency() -> None:
    def one(_: int) -> bool:
        try:
            return consume(hourly(10), daily(100))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        granted = sum(pool.map(one, range(40)))
    assert granted == 10
    assert used(hourly(10), daily(100)) == [10, 10]


def test_losing_a_race_is_a_refusal_that_charges_nothing(monkeypatch: Any) -> None:
    assert consume(daily(5))
    real = stores._counters
    seen = real("u1", [daily(5), hourly(1)], NOON)
    assert consume(hourly(1))
    answers = [seen]
    monkeypatch.setattr(
        stores, "_counters", lambda *given: answers.pop() if answers else real(*given)
    )
    decision = STORE.consume("u1", [daily(5), hourly(1)], cost=1, now=NOON)
    assert isinstance(decision, Denied)
    assert [policy.name for policy in decision.violated] == ["hourly"]
    assert used(daily(5), hourly(1)) == [1, 1]


def test_ended_windows_are_deleted() -> None:
    assert consume(hourly(5))
    assert stores.forget_ended(now=NOON + timedelta(days=2)) == 0
    assert stores.forget_ended(now=NOON + timedelta(days=3)) == 1


@pytest.mark.parametrize("wrong", [{"used": -1}, {"window_end": NOON}, {"meter": "m"}])
def test_the_database_refuses_an_impossible_counter(wrong: dict[str, Any]) -> None:
    sound = {"subject": "u1", "meter": "n", "window_start": NOON, "window_end": NOON + HOUR}
    first = UsageCounter.objects.create(**{**sound, "meter": "m"})
    assert str(first) == "u1 m: 0"
    with pytest.raises(IntegrityError), transaction.atomic():
        UsageCounter.objects.create(**{**sound, **wrong})


class Broken:
    """A store that can't be reached."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def consume(self, *_: Any, **__: Any) -> Any:
        raise self.error

    def release(self, *_: Any, **__: Any) -> None:
        raise self.error


@pytest.fixture
def local(monkeypatch: Any) -> MemoryCounterStore:
    fresh = MemoryCounterStore()
    monkeypatch.setattr(stores, "_local", fresh)
    return fresh


@pytest.mark.parametrize(
    "error", [OperationalError("gone"), ConnectionError("gone"), TimeoutError()]
)
def test_each_policy_says_what_happens_when_it_cant_be_counted(
    error: Exception, monkeypatch: Any, local: MemoryCounterStore
) -> None:
    monkeypatch.setattr(stores, "store", lambda: Broken(error))
    assert stores.consume("u1", [hourly(1)], now=NOON) is None
    with pytest.raises(LimitsUnavailable):
        stores.consume("u1", [hourly(1, on_backend_error=OnBackendError.CLOSED)], now=NOON)
    counted_here = [hourly(1, on_backend_error=OnBackendError.LOCAL), daily(1)]
    assert isinstance(stores.consume("u1", counted_here, now=NOON), Allowed)
    assert isinstance(stores.consume("u1", counted_here, now=NOON), Denied)
    stores.release("u1", counted_here, now=NOON)


def test_a_fault_of_ours_is_not_taken_for_an_outage(monkeypatch: Any) -> None:
    monkeypatch.setattr(stores, "store", lambda: Broken(KeyError("bug")))
    with pytest.raises(KeyError):
        stores.consume("u1", [hourly(1)], now=NOON)


def test_the_settings_name_the_store(settings: Any) -> None:
    assert isinstance(stores.store(), DatabaseCounterStore)
    settings.SAASKIT = {**settings.SAASKIT, "COUNTERS": "memory"}
    assert isinstance(stores.store(), MemoryCounterStore)


def test_a_soft_quota_counts_on_beyond_itself() -> None:
    soft = Policy(name="soft", quota=1, calendar=CalendarUnit.DAY, enforcement=Enforcement.SOFT)
    answers = [STORE.consume("u1", [soft], cost=2, now=NOON) for _ in range(2)]
    assert [each.states[0].overage for each in answers] == [1, 3]


def test_what_has_no_limit_asks_the_database_nothing(django_assert_num_queries: Any) -> None:
    free = daily(UNLIMITED)
    with django_assert_num_queries(0):
        assert STORE.consume("u1", [free], cost=1, now=NOON) == Allowed(states=())
        STORE.release("u1", [free], cost=1, now=NOON)
        assert STORE.read("u1", [free], now=NOON) == ()


def test_a_quota_is_counted_from_its_billing_anchor() -> None:
    anchored = Policy(
        name="month", quota=2, calendar=CalendarUnit.MONTH, anchor=NOON - timedelta(hours=1)
    )
    assert [consume(anchored) for _ in range(3)] == [True, True, False]
    assert consume(anchored, now=NOON + timedelta(days=32))


def test_a_token_bucket_is_refused_by_name() -> None:
    bucket = Policy(name="bucket", quota=1, window=HOUR, burst=2)
    with pytest.raises(InvalidPolicy):
        STORE.consume("u1", [bucket], cost=1, now=NOON)
