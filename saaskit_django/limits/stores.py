"""Where use is counted, and what happens when it can't be."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from django.core.signals import setting_changed
from django.db import DatabaseError, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.limits import (
    Allowed,
    Counter,
    Denied,
    InvalidPolicy,
    MemoryCounterStore,
    carried_over,
    check_cost,
    decide,
    fallback,
    limiting,
    states,
)
from saaskit_django.conf import Counters, conf
from saaskit_django.limits.models import UsageCounter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from saaskit_core.limits import CounterStore, Decision, Policy, PolicyState

logger = logging.getLogger("saaskit.limits")
UNREACHABLE = (DatabaseError, OSError)
"""What a store raises when it can't be reached; a fault of ours is never taken for that."""

KEPT_FOR = timedelta(days=2)
_local = MemoryCounterStore()


class LimitsUnavailable(SaasKitError):
    """It can't be counted now, and the policy says to refuse then."""

    code = "limits_unavailable"
    kind = ErrorKind.UNAVAILABLE
    template = "This is not available for a moment; try again."
    retry_after = 1


class _Refused(Exception):
    """Rolls back what the other policies of the same request were charged."""


class DatabaseCounterStore:
    """Counters as rows, exact under any concurrency: each charge is one conditional UPDATE."""

    def consume(
        self, subject: str, policies: Sequence[Policy], *, cost: int, now: datetime
    ) -> Decision:
        """Charge a use if every policy allows it: all or none."""
        policies = _countable(policies)
        counters = _counters(subject, policies, now)
        decision = decide(policies, counters, cost=cost, now=now)
        if isinstance(decision, Denied) or not policies:
            return decision
        try:
            with transaction.atomic():
                for policy in sorted(policies, key=lambda each: each.name):
                    _charge(subject, policy, counters[policy.name], cost, now)
        except _Refused:
            return _lost_race(subject, policies, cost, now)
        return decision

    def release(
        self, subject: str, policies: Sequence[Policy], *, cost: int, now: datetime
    ) -> None:
        """Give back what a use at `now` was charged, never below nothing."""
        check_cost(cost)
        for policy in sorted(_countable(policies), key=lambda each: each.name):
            _row(subject, policy, now).update(used=Greatest(F("used") - cost, Value(0)))

    def read(
        self, subject: str, policies: Sequence[Policy], *, now: datetime
    ) -> tuple[PolicyState, ...]:
        """Return where the policies stand, charging nothing."""
        policies = _countable(policies)
        return states(policies, _counters(subject, policies, now), now=now)


@cache
def store() -> CounterStore:
    """Return the store that the settings name."""
    return _local if conf().counters is Counters.MEMORY else DatabaseCounterStore()


def consume(
    subject: str, policies: Sequence[Policy], *, now: datetime, cost: int = 1
) -> Decision | None:
    """Charge a use; None means let through uncounted, since the store can't be reached.

    Raises LimitsUnavailable when one of the policies refuses in that case.
    """
    try:
        return store().consume(subject, policies, cost=cost, now=now)
    except UNREACHABLE as exc:
        logger.warning("limits can't be counted: %s", type(exc).__name__, exc_info=exc)
        answer = fallback(policies)
        if answer.is_refused:
            raise LimitsUnavailable from exc
        here = answer.counted_here
        return _local.consume(subject, here, cost=cost, now=now) if here else None


def release(subject: str, policies: Sequence[Policy], *, now: datetime) -> None:
    """Give back one use, if the store can be reached."""
    try:
        store().release(subject, policies, cost=1, now=now)
    except UNREACHABLE as exc:
        logger.warning("a use can't be given back: %s", type(exc).__name__, exc_info=exc)


def forget_ended(*, now: datetime) -> int:
    """Delete counters of windows that ended two days ago; returns how many."""
    return UsageCounter.objects.filter(window_end__lt=now - KEPT_FOR).delete()[0]


def _countable(policies: Sequence[Policy]) -> list[Policy]:
    """Leave out what limits nothing. Raises InvalidPolicy for a token bucket."""
    wanted = limiting(policies)
    for policy in wanted:
        if policy.is_bucket:
            raise InvalidPolicy(name=policy.name, problem="the database counts no token buckets")
    return wanted


def _counters(subject: str, policies: Sequence[Policy], now: datetime) -> dict[str, Counter]:
    """Read all counters of the policies in one query."""
    starts = {
        (policy.name, start)
        for policy in policies
        for start in (policy.window_at(now).starts_at, policy.previous_start(now))
        if start is not None
    }
    rows = UsageCounter.objects.filter(
        subject=subject,
        meter__in={name for name, _ in starts},
        window_start__in={start for _, start in starts},
    ).values_list("meter", "window_start", "used")
    found = {(meter, start.astimezone(UTC)): used for meter, start, used in rows} if starts else {}
    return {
        policy.name: Counter(
            found.get((policy.name, policy.window_at(now).starts_at), 0),
            found.get((policy.name, policy.previous_start(now) or now), 0),
        )
        for policy in policies
    }


def _charge(subject: str, policy: Policy, counter: Counter, cost: int, now: datetime) -> None:
    room = policy.quota - carried_over(policy, counter.previous, now) - cost
    row = _row(subject, policy, now)
    if policy.is_hard:
        row = row.filter(used__lte=room)
    if row.update(used=F("used") + cost):
        return
    window = policy.window_at(now)
    first = UsageCounter(
        subject=subject,
        meter=policy.name,
        window_start=window.starts_at,
        window_end=window.ends_at,
    )
    UsageCounter.objects.bulk_create([first], ignore_conflicts=True)
    if not row.update(used=F("used") + cost):
        raise _Refused


def _row(subject: str, policy: Policy, now: datetime) -> QuerySet[UsageCounter]:
    return UsageCounter.objects.filter(
        subject=subject, meter=policy.name, window_start=policy.window_at(now).starts_at
    )


def _lost_race(subject: str, policies: Sequence[Policy], cost: int, now: datetime) -> Decision:
    """Describe a refusal that others caused between our look and our charge."""
    decision = decide(policies, _counters(subject, policies, now), cost=cost, now=now)
    if isinstance(decision, Allowed):
        return Denied(violated=(), retry_at=now + timedelta(seconds=1), states=decision.states)
    return decision


def _forget(*, setting: str, **_: object) -> None:
    if setting == "SAASKIT":
        store.cache_clear()


setting_changed.connect(_forget, dispatch_uid="saaskit.limits")
