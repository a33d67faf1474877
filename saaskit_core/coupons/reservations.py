"""A use of a coupon from its reservation to its end: a pure state machine that writes its log.

Reserved when the purchase begins, then confirmed by its payment, released without one, or expired
when nobody came back. Each step returns the use as it is then and the entries for the ledger; a
step that was made already returns the use as it is and no entry.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.coupons.subjects import Subject
    from saaskit_core.money import Money


class ReservationStatus(StrEnum):
    """Where a use stands. Only reserved and confirmed ones count against the limits."""

    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    RELEASED = "released"
    EXPIRED = "expired"

    @property
    def is_taken(self) -> bool:
        """Whether it counts against the limits."""
        return self in (ReservationStatus.RESERVED, ReservationStatus.CONFIRMED)

    @property
    def wire(self) -> str:
        """The contract's word, which has none of its own for an expired use."""
        return "released" if self is ReservationStatus.EXPIRED else self.value


class EntryKind(StrEnum):
    """What an entry of the ledger does to the balance."""

    RESERVE = "reserve"
    EXTEND = "extend"
    CONSUME = "consume"
    REVERSE = "reverse"
    EXPIRE = "expire"


class OrderEnd(StrEnum):
    """How a purchase came to nothing, or was undone in full."""

    PAYMENT_FAILED = "payment_failed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    FRAUD = "fraud"


class Rollback(StrEnum):
    """Whether the use of a coupon is undone with the purchase, or stays taken without it."""

    WITH_ORDER = "with_order"
    WITHOUT_ORDER = "without_order"


class ReservationClosed(SaasKitError):
    """The use was given back; a purchase that is paid after all has to reserve anew."""

    code = "coupon_reservation_closed"
    kind = ErrorKind.CONFLICT
    template = "The use of the coupon %(code)s for this purchase is %(status)s already."


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPolicy:
    """What happens to the use for each way a purchase can end: it comes back, except after fraud.

    A refund means one in full; a part of it leaves the use alone.
    """

    payment_failed: Rollback = Rollback.WITH_ORDER
    cancelled: Rollback = Rollback.WITH_ORDER
    refunded: Rollback = Rollback.WITH_ORDER
    fraud: Rollback = Rollback.WITHOUT_ORDER

    def after(self, end: OrderEnd) -> Rollback:
        """Return what applies after `end`."""
        match end:
            case OrderEnd.PAYMENT_FAILED:
                return self.payment_failed
            case OrderEnd.CANCELLED:
                return self.cancelled
            case OrderEnd.REFUNDED:
                return self.refunded
            case OrderEnd.FRAUD:
                return self.fraud


