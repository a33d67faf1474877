"""What became of content and of appeals, for everybody who wants to react."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from saaskit_core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentEvent(Event):
    """Base: names the content, its author, who acted, and where it stands after the event."""

    topic: ClassVar[str] = "content"

    content_id: str
    content_type: str
    author_id: str
    sequence: int
    status: str
    shown_as: str
    actor: str
    reason_code: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentApproved(ContentEvent):
    """A revision is visible now; flagged, it is to be looked at nevertheless."""

    topic: ClassVar[str] = "content.approved"

    revision: int
    is_flagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentHeld(ContentEvent):
    """New content, or a new revision of it, waits for a moderator."""

    topic: ClassVar[str] = "content.held"

    revision: int
    rules: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRejected(ContentEvent):
    """Content was refused or taken down; its author is owed a statement of reasons."""

    topic: ClassVar[str] = "content.rejected"

    revision: int
    rules: list[str]
    needs_statement: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRejected(ContentEvent):
    """An edit was refused; the approved revision stays visible."""

    topic: ClassVar[str] = "content.revision_rejected"

    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentChangesRequested(ContentEvent):
    """The author is asked to change something, until a date."""

    topic: ClassVar[str] = "content.changes_requested"

    note: str
    due_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentReopened(ContentEvent):
    """What was approved waits again, because of reports or of a rule."""

    topic: ClassVar[str] = "content.reopened"

    because: str
    rules: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentDeleted(ContentEvent):
    """Only a tombstone is left, and the snapshot until `purge_at`; open queue items are closed."""

    topic: ClassVar[str] = "content.deleted"

    deleted_by: str
    purge_at: str
    needs_statement: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRestored(ContentEvent):
    """A rejection or a deletion was taken back."""

    topic: ClassVar[str] = "content.restored"

    reverts: int
    is_appeal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealEvent(Event):
    """Base: names the appeal, what it is against, and where it stands after the event."""

    topic: ClassVar[str] = "appeal"

    appeal_id: str
    content_id: str
    sequence: int
    appellant_id: str
    state: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealSubmitted(AppealEvent):
    topic: ClassVar[str] = "appeal.submitted"

    answer_due_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealRefused(AppealEvent):
    """It can't be looked into."""

    topic: ClassVar[str] = "appeal.inadmissible"

    ground: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealUnderReview(AppealEvent):
    topic: ClassVar[str] = "appeal.under_review"

    reviewer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealDecided(AppealEvent):
    """It is answered: with reasons, what is taken back, and the way out of court (Art. 21)."""

    topic: ClassVar[str] = "appeal.decided"

    reasons: str
    restores_content: bool
    cancels: list[str]
    names_out_of_court_settlement: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealWithdrawn(AppealEvent):
    topic: ClassVar[str] = "appeal.withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealOverdue(AppealEvent):
    """Nobody answered in time. The appeal stays open."""

    topic: ClassVar[str] = "appeal.overdue"

    answer_due_at: str
