"""The ledger of rewards: append-only, every balance is the sum of its entries and never negative.

Amounts are whole units of one thing per account: minor units under a currency ("USD"), money off
("discount:USD", or "discount:25%" for one discount), "month", days of a feature
("feature:reports.export").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saaskit_core.referrals.programmes import ReferralRewardType, Side

CAP_WINDOW = timedelta(days=30)


class RewardEntryKind(StrEnum):
    """What an entry does. Capped and withheld ones are of 0 units: a decision that stands."""

    GRANT = "grant"
    CAPPED = "capped"
    WITHHELD = "withheld"
    CONSUME = "consume"
    REVERSE = "reverse"
    EXPIRE = "expire"


class RewardLedgerConflict(SaasKitError):
    code = "reward_ledger_conflict"
    kind = ErrorKind.CONFLICT
    template = "The ledger has another entry under the key %(key)s."


class RewardExhausted(SaasKitError):
    code = "reward_exhausted"
    kind = ErrorKind.CONFLICT
    template = "There are only %(balance)s %(unit)s of rewards left, not %(units)s."


class InvalidRewardUnits(SaasKitError):
    code = "invalid_reward_units"
    template = "%(units)s is not a number of units: they are whole and more than zero."


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardEntry:
    """One line, never changed: `units` is what it adds to the account's balance of `unit`.

    Grants and what undoes them name their referral, side, milestone and type. `base` is what a
    share was a share of, in minor units; 0 for a reward that is no share. `shortfall` is what a
    reversal couldn't take back because it had been spent. `at` doesn't make another entry of it.
    """

    key: str
    kind: RewardEntryKind
    account: str
    unit: str
    units: int
    at: datetime = field(compare=False)
    referral: str = ""
    side: Side | None = None
    milestone: int = 0
    reward_type: ReferralRewardType | None = None
    base: int = 0
    shortfall: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RewardLedger:
    """The entries so far, in order. Adding returns another ledger and leaves this one."""

    entries: tuple[RewardEntry, ...] = ()

    def with_entries(self, entries: Iterable[RewardEntry]) -> RewardLedger:
        """Return the ledger with those entries that it hasn't got. Raises RewardLedgerConflict."""
        known = {entry.key: entry for entry in self.entries}
        for entry in entries:
            if known.setdefault(entry.key, entry) != entry:
                raise RewardLedgerConflict(key=entry.key)
        return RewardLedger(tuple(known.values()))

    def balance(self, account: str, unit: str) -> int:
        """Return what an account has left of a unit."""
        mine = (entry for entry in self.entries if (entry.account, entry.unit) == (account, unit))
        return sum(entry.units for entry in mine)

    def decision(self, referral: str, side: Side, milestone: int) -> RewardEntry | None:
        """Return the grant, cap or refusal of a side's reward; None while it is undecided."""
        return next(iter(self.of(referral, side, milestone)), None)

    def of(self, referral: str, side: Side | None, milestone: int) -> tuple[RewardEntry, ...]:
        """Return all entries about one side's reward for one milestone, its decision first."""
        wanted = (referral, side, milestone)
        return tuple(
            entry
            for entry in self.entries
            if (entry.referral, entry.side, entry.milestone) == wanted
        )

    def standing_grants(self, account: str, side: Side) -> tuple[RewardEntry, ...]:
        """Return the grants of an account on a side that were not taken back entirely."""
        mine = [entry for entry in self.entries if (entry.account, entry.side) == (account, side)]
        return tuple(
            entry
            for entry in mine
            if entry.kind is RewardEntryKind.GRANT and entry.units > self.taken_back(entry)
        )

    def taken_back(self, grant: RewardEntry) -> int:
        """Return how much of a grant was reversed, what had been spent already included."""
        return sum(
            entry.shortfall - entry.units
            for entry in self.of(grant.referral, grant.side, grant.milestone)
            if entry.kind is RewardEntryKind.REVERSE
        )


def consume(
    ledger: RewardLedger, *, account: str, unit: str, units: int, key: str, now: datetime
) -> RewardEntry:
    """Return the entry by which an account spends its rewards. Raises RewardExhausted.

    The same `key` again returns the entry that is there.
    """
    return _spent(ledger, RewardEntryKind.CONSUME, (account, unit, units, key), now)


def expire_reward(
    ledger: RewardLedger, *, account: str, unit: str, units: int, key: str, now: datetime
) -> RewardEntry:
    """Return the entry by which unspent rewards lapse, as `consume` does for spent ones."""
    return _spent(ledger, RewardEntryKind.EXPIRE, (account, unit, units, key), now)


def count_recent(grants: Iterable[RewardEntry], *, now: datetime) -> int:
    """Return how many grants are younger than thirty days: one of exactly that age isn't."""
    return sum(utc(entry.at) > utc(now) - CAP_WINDOW for entry in grants)


def _spent(
    ledger: RewardLedger, kind: RewardEntryKind, what: tuple[str, str, int, str], now: datetime
) -> RewardEntry:
    account, unit, units, key = what
    if type(units) is not int or units <= 0:
        raise InvalidRewardUnits(units=units)
    entry = RewardEntry(key=key, kind=kind, account=account, unit=unit, units=-units, at=utc(now))
    if any(each.key == key for each in ledger.entries):
        return next(iter(each for each in ledger.with_entries([entry]).entries if each.key == key))
    balance = ledger.balance(account, unit)
    if units > balance:
        raise RewardExhausted(balance=balance, unit=unit, units=units)
    return entry
