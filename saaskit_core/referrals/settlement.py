"""Bring the ledger up to what a referral has earned: grant what is due, take back what is not.

`settle` may run any number of times, after any fact: each reward is decided once per referral, side
and milestone, and what was given is never edited, only reversed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.money import round_half_away
from saaskit_core.periods import utc
from saaskit_core.referrals.events import (
    ReferralEvent,
    RewardDenied,
    RewardGranted,
    RewardReversed,
    event_of,
)
from saaskit_core.referrals.ledger import (
    RewardEntry,
    RewardEntryKind,
    RewardLedger,
    count_recent,
)
from saaskit_core.referrals.model import Milestone, MilestoneState, Referral, ReferralStatus
from saaskit_core.referrals.programmes import ReferralRewardType, Reward, Side, WhenSuspended
from saaskit_core.referrals.rewards import Worth, worth
from saaskit_core.referrals.transitions import moved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from saaskit_core.referrals.programmes import Programme


class Standing(StrEnum):
    """How a customer stands with us when a reward is due."""

    ACTIVE = "active"
    DOWNGRADED = "downgraded"
    SUSPENDED = "suspended"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beneficiary:
    """Who is to be rewarded. `can_take_months`: he has a subscription that free months are for."""

    standing: Standing = Standing.ACTIVE
    can_take_months: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The referral as it is now, what is new in the ledger, and what there is to tell."""

    referral: Referral
    entries: tuple[RewardEntry, ...] = ()
    events: tuple[ReferralEvent, ...] = ()


NOBODY_SPECIAL = Beneficiary()


def settle(
    referral: Referral,
    *,
    programme: Programme,
    ledger: RewardLedger,
    beneficiaries: Mapping[Side, Beneficiary],
    now: datetime,
) -> Settled:
    """Decide every reward of the referral that can be decided, against the ledger as it is.

    A referrer over his cap gets nothing for this milestone, ever; the other side gets its own. A
    deleted customer gets nothing, a suspended one by the programme's policy, a downgraded one as
    promised. Free months wait until there is a subscription for them. What was given for a payment
    that was returned since is reversed, at most what is left of it.
    """
    now = utc(now)
    entries: list[RewardEntry] = []
    for milestone in referral.milestones:
        for side in Side:
            current = ledger.with_entries(entries)
            case = _Case(referral, milestone, side, programme, current, now)
            entries.extend(case.entries(beneficiaries.get(side, NOBODY_SPECIAL)))
    rewarded = _marked(referral, entries, now)
    events = tuple(_event(rewarded, entry, now) for entry in entries)
    return Settled(referral=rewarded, entries=tuple(entries), events=events)


