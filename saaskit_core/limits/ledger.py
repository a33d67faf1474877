"""A ledger of quotas in the memory of one process: exact use, reservations, idempotent events."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.limits import usage as rules
from saaskit_core.limits.policies import InvalidPolicy, OnPlanChange
from saaskit_core.limits.usage import QuotaState, Reservation, UnknownReservation, Usage
from saaskit_core.limits.windows import micros

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from saaskit_core.limits.policies import Policy

_Meter = tuple[str, str]
_Window = tuple[str, str, int]


class UsageEventDiffers(SaasKitError):
    code = "usage_event_differs"
    kind = ErrorKind.UNPROCESSABLE
    template = "The usage event %(key)s was recorded with %(amount)s already."


class MemoryQuotaLedger:
    """Quotas of this process only, the double of a ledger in a database.

    Use is kept per subject, meter and window and knows no quota, so a plan change keeps it. A
    reservation is settled in the window it was made in, even after that has ended.
    """

    def __init__(self) -> None:
        """Begin with nothing used."""
        self._usage: dict[_Window, Usage] = {}
        self._events: dict[tuple[_Meter, str], int] = {}
        self._reserved_in: dict[tuple[_Meter, str], _Window] = {}
        self._lock = Lock()

    def record(
        self, subject: str, policy: Policy, amount: int, *, key: str, now: datetime
    ) -> QuotaState:
        """Settle the usage event `key` once, however often it is recorded.

        Raises QuotaUsedUp (hard quotas only), UsageEventDiffers, InvalidCost.
        """
        window, event = _window(subject, policy, now), (_meter(subject, policy), key)
        with self._lock:
            known = self._events.get(event)
            if known is not None and known != amount:
                raise UsageEventDiffers(key=key, amount=known)
            if known is None:
                self._usage[window] = rules.record(
                    self._of(window), amount, quota=policy.quota, is_hard=policy.is_hard, now=now
                )
                self._events[event] = amount
            return self._state(window, policy, now)

    def reserve(
        self,
        subject: str,
        policy: Policy,
        amount: int,
        *,
        key: str,
        lease: timedelta,
        now: datetime,
    ) -> QuotaState:
        """Hold `amount` until the lease ends; the same key again changes nothing.

        Raises QuotaUsedUp (hard quotas only), ReservationDiffers, InvalidCost.
        """
        held = (_meter(subject, policy), key)
        with self._lock:
            window = self._reserved_in.get(held) or _window(subject, policy, now)
            self._usage[window] = rules.reserve(
                self._of(window),
                key,
                Reservation(amount=amount, expires_at=now + lease),
                quota=policy.quota,
                is_hard=policy.is_hard,
                now=now,
            )
            self._reserved_in[held] = window
            return self._state(window, policy, now)

    def commit(
        self, subject: str, policy: Policy, amount: int, *, key: str, now: datetime
    ) -> QuotaState:
        """Settle `amount` of a reservation and free the rest.

        Raises UnknownReservation, CommitTooLarge, ReservationEnded.
        """
        with self._lock:
            window = self._window_of(subject, policy, key)
            self._usage[window] = rules.commit(self._of(window), key, amount, now=now)
            return self._state(window, policy, now)

    def release(self, subject: str, policy: Policy, *, key: str, now: datetime) -> QuotaState:
        """Give back a reservation unused. Raises UnknownReservation, ReservationEnded."""
        with self._lock:
            window = self._window_of(subject, policy, key)
            self._usage[window] = rules.release(self._of(window), key)
            return self._state(window, policy, now)

    def read(self, subject: str, policy: Policy, *, now: datetime) -> QuotaState:
        """Return remaining, reserved and settled of the window that contains `now`."""
        with self._lock:
            return self._state(_window(subject, policy, now), policy, now)

    def change_plan(self, subject: str, policy: Policy, *, now: datetime) -> QuotaState:
        """Do what `policy.on_plan_change` says about the use so far; `policy` is the new one.

        To prorate is to keep the use: its quota comes from `prorated_quota`.
        """
        window = _window(subject, policy, now)
        with self._lock:
            if policy.on_plan_change is OnPlanChange.RESET:
                self._usage[window] = rules.forget_used(self._of(window))
            return self._state(window, policy, now)

    def forget_before(self, at: datetime) -> int:
        """Forget windows that began before `at` and their reservations; returns how many.

        Usage events are kept: an old one that comes again must not count anew.
        """
        limit = micros(at)
        with self._lock:
            old = {window for window in self._usage if window[2] < limit}
            for window in old:
                del self._usage[window]
            self._reserved_in = {
                held: window for held, window in self._reserved_in.items() if window not in old
            }
            return len(old)

    def _of(self, window: _Window) -> Usage:
        return self._usage.get(window) or Usage()

    def _state(self, window: _Window, policy: Policy, now: datetime) -> QuotaState:
        return rules.quota_state(self._of(window), quota=policy.quota, now=now)

    def _window_of(self, subject: str, policy: Policy, key: str) -> _Window:
        window = self._reserved_in.get((_meter(subject, policy), key))
        if window is None:
            raise UnknownReservation(key=key)
        return window


def _meter(subject: str, policy: Policy) -> _Meter:
    return subject, policy.name


def _window(subject: str, policy: Policy, now: datetime) -> _Window:
    """Return the window to count in. Raises InvalidPolicy for a rate limit: it isn't exact."""
    if not policy.is_quota:
        raise InvalidPolicy(name=policy.name, problem="a ledger keeps quotas, not rate limits")
    return subject, policy.counter, policy.bounds(micros(now))[0]
