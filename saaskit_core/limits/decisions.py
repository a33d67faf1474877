"""Decide over a use: all policies are checked before any is charged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from saaskit_core.errors import SaasKitError
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from saaskit_core.limits.policies import Policy


class InvalidCost(SaasKitError):
    code = "invalid_limit_cost"
    template = "A use costs a whole number from 1 up, not %(cost)s."


@dataclass(frozen=True, slots=True)
class Counter:
    """What was used in the window that contains now, and in the one before it."""

    current: int = 0
    previous: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyState:
    """Where one policy stands. `resets_at` is when its window ends."""

    policy: Policy
    used: int
    remaining: int
    resets_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Go on; the states are those after the use."""

    states: tuple[PolicyState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Nothing was charged. `retry_at` is when it can work again, None when it never will."""

    violated: tuple[Policy, ...]
    retry_at: datetime | None
    states: tuple[PolicyState, ...]


Decision = Allowed | Denied


class CounterStore(Protocol):
    """Where counters live. `consume` checks all policies and charges all or none, atomically."""

    def consume(
        self, subject: str, policies: Sequence[Policy], *, cost: int, now: datetime
    ) -> Decision:
        """Charge a use if every policy allows it."""
        ...

    def release(
        self, subject: str, policies: Sequence[Policy], *, cost: int, now: datetime
    ) -> None:
        """Give back what a use at `now` was charged."""
        ...

    def read(
        self, subject: str, policies: Sequence[Policy], *, now: datetime
    ) -> tuple[PolicyState, ...]:
        """Return where the policies stand, charging nothing."""
        ...


def decide(
    policies: Sequence[Policy], counters: Mapping[str, Counter], *, cost: int, now: datetime
) -> Decision:
    """Decide over one use of `cost` under all policies, given their counters by policy name.

    Raises InvalidCost.
    """
    check_cost(cost)
    violated = tuple(
        policy
        for policy in policies
        if used(policy, counters.get(policy.name, Counter()), now) + cost > policy.quota
    )
    if violated:
        waits = [_retry_at(p, counters.get(p.name, Counter()), cost, now) for p in violated]
        return Denied(
            violated=violated,
            retry_at=None if None in waits else max(wait for wait in waits if wait),
            states=states(policies, counters, now=now),
        )
    return Allowed(states=states(policies, counters, now=now, cost=cost))


def states(
    policies: Sequence[Policy], counters: Mapping[str, Counter], *, now: datetime, cost: int = 0
) -> tuple[PolicyState, ...]:
    """Return where each policy stands after a use of `cost`: 0 remain when more is used."""
    found = []
    for policy in policies:
        count = used(policy, counters.get(policy.name, Counter()), now) + cost
        found.append(
            PolicyState(
                policy=policy,
                used=count,
                remaining=max(0, policy.quota - count),
                resets_at=policy.window_at(now).ends_at,
            )
        )
    return tuple(found)


def used(policy: Policy, counter: Counter, now: datetime) -> int:
    """Return how much of the quota is used: a sliding window counts its past in proportion."""
    return counter.current + carried_over(policy, counter.previous, now)


def carried_over(policy: Policy, previous: int, now: datetime) -> int:
    """Return what the window before still counts: its use times the part that overlaps, floored."""
    if policy.window is None:
        return 0
    left = policy.window_at(now).ends_at - utc(now)
    return previous * (left // timedelta(microseconds=1)) // _micros(policy.window)


def retry_after(denied: Denied, now: datetime) -> int | None:
    """Return whole seconds to wait, at least one, or None when waiting doesn't help."""
    if denied.retry_at is None:
        return None
    return max(1, math.ceil((denied.retry_at - utc(now)).total_seconds()))


def check_cost(cost: int) -> None:
    """Refuse a cost that isn't a whole number from 1 up. Raises InvalidCost."""
    if type(cost) is not int or cost < 1:
        raise InvalidCost(cost=repr(cost)[:20])


def _retry_at(policy: Policy, counter: Counter, cost: int, now: datetime) -> datetime | None:
    """Return the first instant at which the use would be allowed if nothing else is used."""
    if cost > policy.quota:
        return None
    window = policy.window_at(now)
    if policy.window is None:
        return window.ends_at
    if counter.current + cost <= policy.quota:
        return window.starts_at + _decayed(
            policy, counter.previous, policy.quota - counter.current - cost
        )
    return window.ends_at + _decayed(policy, counter.current, policy.quota - cost)


def _decayed(policy: Policy, previous: int, at_most: int) -> timedelta:
    """Return how far into a window the carry-over of `previous` has fallen to `at_most`."""
    micros = _micros(policy.window or timedelta())
    # floor(previous × left / window) ≤ at_most  ⇔  left < (at_most + 1) × window / previous
    left = -(-(at_most + 1) * micros // previous) - 1
    return timedelta(microseconds=micros - left)


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
