"""Counters in the memory of one process."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from saaskit_core.limits.decisions import (
    Allowed,
    Counter,
    Decision,
    PolicyState,
    check_cost,
    decide,
    states,
)
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from saaskit_core.limits.policies import Policy


class MemoryCounterStore:
    """Counters of this process only: for tests, for scripts, and as the fallback of others."""

    def __init__(self, *, max_counters: int = 100_000) -> None:
        """Forget ended windows once there are more than `max_counters`."""
        self._counts: dict[tuple[str, str, datetime], int] = {}
        self._ends: dict[tuple[str, str, datetime], datetime] = {}
        self._max = max_counters
        self._lock = Lock()

    def consume(
        self, subject: str, policies: Sequence[Policy], *, cost: int, now: datetime
    ) -> Decision:
        """Charge a use if every policy allows it."""
        with self._lock:
            decision = decide(policies, self._read(subject, policies, now), cost=cost, now=now)
            if isinstance(decision, Allowed):
                self._add(subject, policies, cost, now)
            return decision

    def release(
        self, subject: str, policies: Sequence[Policy], *, cost: int, now: datetime
    ) -> None:
        """Give back what a use at `now` was charged, never below nothing."""
        check_cost(cost)
        with self._lock:
            self._add(subject, policies, -cost, now)

    def read(
        self, subject: str, policies: Sequence[Policy], *, now: datetime
    ) -> tuple[PolicyState, ...]:
        """Return where the policies stand, charging nothing."""
        with self._lock:
            return states(policies, self._read(subject, policies, now), now=now)

    def _read(self, subject: str, policies: Sequence[Policy], now: datetime) -> dict[str, Counter]:
        found = {}
        for policy in policies:
            before = policy.previous_start(now)
            current = self._counts.get((subject, policy.name, policy.window_at(now).starts_at), 0)
            previous = self._counts.get((subject, policy.name, before), 0) if before else 0
            found[policy.name] = Counter(current, previous)
        return found

    def _add(self, subject: str, policies: Sequence[Policy], cost: int, now: datetime) -> None:
        for policy in policies:
            window = policy.window_at(now)
            key = (subject, policy.name, window.starts_at)
            self._counts[key] = max(0, self._counts.get(key, 0) + cost)
            self._ends[key] = window.ends_at + (policy.window or timedelta())
        if len(self._counts) > self._max:
            self._forget(utc(now))

    def _forget(self, now: datetime) -> None:
        for key in [key for key, ends_at in self._ends.items() if ends_at <= now]:
            del self._counts[key], self._ends[key]
