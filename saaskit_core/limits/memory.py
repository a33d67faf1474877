"""Counters in the memory of one process."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from saaskit_core.limits.decisions import (
    Allowed,
    Counted,
    Counter,
    Decision,
    PolicyState,
    check_cost,
    denied,
    is_violated,
    level,
    standing,
)
from saaskit_core.limits.policies import limiting
from saaskit_core.limits.windows import EPOCH, micros
from saaskit_core.periods import NaiveDatetime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saaskit_core.limits.policies import Policy

_Key = tuple[str, str]
# [the window's end, used in it, used in the one before, its length], in microseconds since 1970.
# Of a bucket: [when it is empty, how full it was, when that was, 0].
_Cell = list[int]
_make = tuple.__new__


class MemoryCounterStore:
    """Counters of this process only: for tests, for scripts, and as the fallback of others.

    Time never runs back for a counter: a use whose `now` lies before the window that has begun is
    counted at that window's beginning.
    """

    def __init__(self, *, max_counters: int = 100_000) -> None:
        """Forget ended windows once there are more than `max_counters`."""
        self._cells: dict[_Key, _Cell] = {}
        self._max = self._sweep_at = max_counters
        self._lock = Lock()

    def consume(
        self, subject: str, policies: Sequence[Policy], *, cost: int, now: datetime
    ) -> Decision:
        """Charge a use if every policy allows it. Raises InvalidCost."""
        if len(policies) != 1 or type(cost) is not int or cost < 1:
            return self._consume_all(subject, policies, cost, now)
        # One policy within a window that has begun: what nearly every check is, so it is spelled
        # out. tests/bench/bench_limits.py holds it to three times a bare dictionary and lock.
        policy = policies[0]
        try:
            since = now - EPOCH
        except TypeError:
            raise NaiveDatetime(value=now.isoformat()) from None
        at = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        with self._lock:
            cell = self._cells.get((subject, policy.counter))
            if cell is not None:
                ends, used, previous, width = cell
                left = ends - at
                if 0 < left <= width:
                    count = used + cost
                    if previous:
                        count += previous * left // width
                    if count <= policy.most:
                        cell[1] = used + cost
                        return _make(Allowed, ((_make(PolicyState, (policy, count, ends)),),))
        return self._consume_all(subject, policies, cost, now)

    def release(
        self, subject: str, policies: Sequence[Policy], *, cost: int, now: datetime
    ) -> None:
        """Give back what a use at `now` was charged, never below nothing. Raises InvalidCost."""
        check_cost(cost)
        at = micros(now)
        with self._lock:
            for policy in policies:
                cell = self._cells.get((subject, policy.counter))
                if cell is not None:
                    _give_back(policy, cell, cost, at)

    def reset(self, subject: str, policies: Sequence[Policy]) -> None:
        """Forget what was used, as `OnPlanChange.RESET` wants it when the plan changes."""
        with self._lock:
            for policy in policies:
                self._cells.pop((subject, policy.counter), None)

    def read(
        self, subject: str, policies: Sequence[Policy], *, now: datetime
    ) -> tuple[PolicyState, ...]:
        """Return where the policies stand, charging nothing."""
        at = micros(now)
        with self._lock:
            counted = self._counted(subject, limiting(policies), at)
        return tuple(standing(*each) for each in counted)

    def _consume_all(
        self, subject: str, policies: Sequence[Policy], cost: int, now: datetime
    ) -> Decision:
        check_cost(cost)
        at = micros(now)
        with self._lock:
            begun = self._charge_begun(subject, policies, cost, at)
            if begun is not None:
                return Allowed(begun)
            counted = self._counted(subject, limiting(policies), at)
            if any(is_violated(*each, cost=cost) for each in counted):
                return denied(counted, cost)
            for policy, counter, then in counted:
                self._cells[(subject, policy.counter)] = _charged(policy, counter, cost, then)
            self._forget(at)
        return Allowed(tuple(standing(*each, cost=cost) for each in counted))

    def _charge_begun(
        self, subject: str, policies: Sequence[Policy], cost: int, at: int
    ) -> tuple[PolicyState, ...] | None:
        """Charge policies whose windows have all begun, if none refuses; else charge nothing."""
        found, cells = [], []
        for policy in policies:
            cell = self._cells.get((subject, policy.counter))
            if cell is None:
                return None
            ends, used, previous, width = cell
            left = ends - at
            count = used + cost + (previous * left // width if previous and width else 0)
            if not 0 < left <= width or count > policy.most:
                return None
            found.append(PolicyState(policy, count, ends))
            cells.append(cell)
        for cell in cells:
            cell[1] += cost
        return tuple(found)

    def _counted(self, subject: str, policies: Sequence[Policy], at: int) -> list[Counted]:
        """Return each policy's counter, and the instant at which it is looked at."""
        return [
            _counter(policy, self._cells.get((subject, policy.counter)), at) for policy in policies
        ]

    def _forget(self, at: int) -> None:
        """Drop counters that count nothing any more; the next time only once there are as many."""
        if len(self._cells) <= self._sweep_at:
            return
        self._cells = {key: each for key, each in self._cells.items() if each[0] + each[3] > at}
        self._sweep_at = max(self._max, 2 * len(self._cells))


def _counter(policy: Policy, cell: _Cell | None, at: int) -> Counted:
    if cell is None:
        return policy, Counter(), at
    ends, used, previous, width = cell
    if policy.is_bucket:
        return policy, Counter(used, previous), max(at, previous)
    at = max(at, ends - width)
    if at < ends:
        return policy, Counter(used, previous), at
    is_next = policy.is_sliding and at < ends + width
    return policy, Counter(0, used if is_next else 0), at


def _charged(policy: Policy, counter: Counter, cost: int, at: int) -> _Cell:
    if policy.is_bucket:
        filled = level(policy, counter, at) + cost * policy.width
        return [standing(policy, Counter(filled, at), at).resets, filled, at, 0]
    starts, ends = policy.bounds(at)
    return [ends, counter.current + cost, counter.previous, ends - starts]


def _give_back(policy: Policy, cell: _Cell, cost: int, at: int) -> None:
    ends, used, previous, width = cell
    if policy.is_bucket:
        cell[1] = max(0, used - cost * policy.width)
    elif ends - width <= at < ends:
        cell[1] = max(0, used - cost)
    elif ends - 2 * width <= at < ends:
        cell[2] = max(0, previous - cost)
