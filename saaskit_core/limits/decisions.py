"""Decide over a use: all policies are checked before any is charged."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from saaskit_core.errors import SaasKitError
from saaskit_core.limits.windows import instant, micros

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from saaskit_core.limits.policies import Policy


class InvalidCost(SaasKitError):
    code = "invalid_limit_cost"
    template = "A use costs a whole number from 1 up, not %(cost)s."


class DenialReason(StrEnum):
    """Why a use was refused; only what is used up is worth waiting for."""

    USED_UP = "used_up"
    NOT_IN_PLAN = "not_in_plan"
    LARGER_THAN_LIMIT = "larger_than_limit"


# Named tuples: a frozen dataclass takes four times as long to make, and a check makes two values.


class Counter(NamedTuple):
    """What was used in the window that contains now, and in the one before it.

    Of a token bucket: how full it is, in used tokens times the window's microseconds, and when it
    was that, in microseconds since 1970.
    """

    current: int = 0
    previous: int = 0


Counted = tuple["Policy", Counter, int]
"""A policy, its counter, and the instant at which it is looked at, in microseconds since 1970."""


class PolicyState(NamedTuple):
    """Where one policy stands. `resets` is when its window ends, in microseconds since 1970."""

    policy: Policy
    used: int
    resets: int

    @property
    def remaining(self) -> int:
        """What is left: none when more is used, as after a downgrade."""
        return max(0, self.policy.capacity - self.used)

    @property
    def overage(self) -> int:
        """What a soft quota let through beyond itself."""
        return max(0, self.used - self.policy.capacity)

    @property
    def resets_at(self) -> datetime:
        """When the window ends, or a bucket is full again."""
        return instant(self.resets)


class Allowed(NamedTuple):
    """Go on; the states are those after the use."""

    states: tuple[PolicyState, ...]

    @property
    def overages(self) -> tuple[PolicyState, ...]:
        """The soft quotas that are used beyond themselves."""
        return tuple(state for state in self.states if state.overage)


class Denied(NamedTuple):
    """Nothing was charged. `retry_at` is when it can work again, None when it never will."""

    violated: tuple[Policy, ...]
    retry_at: datetime | None
    states: tuple[PolicyState, ...]

    @property
    def reason(self) -> DenialReason:
        """Why: not in the plan at all, more at once than the whole limit, or used up for now."""
        if not all(policy.is_in_plan for policy in self.violated):
            return DenialReason.NOT_IN_PLAN
        return DenialReason.LARGER_THAN_LIMIT if self.retry_at is None else DenialReason.USED_UP


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

    Unlimited policies are left out. Raises InvalidCost.
    """
    check_cost(cost)
    at = micros(now)
    counted = [(p, counters.get(p.name, _NOTHING), at) for p in policies if not p.is_unlimited]
    if any(is_violated(*each, cost=cost) for each in counted):
        return denied(counted, cost)
    return Allowed(tuple(standing(*each, cost=cost) for each in counted))


def denied(counted: Sequence[Counted], cost: int) -> Denied:
    """Describe the refusal of a use that some of the policies don't allow."""
    violated = [each for each in counted if is_violated(*each, cost=cost)]
    waits = [_retry(*each, cost=cost) for each in violated]
    return Denied(
        violated=tuple(policy for policy, _, _ in violated),
        retry_at=None if None in waits else instant(max(wait for wait in waits if wait)),
        states=tuple(standing(*each) for each in counted),
    )


def is_violated(policy: Policy, counter: Counter, at: int, *, cost: int) -> bool:
    """Tell whether a use of `cost` at `at` (microseconds since 1970) is more than is allowed."""
    if not policy.is_hard:
        return False
    if policy.is_bucket:
        brim = policy.capacity * policy.width
        return level(policy, counter, at) + cost * policy.width > brim
    return _used(policy, counter, at) + cost > policy.quota


def standing(policy: Policy, counter: Counter, at: int, *, cost: int = 0) -> PolicyState:
    """Return where a policy stands after a use of `cost` at `at`, microseconds since 1970."""
    if policy.is_bucket:
        filled = level(policy, counter, at) + cost * policy.width
        return PolicyState(policy, -(-filled // policy.width), at + _drained(policy, filled))
    return PolicyState(policy, _used(policy, counter, at) + cost, policy.bounds(at)[1])


def level(policy: Policy, counter: Counter, at: int) -> int:
    """Return how full a token bucket is: used tokens × window, less what has been refilled since.

    The unit knows no quota, so a bucket stays as full as it is when the plan changes.
    """
    return max(0, counter.current - max(0, at - counter.previous) * policy.quota)


def states(
    policies: Sequence[Policy], counters: Mapping[str, Counter], *, now: datetime, cost: int = 0
) -> tuple[PolicyState, ...]:
    """Return where each policy stands after a use of `cost`: 0 remain when more is used."""
    at = micros(now)
    return tuple(
        standing(policy, counters.get(policy.name, _NOTHING), at, cost=cost)
        for policy in policies
        if not policy.is_unlimited
    )


def used(policy: Policy, counter: Counter, now: datetime) -> int:
    """Return how much of the quota is used: a sliding window counts its past in proportion."""
    return standing(policy, counter, micros(now)).used


def carried_over(policy: Policy, previous: int, now: datetime) -> int:
    """Return what the window before still counts: its use times the part that overlaps, floored."""
    return _carried(policy, previous, micros(now))


def retry_after(denied: Denied, now: datetime) -> int | None:
    """Return whole seconds to wait, at least one, or None when waiting doesn't help."""
    if denied.retry_at is None:
        return None
    return max(1, seconds_until(micros(denied.retry_at), now))


def seconds_until(at: int, now: datetime) -> int:
    """Return the whole seconds from `now` to `at` (microseconds since 1970), rounded up."""
    return max(0, -((micros(now) - at) // 1_000_000))


def check_cost(cost: int) -> None:
    """Refuse a cost that isn't a whole number from 1 up. Raises InvalidCost."""
    if type(cost) is not int or cost < 1:
        raise InvalidCost(cost=repr(cost)[:20])


_NOTHING = Counter()


def _used(policy: Policy, counter: Counter, at: int) -> int:
    return counter.current + _carried(policy, counter.previous, at)


def _carried(policy: Policy, previous: int, at: int) -> int:
    if not previous or not policy.is_sliding:
        return 0
    return previous * (policy.width - at % policy.width) // policy.width


def _drained(policy: Policy, filled: int) -> int:
    """Return the microseconds until a bucket so full is empty; a window when nothing refills it."""
    return -(-filled // policy.quota) if policy.quota else policy.width


def _retry(policy: Policy, counter: Counter, at: int, *, cost: int) -> int | None:
    """Return the first instant at which the use would be allowed if nothing else is used."""
    if cost > policy.capacity:
        return None
    if policy.is_bucket:
        over = level(policy, counter, at) - (policy.capacity - cost) * policy.width
        return max(at, counter.previous) + _drained(policy, over)
    start, end = policy.bounds(at)
    if not policy.is_sliding:
        return end
    if counter.current + cost <= policy.quota:
        return start + _decayed(policy, counter.previous, policy.quota - counter.current - cost)
    return end + _decayed(policy, counter.current, policy.quota - cost)


def _decayed(policy: Policy, previous: int, at_most: int) -> int:
    """Return how far into a window the carry-over of `previous` has fallen to `at_most`."""
    # floor(previous × left / window) ≤ at_most  ⇔  left < (at_most + 1) × window / previous
    left = -(-(at_most + 1) * policy.width // previous) - 1
    return policy.width - left
