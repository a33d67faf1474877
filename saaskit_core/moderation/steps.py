"""What somebody asks, or time brings, to be done to content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from saaskit_core.moderation.reasons import check_note
from saaskit_core.moderation.states import Action

if TYPE_CHECKING:
    from saaskit_core.moderation.reasons import Reason
    from saaskit_core.moderation.reports import Report
    from saaskit_core.moderation.rules.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Base: `action` is the row of the table that it asks for."""

    action: ClassVar[Action]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Step):
    action: ClassVar[Action] = Action.APPROVE

    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Step):
    action: ClassVar[Action] = Action.REJECT

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChanges(Step):
    """Ask the author to change something; `note` tells him what."""

    action: ClassVar[Action] = Action.REQUEST_CHANGES

    note: str

    def __post_init__(self) -> None:
        """Refuse an empty note. Raises NoteRequired, TextTooLong."""
        object.__setattr__(self, "note", check_note(self.note))


@dataclass(frozen=True, slots=True, kw_only=True)
class Resubmit(Step):
    """The author made the changes. Rules are noted, and a moderator looks in any case."""

    action: ClassVar[Action] = Action.RESUBMIT

    snapshot_hash: str
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit(Step):
    """The author changed what was approved, or what still waits."""

    action: ClassVar[Action] = Action.EDIT

    snapshot_hash: str
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire(Step):
    """The date until which changes were awaited has passed."""

    action: ClassVar[Action] = Action.EXPIRE


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsReached(Step):
    """Readers reported it: the reports that came since the last decision."""

    action: ClassVar[Action] = Action.FLAG

    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescanned(Step):
    """The rules were run again and no longer let it through."""

    action: ClassVar[Action] = Action.RESCAN

    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDown(Step):
    action: ClassVar[Action] = Action.TAKE_DOWN

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Overturn(Step):
    """An appeal against the decision numbered `sequence` was won."""

    action: ClassVar[Action] = Action.OVERTURN

    sequence: int
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinstate(Step):
    action: ClassVar[Action] = Action.REINSTATE

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(Step):
    """Delete by the author, who owes no reason, or by staff, who do."""

    action: ClassVar[Action] = Action.DELETE

    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore(Step):
    action: ClassVar[Action] = Action.RESTORE

    reason: Reason
