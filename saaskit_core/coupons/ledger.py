"""The ledger of coupons: append-only, every balance is the sum of its entries.

A value for scripts, tests and simulations; a database keeps the same entries as rows and lets a
conditional UPDATE decide who comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.coupons.redemption import Uses, redeem
from saaskit_core.coupons.reservations import (
    Entry,
    Moved,
    Reservation,
    expire,
    opened,
)
from saaskit_core.coupons.subjects import Subject, count_of
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from saaskit_core.coupons.terms import Coupon
    from saaskit_core.money import Money


class LedgerConflict(SaasKitError):
    """Two different entries claim one idempotency key: somebody else was faster, read again."""

    code = "coupon_ledger_conflict"
    kind = ErrorKind.CONFLICT
    template = "The ledger has another entry under the key %(key)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What a coupon is to be used for: an order, who orders, the plan and the price.

    `has_purchased` is whether he has ever paid, refunded or not.
    """

    order: str
    subject: Subject
    plan: str
    price: Money
    has_purchased: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries so far, in order. Adding returns another ledger and leaves this one."""

    entries: tuple[Entry, ...] = ()

    def with_entries(self, entries: Iterable[Entry]) -> Ledger:
        """Return the ledger with those of the entries that it hasn't got. Raises LedgerConflict."""
        known = {entry.key: entry for entry in self.entries}
        for entry in entries:
            if known.setdefault(entry.key, entry) != entry:
                raise LedgerConflict(key=entry.key)
        return Ledger(tuple(known.values()))

    def reservations(self) -> tuple[Reservation, ...]:
        """Return the latest use of each coupon for each order, as its last entry left it."""
        last = {
            (use.coupon_code, use.order): use
            for use in (entry.reservation for entry in self.entries)
        }
        return tuple(last.values())

    def reservation(self, coupon_code: str, order: str) -> Reservation | None:
        """Return the latest use of a coupon for an order, None when there never was one."""
        for entry in reversed(self.entries):
            use = entry.reservation
            if (use.coupon_code, use.order) == (coupon_code, order):
                return use
        return None

    def held(self, coupon_code: str) -> int:
        """Return how many uses are reserved: the sum of the coupon's entries."""
        return sum(entry.held for entry in self._of(coupon_code))

    def used(self, coupon_code: str) -> int:
        """Return how many uses are confirmed: the sum of the coupon's entries."""
        return sum(entry.used for entry in self._of(coupon_code))

    def spent(self, campaign: str) -> dict[str, int]:
        """Return what a campaign's coupons take off, reservations included, in minor units."""
        found: dict[str, int] = {}
        for entry in self.entries:
            if campaign and entry.reservation.campaign == campaign:
                currency = entry.reservation.discount.currency
                found[currency] = found.get(currency, 0) + entry.taken_minor
        return found

    def _of(self, coupon_code: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.reservation.coupon_code == coupon_code]


def reserve(
    ledger: Ledger, coupon: Coupon, purchase: Purchase, *, now: datetime, ttl: timedelta | None
) -> Moved:
    """Take a use of the coupon for a purchase, every rule checked against the ledger as it is.

    Once per order: while its use is taken, the same is returned and nothing is new. Uses reserved
    too long are expired first, so that nobody has to sweep for a slot to be free. Without a `ttl`
    the use lives as long as its payment. Raises CouponNotRedeemable subclasses, and then nothing
    is taken.
    """
    swept = sweep(ledger, now=now)
    current = ledger.with_entries(swept)
    before = current.reservation(coupon.code, purchase.order)
    if before is not None and before.status.is_taken:
        return Moved(reservation=before, entries=swept)
    uses = uses_of(current, coupon, purchase)
    discount = redeem(coupon, plan=purchase.plan, price=purchase.price, uses=uses, now=now)
    taken = opened(
        Reservation(
            coupon_code=coupon.code,
            order=purchase.order,
            subject=purchase.subject,
            discount=discount.amount,
            campaign=coupon.campaign.key if coupon.campaign else "",
            version=1 if before is None else before.version + 1,
            expires_at=None if ttl is None else utc(now) + ttl,
        ),
        now=now,
    )
    return Moved(reservation=taken.reservation, entries=swept + taken.entries)


def sweep(ledger: Ledger, *, now: datetime) -> tuple[Entry, ...]:
    """Return the entries that give back every use reserved too long."""
    moved = (expire(use, now=now) for use in ledger.reservations())
    return tuple(entry for each in moved for entry in each.entries)


def uses_of(ledger: Ledger, coupon: Coupon, purchase: Purchase) -> Uses:
    """Return how often the coupon is taken, in all and by who buys, and what its campaign spent."""
    takers = [
        use.subject
        for use in ledger.reservations()
        if use.coupon_code == coupon.code and use.status.is_taken
    ]
    return Uses(
        total=len(takers),
        by_customer=count_of(purchase.subject, takers),
        has_purchased=purchase.has_purchased,
        spent=ledger.spent(coupon.campaign.key) if coupon.campaign else {},
    )
