"""A referral as a value: who sent whom, which payments count, where it stands, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.money import Money

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.referrals.fraud import Signal


class ReferralStatus(StrEnum):
    """The contract's words. Rejected and reversed are for good."""

    PENDING = "pending"
    FLAGGED = "flagged"
    QUALIFIED = "qualified"
    REWARDED = "rewarded"
    REJECTED = "rejected"
    REVERSED = "reversed"

    @property
    def is_over(self) -> bool:
        """Whether nothing can be earned by it any more."""
        return self in (ReferralStatus.REJECTED, ReferralStatus.REVERSED)


class MilestoneState(StrEnum):
    """A payment that counts is on hold, then due to be rewarded; void once it was returned."""

    HELD = "held"
    DUE = "due"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """The n-th payment that counts. `paid` is what was actually paid, `due_at` the end of its hold.

    `returned` is what has been given back of it since.
    """

    number: int
    invoice: str
    paid: Money
    returned: Money
    due_at: datetime
    state: MilestoneState = MilestoneState.HELD

    @property
    def kept(self) -> Money:
        """What is left of the payment: the base of rewards, never below nothing."""
        return max(self.paid - self.returned, Money.zero(self.paid.currency))


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What was given back of an invoice's payment so far; None: all of it."""

    invoice: str
    amount: Money | None

    def merged(self, other: Return) -> Return:
        """Return the larger of two reports on one invoice, whichever came first."""
        if self.amount is None or other.amount is None:
            return replace(self, amount=None)
        return replace(self, amount=max(self.amount, other.amount))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a referral's history: when, where it stood then, and what happened."""

    at: datetime
    status: ReferralStatus
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """Who sent whom by which code. `referred` has at most one, for life.

    `review_by` is set while it is flagged. `returns` keeps what is known of payments that were
    given back, reported before the payment itself or after it.
    """

    id: str
    programme: str
    code: str
    referrer: str
    referred: str
    status: ReferralStatus
    signals: tuple[Signal, ...] = ()
    review_by: datetime | None = None
    milestones: tuple[Milestone, ...] = ()
    returns: tuple[Return, ...] = ()
    history: tuple[Step, ...] = ()

    def milestone_of(self, invoice: str) -> Milestone | None:
        """Return the milestone that an invoice is, None when it is none."""
        return next((each for each in self.milestones if each.invoice == invoice), None)

    def return_of(self, invoice: str) -> Return | None:
        """Return what is known to have been given back of an invoice, None when nothing is."""
        return next((each for each in self.returns if each.invoice == invoice), None)
