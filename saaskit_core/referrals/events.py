"""What became of a referral, for everybody who wants to react."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

from saaskit_core.events import Event

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.referrals.model import Referral


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralEvent(Event):
    """Base: names the referral, both sides, the programme, and where it stands after the event."""

    topic: ClassVar[str] = "referral"

    referral_id: str
    referrer_id: str
    referred_id: str
    programme: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralAttributed(ReferralEvent):
    topic: ClassVar[str] = "referral.attributed"

    referral_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralFlagged(ReferralEvent):
    """Somebody should look at it; `signals` say why."""

    topic: ClassVar[str] = "referral.flagged"

    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralApproved(ReferralEvent):
    """A review found nothing wrong; `by` is "" when a deadline decided."""

    topic: ClassVar[str] = "referral.approved"

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralQualified(ReferralEvent):
    """A payment outlived its hold: the rewards of its milestone are due."""

    topic: ClassVar[str] = "referral.qualified"

    invoice: str
    milestone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralRejected(ReferralEvent):
    topic: ClassVar[str] = "referral.rejected"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralReversed(ReferralEvent):
    """Every payment that was rewarded has been returned; what was given is taken back."""

    topic: ClassVar[str] = "referral.reversed"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardEvent(ReferralEvent):
    """Base: whose reward, for which milestone, how much of what (see the ledger's units)."""

    topic: ClassVar[str] = "referral.reward"

    side: str
    account: str
    milestone: int
    reward_type: str
    unit: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardGranted(RewardEvent):
    topic: ClassVar[str] = "referral.reward_granted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardDenied(RewardEvent):
    """A side gets nothing for this milestone; `reason` says why, `units` is 0."""

    topic: ClassVar[str] = "referral.reward_denied"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardReversed(RewardEvent):
    """Taken back; `shortfall` is what had been spent already and can't be."""

    topic: ClassVar[str] = "referral.reward_reversed"

    shortfall: int


E = TypeVar("E", bound=ReferralEvent)


def event_of(kind: type[E], referral: Referral, now: datetime, **more: object) -> E:
    """Return an event of a kind about the referral as it is."""
    return kind(
        aggregate=f"referral:{referral.id}",
        occurred_at=now,
        referral_id=referral.id,
        referrer_id=referral.referrer,
        referred_id=referral.referred,
        programme=referral.programme,
        status=referral.status.value,
        **more,
    )
