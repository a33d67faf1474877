"""The use of one quota in one window: what is settled, what is reserved, what remains.

Values only: every function takes a Usage and returns the next one. A reservation holds some of the
quota for work whose cost is known afterwards; its lease ends by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.limits.decisions import check_cost
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class QuotaUsedUp(SaasKitError):
    code = "quota_used_up"
    kind = ErrorKind.RATE_LIMITED
    template = "%(wanted)s are wanted, and %(remaining)s of the quota remain."


class UnknownReservation(SaasKitError):
    code = "unknown_reservation"
    kind = ErrorKind.NOT_FOUND
    template = "There is no reservation %(key)s."


class ReservationEnded(SaasKitError):
    code = "reservation_ended"
    kind = ErrorKind.CONFLICT
    template = "The reservation %(key)s has ended: %(how)s."


class ReservationDiffers(SaasKitError):
    code = "reservation_differs"
    kind = ErrorKind.CONFLICT
    template = "The reservation %(key)s is for %(amount)s already."


class CommitTooLarge(SaasKitError):
    code = "commit_too_large"
    template = "%(amount)s can't be settled of a reservation of %(reserved)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Part of a quota held until `expires_at`; `settled` is set once it is committed."""

    amount: int
    expires_at: datetime
    settled: int | None = None

    def is_held_at(self, now: datetime) -> bool:
        """Tell whether it takes up quota at `now`: not once settled, nor after its lease."""
        return self.settled is None and utc(now) < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used of a quota in one window. It knows no quota: a plan change leaves it alone."""

    settled: int = 0
    reservations: Mapping[str, Reservation] = field(default_factory=lambda: MappingProxyType({}))

    def reserved_at(self, now: datetime) -> int:
        """Return what reservations hold at `now`."""
        return sum(each.amount for each in self.reservations.values() if each.is_held_at(now))


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaState:
    """The three numbers of a quota, with its limit. What a soft one let through is overage."""

    quota: int
    settled: int
    reserved: int

    @property
    def remaining(self) -> int:
        """What can still be used or reserved: never less than nothing."""
        return max(0, self.quota - self.settled - self.reserved)

    @property
    def overage(self) -> int:
        """What was settled beyond the quota."""
        return max(0, self.settled - self.quota)


def quota_state(usage: Usage, *, quota: int, now: datetime) -> QuotaState:
    """Return remaining, reserved and settled at `now` under `quota`."""
    return QuotaState(quota=quota, settled=usage.settled, reserved=usage.reserved_at(now))


def record(usage: Usage, amount: int, *, quota: int, is_hard: bool, now: datetime) -> Usage:
    """Settle `amount` at once. Raises QuotaUsedUp (hard quotas only), InvalidCost."""
    check_cost(amount)
    _make_room(usage, amount, quota=quota, is_hard=is_hard, now=now)
    return replace(usage, settled=usage.settled + amount)


def reserve(
    usage: Usage, key: str, reservation: Reservation, *, quota: int, is_hard: bool, now: datetime
) -> Usage:
    """Hold the reservation's amount under `key`; the same one again changes nothing.

    Raises QuotaUsedUp (hard quotas only), InvalidCost, ReservationDiffers for a used key.
    """
    check_cost(reservation.amount)
    known = usage.reservations.get(key)
    if known is not None:
        if known.amount != reservation.amount:
            raise ReservationDiffers(key=key, amount=known.amount)
        return usage
    _make_room(usage, reservation.amount, quota=quota, is_hard=is_hard, now=now)
    return _with(usage, key, replace(reservation, expires_at=utc(reservation.expires_at)))


def commit(usage: Usage, key: str, amount: int, *, now: datetime) -> Usage:
    """Settle `amount` of the reservation and free the rest; the same again changes nothing.

    Raises UnknownReservation, CommitTooLarge, and ReservationEnded when the lease is over or it
    was settled with another amount: others may have been given what it held.
    """
    known = _known(usage, key)
    if type(amount) is not int or not 0 <= amount <= known.amount:
        raise CommitTooLarge(amount=repr(amount)[:20], reserved=known.amount)
    if known.settled is not None:
        if known.settled != amount:
            raise ReservationEnded(key=key, how=f"{known.settled} were settled")
        return usage
    if not known.is_held_at(now):
        raise ReservationEnded(key=key, how="its lease is over")
    settled = replace(usage, settled=usage.settled + amount)
    return _with(settled, key, replace(known, settled=amount))


def release(usage: Usage, key: str) -> Usage:
    """Give back a reservation unused; again, or after its lease, changes nothing.

    Raises UnknownReservation, and ReservationEnded when some of it was settled.
    """
    known = _known(usage, key)
    if known.settled:
        raise ReservationEnded(key=key, how=f"{known.settled} were settled")
    return usage if known.settled == 0 else _with(usage, key, replace(known, settled=0))


def forget_used(usage: Usage) -> Usage:
    """Return the use after a plan change that resets it; reservations of running work stay."""
    return replace(usage, settled=0)


def _make_room(usage: Usage, amount: int, *, quota: int, is_hard: bool, now: datetime) -> None:
    remaining = quota_state(usage, quota=quota, now=now).remaining
    if is_hard and amount > remaining:
        raise QuotaUsedUp(wanted=amount, remaining=remaining)


def _known(usage: Usage, key: str) -> Reservation:
    known = usage.reservations.get(key)
    if known is None:
        raise UnknownReservation(key=key)
    return known


def _with(usage: Usage, key: str, reservation: Reservation) -> Usage:
    kept = MappingProxyType({**usage.reservations, key: reservation})
    return replace(usage, reservations=kept)
