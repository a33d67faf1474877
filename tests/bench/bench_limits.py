"""Limits: a check in memory, beside the least that any exact check costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

from saaskit_core.limits import CalendarUnit, MemoryCounterStore, Policy
from tests.bench.report import Row, medians

TIMES = 100_000
NOW = datetime(2026, 6, 1, 12, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
GOAL = 3.0
PLENTY = 10**9

SLIDING = Policy(name="calls", quota=PLENTY, window=HOUR)
BUCKET = Policy(name="bursts", quota=PLENTY, window=HOUR, burst=PLENTY)
MONTHLY = Policy(name="reports", quota=PLENTY, calendar=CalendarUnit.MONTH)
DAILY = Policy(name="operations", quota=PLENTY, calendar=CalendarUnit.DAY)
REFUSED = Policy(name="none", quota=1, window=HOUR)


class Floor:
    """One GCRA in a dictionary behind a lock: no windows, no policies, no answer but yes or no."""

    def __init__(self, *, quota: int, seconds: float) -> None:
        self._step, self._slack = seconds / quota, seconds
        self._arrivals: dict[str, float] = {}
        self._lock = Lock()

    def allow(self, key: str, now: float) -> bool:
        with self._lock:
            arrival = max(self._arrivals.get(key, 0.0), now)
            if arrival - now > self._slack - self._step:
                return False
            self._arrivals[key] = arrival + self._step
            return True


def measure() -> list[Row]:
    """Measure one policy, a calendar quota, a bucket, three policies at once, and a refusal."""
    floor, now = Floor(quota=PLENTY, seconds=3600.0), NOW.timestamp()
    works: dict[str, Callable[[], object]] = {"floor": lambda: floor.allow("c", now)}
    for name, policies in _CASES.items():
        works[name] = _check(policies)
    taken = medians({name: _repeated(work) for name, work in works.items()}, rounds=9)
    return [_row(name, taken, goal) for name, goal in _GOALS.items()]


_CASES = {
    "a sliding window, with what the hour before carries over": [SLIDING],
    "a quota per calendar month": [MONTHLY],
    "a token bucket": [BUCKET],
    "three policies at once": [SLIDING, DAILY, MONTHLY],
    "a refusal, with when to come back": [REFUSED],
}
_GOALS: dict[str, float | None] = {
    "a sliding window, with what the hour before carries over": GOAL,
    "a quota per calendar month": GOAL,
    "a token bucket": None,
    "three policies at once": None,
    "a refusal, with when to come back": None,
}


def _check(policies: list[Policy]) -> Callable[[], object]:
    store = MemoryCounterStore()
    for at in (NOW - HOUR, NOW):
        store.consume("c", policies, cost=1, now=at)
    return lambda: store.consume("c", policies, cost=1, now=NOW)


def _row(name: str, taken: dict[str, float], goal: float | None) -> Row:
    ratio = taken[name] / taken["floor"]
    return Row(
        what=f"{name}, beside a GCRA in a dict and a lock",
        ours=_each(taken[name]),
        beside=_each(taken["floor"]),
        ratio=ratio,
        goal="shown" if goal is None else f"≤ {goal}",
        met=goal is None or ratio <= goal,
    )


def _repeated(work: Callable[[], object]) -> Callable[[], object]:
    def run() -> None:
        for _ in range(TIMES):
            work()

    return run


def _each(seconds: float) -> str:
    return f"{seconds / TIMES * 1e6:.3f} µs"
