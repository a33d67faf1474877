"""Why a referral stands where it does, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.referrals.ledger import RewardEntry, RewardEntryKind, RewardLedger

if TYPE_CHECKING:
    from saaskit_core.referrals.model import Referral

_TOLD = {
    RewardEntryKind.GRANT: "{account} was given {units} {unit}",
    RewardEntryKind.CAPPED: "{account} gets nothing for payment {milestone}: {reason}",
    RewardEntryKind.WITHHELD: "{account} gets nothing for payment {milestone}: {reason}",
    RewardEntryKind.REVERSE: "{units} {unit} were taken back from {account}, {shortfall} are spent",
}


def explain(referral: Referral, ledger: RewardLedger) -> tuple[str, ...]:
    """Return what happened to a referral and its rewards, oldest first, one sentence each.

    What happened at one instant stands in the order: the referral, then its rewards.
    """
    lines = [(step.at, f"{step.note} ({step.status})") for step in referral.history]
    mine = [entry for entry in ledger.entries if entry.referral == referral.id]
    lines += [(entry.at, _told(entry)) for entry in mine]
    return tuple(
        f"{at:%Y-%m-%d %H:%M} UTC: {text}." for at, text in sorted(lines, key=lambda line: line[0])
    )


def _told(entry: RewardEntry) -> str:
    return _TOLD[entry.kind].format(
        account=entry.account,
        units=abs(entry.units),
        unit=entry.unit,
        milestone=entry.milestone,
        reason=entry.reason.replace("_", " "),
        shortfall=entry.shortfall,
    )