DEFAULT_ROLLBACK = RollbackPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """One use of a coupon for one order. `version` counts its steps, from 1.

    Without `expires_at` it lives until its payment ends one way or the other.
    """

    coupon_code: str
    order: str
    subject: Subject
    discount: Money
    campaign: str = ""
    version: int = 1
    status: ReservationStatus = ReservationStatus.RESERVED
    expires_at: datetime | None = None

    def is_taken_at(self, now: datetime) -> bool:
        """Tell whether it counts at `now`: a reservation stops by itself when its time is over."""
        return self.status.is_taken and not self.has_lapsed(now)

    def has_lapsed(self, now: datetime) -> bool:
        """Tell whether it is reserved still, but too long."""
        is_reserved = self.status is ReservationStatus.RESERVED
        return is_reserved and self.expires_at is not None and utc(now) >= self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger, never changed: what it adds to the uses held and to those used.

    `key` names the step, not what it does: of two who take a different one from the same state,
    the second is refused, and who repeats a step (later, `at` doesn't count) adds nothing.
    `reservation` is the use after it, so that the ledger alone tells where every use stands.
    """

    key: str
    kind: EntryKind
    reservation: Reservation
    at: datetime = field(compare=False)
    held: int = 0
    used: int = 0

    @property
    def taken_minor(self) -> int:
        """What it adds to the money taken off, in minor units of the discount's currency."""
        return (self.held + self.used) * self.reservation.discount.minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a step comes to: the use as it is now, and what is new in the ledger."""

    reservation: Reservation
    entries: tuple[Entry, ...] = ()


def opened(reservation: Reservation, *, now: datetime) -> Moved:
    """Return the step that takes a use; whether it may be taken is `reserve`'s to decide."""
    return _written(reservation, EntryKind.RESERVE, now, held=1)


def extend(reservation: Reservation, *, expires_at: datetime | None, now: datetime) -> Moved:
    """Hold a reserved use until another instant; None: as long as its payment is open.

    A confirmed one stays as it is. Raises ReservationClosed when it was given back.
    """
    until = None if expires_at is None else utc(expires_at)
    _refuse_closed(reservation, now)
    if reservation.status is ReservationStatus.CONFIRMED or reservation.expires_at == until:
        return Moved(reservation=reservation)
    held_on = replace(reservation, version=reservation.version + 1, expires_at=until)
    return _written(held_on, EntryKind.EXTEND, now)


def confirm(reservation: Reservation, *, now: datetime) -> Moved:
    """Keep the use for good: its purchase is paid. Raises ReservationClosed."""
    _refuse_closed(reservation, now)
    if reservation.status is ReservationStatus.CONFIRMED:
        return Moved(reservation=reservation)
    kept = _next(reservation, ReservationStatus.CONFIRMED)
    return _written(kept, EntryKind.CONSUME, now, held=-1, used=1)


def release(reservation: Reservation, *, now: datetime) -> Moved:
    """Give a reserved use back. A confirmed one stays: only `roll_back` undoes it."""
    if reservation.status is not ReservationStatus.RESERVED:
        return Moved(reservation=reservation)
    given_back = _next(reservation, ReservationStatus.RELEASED)
    return _written(given_back, EntryKind.REVERSE, now, held=-1)


def expire(reservation: Reservation, *, now: datetime) -> Moved:
    """Give back a use that was reserved too long; one whose time isn't over stays."""
    if not reservation.has_lapsed(now):
        return Moved(reservation=reservation)
    lapsed = _next(reservation, ReservationStatus.EXPIRED)
    return _written(lapsed, EntryKind.EXPIRE, now, held=-1)


def roll_back(
    reservation: Reservation,
    end: OrderEnd,
    *,
    now: datetime,
    policy: RollbackPolicy = DEFAULT_ROLLBACK,
) -> Moved:
    """Do with the use what the policy says once the whole purchase has ended like this.

    A use that stays taken without its order is kept for good, even if it was reserved only.
    """
    if not reservation.is_taken_at(now):
        return expire(reservation, now=now)
    if policy.after(end) is Rollback.WITHOUT_ORDER:
        return confirm(reservation, now=now)
    if reservation.status is ReservationStatus.RESERVED:
        return release(reservation, now=now)
    given_back = _next(reservation, ReservationStatus.RELEASED)
    return _written(given_back, EntryKind.REVERSE, now, used=-1)


def _refuse_closed(reservation: Reservation, now: datetime) -> None:
    if not reservation.is_taken_at(now):
        status = ReservationStatus.EXPIRED if reservation.has_lapsed(now) else reservation.status
        raise ReservationClosed(code=reservation.coupon_code, status=status.value)


def _next(reservation: Reservation, status: ReservationStatus) -> Reservation:
    version = reservation.version + 1
    return replace(reservation, version=version, status=status, expires_at=None)


def _written(
    reservation: Reservation, kind: EntryKind, now: datetime, *, held: int = 0, used: int = 0
) -> Moved:
    key = f"{reservation.coupon_code}:{reservation.order}:{reservation.version}"
    entry = Entry(key=key, kind=kind, reservation=reservation, at=utc(now), held=held, used=used)
    return Moved(reservation=reservation, entries=(entry,))