@dataclass(frozen=True, slots=True)
class _Case:
    """One side's reward for one milestone."""

    referral: Referral
    milestone: Milestone
    side: Side
    programme: Programme
    ledger: RewardLedger
    now: datetime

    @property
    def account(self) -> str:
        is_referrer = self.side is Side.REFERRER
        return self.referral.referrer if is_referrer else self.referral.referred

    @property
    def key(self) -> str:
        return f"{self.referral.id}:{self.side}:{self.milestone.number}"

    def entries(self, beneficiary: Beneficiary) -> Iterator[RewardEntry]:
        decided = self.ledger.decision(self.referral.id, self.side, self.milestone.number)
        if decided is not None:
            yield from self._taken_back(decided)
            return
        reward = self.programme.reward_of(self.side)
        if reward and self._is_due() and not self._waits(reward, beneficiary):
            yield self._decided(reward, beneficiary)

    def _is_due(self) -> bool:
        is_open = self.referral.status in (ReferralStatus.QUALIFIED, ReferralStatus.REWARDED)
        return is_open and self.milestone.state is MilestoneState.DUE

    def _waits(self, reward: Reward, beneficiary: Beneficiary) -> bool:
        match beneficiary.standing:
            case Standing.DELETED:
                return False
            case Standing.SUSPENDED:
                return self.programme.when_suspended is WhenSuspended.WAIT
            case Standing.ACTIVE | Standing.DOWNGRADED:
                is_time = reward.type is ReferralRewardType.FREE_MONTH
                return is_time and not beneficiary.can_take_months

    def _decided(self, reward: Reward, beneficiary: Beneficiary) -> RewardEntry:
        nothing = Worth(unit="", units=0)
        if beneficiary.standing in (Standing.DELETED, Standing.SUSPENDED):
            reason = beneficiary.standing.value
            return self._entry(RewardEntryKind.WITHHELD, reward.type, nothing, reason=reason)
        found = worth(reward, self.milestone.kept)
        if found is None:
            reason = "nothing_due"
            return self._entry(RewardEntryKind.WITHHELD, reward.type, nothing, reason=reason)
        if self.side is Side.REFERRER and self._is_capped():
            return self._entry(RewardEntryKind.CAPPED, reward.type, nothing, reason="cap_reached")
        return self._entry(RewardEntryKind.GRANT, reward.type, found)

    def _is_capped(self) -> bool:
        grants = self.ledger.standing_grants(self.account, Side.REFERRER)
        in_all, lately = self.programme.max_total, self.programme.max_per_30_days
        if in_all and len(grants) >= in_all:
            return True
        return bool(lately) and count_recent(grants, now=self.now) >= lately

    def _taken_back(self, grant: RewardEntry) -> Iterator[RewardEntry]:
        """Reverse what was given beyond what the rest of the payment earns, at the terms then."""
        due = self._still_due(grant)
        excess = grant.units - due - self.ledger.taken_back(grant)
        if excess <= 0:
            return
        units = min(excess, self.ledger.balance(grant.account, grant.unit))
        yield replace(
            grant,
            key=f"{self.key}:back:{grant.units - due}",
            kind=RewardEntryKind.REVERSE,
            units=-units,
            at=self.now,
            shortfall=excess - units,
            reason="payment_returned" if self.milestone.returned else "revoked",
        )

    def _still_due(self, grant: RewardEntry) -> int:
        if self.milestone.state is MilestoneState.VOID:
            return 0
        if not grant.base:
            return grant.units
        return round_half_away(Fraction(grant.units * self.milestone.kept.minor, grant.base))

    def _entry(
        self,
        kind: RewardEntryKind,
        reward_type: ReferralRewardType,
        found: Worth,
        *,
        reason: str = "",
    ) -> RewardEntry:
        return RewardEntry(
            key=self.key,
            kind=kind,
            account=self.account,
            unit=found.unit,
            units=found.units,
            at=self.now,
            referral=self.referral.id,
            side=self.side,
            milestone=self.milestone.number,
            reward_type=reward_type,
            base=found.base,
            reason=reason,
        )


def _marked(referral: Referral, entries: list[RewardEntry], now: datetime) -> Referral:
    is_granted = any(entry.kind is RewardEntryKind.GRANT for entry in entries)
    if referral.status is ReferralStatus.QUALIFIED and is_granted:
        return moved(referral, ReferralStatus.REWARDED, "rewards were granted", now)
    return referral


def _event(referral: Referral, entry: RewardEntry, now: datetime) -> ReferralEvent:
    about = {
        "side": entry.side.value if entry.side else "",
        "account": entry.account,
        "milestone": entry.milestone,
        "reward_type": entry.reward_type.value if entry.reward_type else "",
        "unit": entry.unit,
        "units": entry.units,
    }
    match entry.kind:
        case RewardEntryKind.GRANT:
            return event_of(RewardGranted, referral, now, **about)
        case RewardEntryKind.REVERSE:
            return event_of(RewardReversed, referral, now, shortfall=entry.shortfall, **about)
        case _:
            return event_of(RewardDenied, referral, now, reason=entry.reason, **about)
