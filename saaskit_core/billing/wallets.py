"""The wallet: credit a customer holds with us, grant by grant; promotional credit is used first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.billing.ledger import (
    Account,
    Entry,
    EntryKind,
    InvalidEntry,
    Ledger,
    Leg,
    WalletOverdrawn,
    lot_balances,
)
from saaskit_core.money import Money, check_money
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from datetime import datetime


class GrantReason(StrEnum):
    """Why credit is given. What was paid for never expires; what was a present may."""

    PROMOTION = "promotion"
    REFERRAL = "referral"
    GOODWILL = "goodwill"
    UNUSED_TIME = "unused_time"


_PAID_BY: dict[GrantReason, Account] = {
    GrantReason.PROMOTION: Account.PROMOTIONS,
    GrantReason.REFERRAL: Account.REFERRAL_REWARDS,
    GrantReason.GOODWILL: Account.PROMOTIONS,
    GrantReason.UNUSED_TIME: Account.REFUNDS,
}
PROMOTIONAL = frozenset(GrantReason) - {GrantReason.UNUSED_TIME}


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What every entry needs to know: its key, whose it is, when, and about which document."""

    key: str
    customer_id: str
    at: datetime
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What is left of one grant."""

    key: str
    left: Money
    is_promotional: bool
    granted_at: datetime
    expires_at: datetime | None

    def is_usable(self, at: datetime) -> bool:
        """Whether it hasn't expired; at the instant it expires it has."""
        return self.expires_at is None or at < self.expires_at


def grant(
    posting: Posting, amount: Money, *, reason: GrantReason, expires_at: datetime | None = None
) -> Entry:
    """Give credit. Raises InvalidEntry for nothing or less, and for paid credit that expires."""
    check_money(amount)
    if reason not in tuple(GrantReason):
        raise InvalidEntry(key=posting.key, problem=f"credit is not given for {reason!r:.40}")
    reason = GrantReason(reason)
    is_promotional = reason in PROMOTIONAL
    if amount.minor <= 0:
        raise InvalidEntry(key=posting.key, problem="credit is more than zero")
    if expires_at is not None and not is_promotional:
        raise InvalidEntry(key=posting.key, problem="what was paid for doesn't expire")
    if expires_at is not None and utc(expires_at) <= utc(posting.at):
        raise InvalidEntry(key=posting.key, problem="it expires before it is given")
    return Entry(
        key=posting.key,
        kind=EntryKind.GRANT,
        customer_id=posting.customer_id,
        occurred_at=posting.at,
        about=posting.about,
        is_promotional=is_promotional,
        expires_at=utc(expires_at) if expires_at else None,
        legs=(
            Leg(account=_PAID_BY[reason], amount=amount),
            Leg(account=Account.WALLET, amount=-amount, lot=posting.key),
        ),
    )


def lots(ledger: Ledger, customer_id: str, currency: str) -> tuple[Lot, ...]:
    """List what is left of the grants in the order of use: promotional first, oldest first."""
    found = [
        _lot(ledger.entries[key], left)
        for key, left in lot_balances(ledger, customer_id, currency).items()
        if left and key in ledger.entries
    ]
    return tuple(sorted(found, key=lambda lot: (not lot.is_promotional, lot.granted_at, lot.key)))


def usable(ledger: Ledger, customer_id: str, currency: str, *, at: datetime) -> Money:
    """Return what the wallet can pay at an instant: what has expired counts no more."""
    at = utc(at)
    held = (lot.left for lot in lots(ledger, customer_id, currency) if lot.is_usable(at))
    return Money.total(held, currency)


def use_wallet(ledger: Ledger, posting: Posting, amount: Money) -> Entry:
    """Pay an invoice from the wallet. The same key again returns the entry that stands.

    Raises WalletOverdrawn for more than is usable, InvalidEntry for nothing or less.
    """
    return _take(ledger, posting, amount, EntryKind.WALLET_USE, Account.RECEIVABLE)


def pay_out(ledger: Ledger, posting: Posting, amount: Money) -> Entry:
    """Pay credit out in money, as `use_wallet` does. Promotional credit is never paid out."""
    return _take(ledger, posting, amount, EntryKind.PAYOUT, Account.CLEARING)


def give_back(ledger: Ledger, posting: Posting, *, used_key: str) -> Entry:
    """Put what an entry took back into the very grants it came from (its invoice was voided).

    Raises InvalidEntry when there is no such entry, or it took nothing from the wallet.
    """
    used = ledger.entries.get(used_key)
    if used is None or used.kind is not EntryKind.WALLET_USE:
        raise InvalidEntry(key=posting.key, problem=f"{used_key[:60]} took nothing")
    return _entry(
        posting,
        EntryKind.WALLET_RETURN,
        tuple(Leg(account=leg.account, amount=-leg.amount, lot=leg.lot) for leg in used.legs),
    )


def expire(ledger: Ledger, customer_id: str, currency: str, *, at: datetime) -> tuple[Entry, ...]:
    """Let lapse what has expired by an instant and is left: an entry per grant, keyed by it.

    What is given back to an expired grant lapses with the next call, under a key of its own.
    """
    at = utc(at)
    return tuple(
        _lapsed(ledger, lot, customer_id, at)
        for lot in lots(ledger, customer_id, currency)
        if not lot.is_usable(at)
    )


def _lapsed(ledger: Ledger, lot: Lot, customer_id: str, at: datetime) -> Entry:
    count = sum(
        entry.kind is EntryKind.EXPIRY and entry.about == lot.key
        for entry in ledger.entries.values()
    )
    posting = Posting(
        key=f"{lot.key}:expired:{count + 1}", customer_id=customer_id, at=at, about=lot.key
    )
    (given,) = (leg for leg in ledger.entries[lot.key].legs if leg.account is not Account.WALLET)
    legs = (
        Leg(account=Account.WALLET, amount=lot.left, lot=lot.key),
        Leg(account=given.account, amount=-lot.left),
    )
    return _entry(posting, EntryKind.EXPIRY, legs)


def _take(ledger: Ledger, posting: Posting, amount: Money, kind: EntryKind, to: Account) -> Entry:
    standing = ledger.entries.get(posting.key)
    if standing is not None:
        return standing
    check_money(amount)
    if amount.minor <= 0:
        raise InvalidEntry(key=posting.key, problem="the amount is more than zero")
    at, left, legs = utc(posting.at), amount, []
    for lot in lots(ledger, posting.customer_id, amount.currency):
        part = min(left, lot.left)
        if part and lot.is_usable(at) and not (kind is EntryKind.PAYOUT and lot.is_promotional):
            legs.append(Leg(account=Account.WALLET, amount=part, lot=lot.key))
            left -= part
    if left:
        raise WalletOverdrawn(amount=str(amount), left=str(amount - left))
    return _entry(posting, kind, (*legs, Leg(account=to, amount=-amount)))


def _lot(entry: Entry, left: Money) -> Lot:
    return Lot(
        key=entry.key,
        left=left,
        is_promotional=entry.is_promotional,
        granted_at=entry.occurred_at,
        expires_at=entry.expires_at,
    )


def _entry(posting: Posting, kind: EntryKind, legs: tuple[Leg, ...]) -> Entry:
    return Entry(
        key=posting.key,
        kind=kind,
        customer_id=posting.customer_id,
        occurred_at=posting.at,
        about=posting.about,
        legs=legs,
    )
