"""The ledger: append-only double entries. A balance is a sum; all legs together are zero, always.

Debits are positive, credits negative, as in any book: what a customer owes stands positive on
RECEIVABLE, what we owe him negative on WALLET.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.billing.invariants import BrokenInvariant
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import Money
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime


class Account(StrEnum):
    """The accounts. The first three are what stands between a customer and us."""

    RECEIVABLE = "receivable"
    CARRIED = "carried"
    WALLET = "wallet"
    CLEARING = "clearing"
    REVENUE = "revenue"
    DISCOUNTS = "discounts"
    REFUNDS = "refunds"
    TAX_PAYABLE = "tax_payable"
    PROMOTIONS = "promotions"
    REFERRAL_REWARDS = "referral_rewards"
    DISPUTED = "disputed"
    FEES = "fees"
    WRITE_OFF = "write_off"


BETWEEN_US = frozenset({Account.RECEIVABLE, Account.CARRIED, Account.WALLET})


class EntryKind(StrEnum):
    """What happened."""

    INVOICE = "invoice"
    REVERSAL = "reversal"
    PAYMENT = "payment"
    CREDIT_NOTE = "credit_note"
    REFUND = "refund"
    GRANT = "grant"
    WALLET_USE = "wallet_use"
    WALLET_RETURN = "wallet_return"
    PAYOUT = "payout"
    EXPIRY = "expiry"
    WRITE_OFF = "write_off"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"


class LedgerUnbalanced(BrokenInvariant):
    code = "ledger_unbalanced"
    template = "The legs of %(key)s add up to %(total)s: they have to add up to nothing."


class EntryConflict(SaasKitError):
    code = "entry_conflict"
    kind = ErrorKind.CONFLICT
    template = "The ledger has another entry under the key %(key)s."


class WalletOverdrawn(SaasKitError):
    code = "wallet_overdrawn"
    kind = ErrorKind.CONFLICT
    template = "%(amount)s can't be taken from the wallet: it holds %(left)s."


class InvalidEntry(SaasKitError):
    code = "invalid_entry"
    template = "The ledger takes no entry like %(key)s: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One side of an entry. A leg on WALLET names the grant (`lot`) that it moves."""

    account: Account
    amount: Money
    lot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What happened once, under a key that makes it unique. Its legs add up to nothing.

    `about` names the document ("invoice:42"). `expires_at` and `is_promotional` matter for what
    puts credit into the wallet. Raises LedgerUnbalanced and InvalidEntry.
    """

    key: str
    kind: EntryKind
    customer_id: str
    occurred_at: datetime
    legs: tuple[Leg, ...]
    about: str = ""
    is_promotional: bool = False
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        """Check the legs, currency by currency."""
        object.__setattr__(self, "occurred_at", utc(self.occurred_at))
        if not self.key or not self.legs:
            raise InvalidEntry(key=repr(self.key)[:60], problem="it has no key or no legs")
        if any(type(leg.account) is not Account for leg in self.legs):
            raise InvalidEntry(key=self.key, problem="an account is one of the list")
        if any(not leg.amount for leg in self.legs):
            raise InvalidEntry(key=self.key, problem="a leg is zero")
        if any((leg.account is Account.WALLET) != bool(leg.lot) for leg in self.legs):
            raise InvalidEntry(key=self.key, problem="wallet legs name their grant, others none")
        for currency, minor in _sums(self.legs).items():
            if minor:
                raise LedgerUnbalanced(key=self.key, total=str(Money(minor, currency)))

    def is_same(self, other: Entry) -> bool:
        """Whether it tells of the same; when it was told doesn't matter."""
        return self._told() == other._told()

    def _told(self) -> tuple[object, ...]:
        return (self.kind, self.customer_id, self.about, sorted(self.legs, key=repr))


@dataclass(frozen=True, slots=True)
class Ledger:
    """Entries by key. Posting makes a new ledger; nothing is ever changed or taken out."""

    entries: Mapping[str, Entry] = field(default_factory=dict)

    def __contains__(self, key: str) -> bool:
        """Whether something was posted under the key."""
        return key in self.entries

    def posted(self, *entries: Entry) -> Ledger:
        """Return the ledger with these entries too, in any order; the same one again is no news.

        Raises EntryConflict for another entry under a known key, and WalletOverdrawn when a grant
        would be used beyond what it holds.
        """
        found = dict(self.entries)
        new: list[Entry] = []
        for entry in entries:
            known = found.get(entry.key)
            if known is None:
                found[entry.key] = entry
                new.append(entry)
            elif not known.is_same(entry):
                raise EntryConflict(key=entry.key)
        after = Ledger(found)
        _check_lots(after, new)
        return after

    def balance(self, account: Account, currency: str, *, customer_id: str | None = None) -> Money:
        """Add up an account, of everybody or of one customer; debits are positive."""
        return Money.total(
            (
                leg.amount
                for entry in self.entries.values()
                if customer_id is None or entry.customer_id == customer_id
                for leg in entry.legs
                if leg.account is account and leg.amount.currency == currency
            ),
            currency,
        )

    def owed_by(self, customer_id: str, currency: str) -> Money:
        """Return what the customer owes us, his credit deducted; negative: we owe him."""
        accounts = (self.balance(each, currency, customer_id=customer_id) for each in BETWEEN_US)
        return Money.total(accounts, currency)

    def sums(self) -> dict[str, int]:
        """Add up all legs per currency, in minor units: zero, always."""
        return dict(_sums(leg for entry in self.entries.values() for leg in entry.legs))


def lot_balances(ledger: Ledger, customer_id: str, currency: str) -> dict[str, Money]:
    """Return what is left of each grant of a customer, as a positive amount; nothing is zero."""
    found: dict[str, Money] = {}
    nothing = Money.zero(currency)
    for entry in ledger.entries.values():
        if entry.customer_id != customer_id:
            continue
        for leg in entry.legs:
            if leg.lot and leg.amount.currency == currency:
                found[leg.lot] = found.get(leg.lot, nothing) - leg.amount
    return found


def _sums(legs: Iterable[Leg]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for leg in legs:
        sums[leg.amount.currency] += leg.amount.minor
    return sums


def _check_lots(ledger: Ledger, entries: Sequence[Entry]) -> None:
    """Look at the grants that new entries take from, in one pass over the ledger."""
    taken = {
        (entry.customer_id, leg.amount.currency, leg.lot): leg.amount
        for entry in entries
        for leg in entry.legs
        if leg.lot and leg.amount.minor > 0
    }
    if not taken:
        return
    left: Counter[tuple[str, str, str]] = Counter()
    for entry in ledger.entries.values():
        for leg in entry.legs:
            if leg.lot:
                left[entry.customer_id, leg.amount.currency, leg.lot] -= leg.amount.minor
    for (customer_id, currency, lot), amount in taken.items():
        rest = Money(left[customer_id, currency, lot], currency)
        if rest.minor < 0:
            raise WalletOverdrawn(amount=str(amount), left=str(rest + amount))
