"""The moderation state machine: one table for core, rows and wire."""

from __future__ import annotations

from enum import StrEnum


class ModerationStatus(StrEnum):
    """Where a piece of content stands; the contract's exact wire values."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"
    DELETED = "deleted"


class ContentStatus(StrEnum):
    """What a reader of the API is shown; the contract's exact wire values."""

    DRAFT = "draft"
    PUBLISHED = "published"
    FLAGGED = "flagged"
    REMOVED = "removed"
    UNDER_REVIEW = "under_review"


class Action(StrEnum):
    """What may happen to content. Each one leaves a decision in the log."""

    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    REQUEST_CHANGES = "request_changes"
    RESUBMIT = "resubmit"
    EXPIRE = "expire"
    FLAG = "flag"
    RESCAN = "rescan"
    TAKE_DOWN = "takedown"
    EDIT = "edit"
    OVERTURN = "overturn"
    REINSTATE = "reinstate"
    DELETE = "delete"
    RESTORE = "restore"


class Remoderation(StrEnum):
    """What the public sees of approved content while its author's edit waits."""

    HIDE = "hide"
    SHOW_APPROVED = "show_approved"


_PENDING = frozenset({ModerationStatus.PENDING})
_APPROVED = frozenset({ModerationStatus.APPROVED})
_REJECTED = frozenset({ModerationStatus.REJECTED})
_DELETED = frozenset({ModerationStatus.DELETED})
_LIVING = frozenset(ModerationStatus) - _DELETED

ALLOWED: dict[tuple[ModerationStatus | None, Action], frozenset[ModerationStatus]] = {
    (None, Action.SUBMIT): _APPROVED | _PENDING | _REJECTED,
    (ModerationStatus.PENDING, Action.APPROVE): _APPROVED,
    (ModerationStatus.PENDING, Action.REJECT): _REJECTED,
    (ModerationStatus.PENDING, Action.REQUEST_CHANGES): frozenset(
        {ModerationStatus.CHANGES_REQUESTED}
    ),
    (ModerationStatus.PENDING, Action.EDIT): _PENDING,
    (ModerationStatus.CHANGES_REQUESTED, Action.RESUBMIT): _PENDING,
    (ModerationStatus.CHANGES_REQUESTED, Action.EXPIRE): _REJECTED,
    (ModerationStatus.APPROVED, Action.FLAG): _PENDING,
    (ModerationStatus.APPROVED, Action.RESCAN): _PENDING,
    (ModerationStatus.APPROVED, Action.TAKE_DOWN): _REJECTED,
    (ModerationStatus.APPROVED, Action.EDIT): _PENDING | _APPROVED,
    # While the approved revision stays visible, these decide on the one that waits behind it.
    (ModerationStatus.APPROVED, Action.APPROVE): _APPROVED,
    (ModerationStatus.APPROVED, Action.REJECT): _APPROVED,
    (ModerationStatus.APPROVED, Action.REQUEST_CHANGES): _APPROVED,
    (ModerationStatus.APPROVED, Action.RESUBMIT): _APPROVED,
    (ModerationStatus.APPROVED, Action.EXPIRE): _APPROVED,
    (ModerationStatus.REJECTED, Action.OVERTURN): _APPROVED,
    (ModerationStatus.REJECTED, Action.REINSTATE): _APPROVED,
    **{(status, Action.DELETE): _DELETED for status in _LIVING},
    (ModerationStatus.DELETED, Action.RESTORE): _LIVING,
    # Stays deleted when what was overturned is an older rejection beneath the deletion.
    (ModerationStatus.DELETED, Action.OVERTURN): frozenset(ModerationStatus),
}
"""(status, action) → statuses it may lead to; None is before the submission."""


def is_allowed(status: ModerationStatus | None, action: Action, to: ModerationStatus) -> bool:
    """Tell whether the table has a row for this move."""
    return to in ALLOWED.get((status, action), frozenset())


def shown_as(status: ModerationStatus | None, *, is_reported: bool = False) -> ContentStatus:
    """Return what the API shows for a status; None is a draft that was never submitted.

    `is_reported` says that readers' reports re-opened it.
    """
    if status is None:
        return ContentStatus.DRAFT
    if status is ModerationStatus.PENDING and is_reported:
        return ContentStatus.FLAGGED
    return _SHOWN[status]


_SHOWN = {
    ModerationStatus.PENDING: ContentStatus.UNDER_REVIEW,
    ModerationStatus.CHANGES_REQUESTED: ContentStatus.UNDER_REVIEW,
    ModerationStatus.APPROVED: ContentStatus.PUBLISHED,
    ModerationStatus.REJECTED: ContentStatus.REMOVED,
    ModerationStatus.DELETED: ContentStatus.REMOVED,
}
