"""The append-only log of what moved a subscription; its status is the cache of this log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.periods import utc
from saaskit_core.subscriptions.facts import Fact, Started
from saaskit_core.subscriptions.transitions import Transition, create, transition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from saaskit_core.subscriptions.commands import Command
    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.policies import Policies
    from saaskit_core.subscriptions.states import StatusReason, SubscriptionStatus


class BrokenLog(SaasKitError):
    code = "broken_log"
    kind = ErrorKind.INVALID
    template = "The log is broken at entry %(sequence)s: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One fact that moved a subscription: when, from where to where, why, and through whom.

    `sequence` counts from 1. `from_status` is None for the creation. `actor` names who asked or
    reported ("customer", "staff", "provider", "engine" for what time brought).
    """

    sequence: int
    at: datetime
    fact: Fact | Started
    from_status: SubscriptionStatus | None
    from_reason: StatusReason | None
    to_status: SubscriptionStatus
    to_reason: StatusReason
    actor: str = "engine"

    @property
    def what(self) -> str:
        """The name of the fact."""
        return type(self.fact).__name__

    @property
    def moves(self) -> bool:
        """Whether it changed the status or its reason."""
        return (self.from_status, self.from_reason) != (self.to_status, self.to_reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One entry with what its fact led to when it was applied again."""

    entry: LogEntry
    before: Subscription | None
    subscription: Subscription
    commands: tuple[Command, ...]


def begin_log(
    started: Started, *, now: datetime, policies: Policies, actor: str = "customer"
) -> tuple[Transition, tuple[LogEntry, ...]]:
    """Make a subscription and the log that begins with it. Raises what `create` raises."""
    moved = create(started, now=now, policies=policies)
    return moved, (_entry(1, started, None, moved, now, actor),)


def logged(
    entries: Sequence[LogEntry],
    subscription: Subscription,
    fact: Fact,
    *,
    now: datetime,
    policies: Policies,
    actor: str = "engine",
) -> tuple[Transition, tuple[LogEntry, ...]]:
    """Apply a fact and write it down; one that doesn't fit changes nothing and isn't written.

    Raises InvalidTransition as `transition` does, and BrokenLog for an instant before the last one.
    """
    now = utc(now)
    number = len(entries) + 1
    if entries and now < entries[-1].at:
        raise BrokenLog(sequence=number, problem="it is earlier than the entry before it")
    moved = transition(subscription, fact, now=now, policies=policies)
    if not moved.applied:
        return moved, tuple(entries)
    return moved, (*entries, _entry(number, fact, subscription, moved, now, actor))


def replay(entries: Sequence[LogEntry], *, policies: Policies) -> Subscription:
    """Return the subscription that the log leads to. Raises BrokenLog for a contradiction."""
    last: Subscription | None = None
    for each in replaying(entries, policies=policies):
        last = each.subscription
    if last is None:
        raise BrokenLog(sequence=1, problem="there is no entry")
    return last


def replaying(entries: Sequence[LogEntry], *, policies: Policies) -> Iterator[Replayed]:
    """Yield what each entry led to, in order, checked against what it says.

    Raises BrokenLog: numbers that don't follow, times that go back, a fact that isn't possible
    there, or a status other than the one written down.
    """
    current: Subscription | None = None
    at: datetime | None = None
    for number, entry in enumerate(entries, start=1):
        if entry.sequence != number:
            raise BrokenLog(sequence=number, problem=f"it is numbered {entry.sequence}")
        if at is not None and entry.at < at:
            raise BrokenLog(sequence=number, problem="it is earlier than the entry before it")
        moved = _again(entry, current, policies)
        _check(entry, current, moved.subscription)
        yield Replayed(
            entry=entry, before=current, subscription=moved.subscription, commands=moved.commands
        )
        current, at = moved.subscription, entry.at


def _again(entry: LogEntry, current: Subscription | None, policies: Policies) -> Transition:
    fact = entry.fact
    if isinstance(fact, Started):
        if current is not None:
            raise BrokenLog(sequence=entry.sequence, problem="it starts a second time")
        return create(fact, now=entry.at, policies=policies)
    if current is None:
        raise BrokenLog(sequence=entry.sequence, problem="it doesn't begin with the start")
    try:
        return transition(current, fact, now=entry.at, policies=policies)
    except SaasKitError as exc:
        problem = f"{entry.what}: {str(exc).rstrip('.')}"
        raise BrokenLog(sequence=entry.sequence, problem=problem) from exc


def _check(entry: LogEntry, before: Subscription | None, after: Subscription) -> None:
    said = (entry.from_status, entry.from_reason, entry.to_status, entry.to_reason)
    found = (
        before.status if before else None,
        before.status_reason if before else None,
        after.status,
        after.status_reason,
    )
    if said != found:
        raise BrokenLog(
            sequence=entry.sequence,
            problem=f"it says {_named(*said)}, the rules say {_named(*found)}",
        )


def _named(
    old: SubscriptionStatus | None,
    old_reason: StatusReason | None,
    new: SubscriptionStatus,
    reason: StatusReason,
) -> str:
    return f"{status_text(old, old_reason)} to {status_text(new, reason)}"


def status_text(status: SubscriptionStatus | None, reason: StatusReason | None) -> str:
    """Spell a status with its reason: "Suspended (payment)"; before the start it is "nothing"."""
    if status is None:
        return "nothing"
    return f"{status} ({reason})" if reason else str(status)


def _entry(
    sequence: int,
    fact: Fact | Started,
    before: Subscription | None,
    moved: Transition,
    now: datetime,
    actor: str,
) -> LogEntry:
    after = moved.subscription
    return LogEntry(
        sequence=sequence,
        at=utc(now),
        fact=fact,
        from_status=before.status if before else None,
        from_reason=before.status_reason if before else None,
        to_status=after.status,
        to_reason=after.status_reason,
        actor=actor,
    )
