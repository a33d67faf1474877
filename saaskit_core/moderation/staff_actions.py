"""What moderators say over REST, in four words, as the steps that they mean."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.moderation.reasons import InvalidReason, Reason
from saaskit_core.moderation.states import ModerationStatus
from saaskit_core.moderation.steps import (
    Approve,
    Delete,
    Reinstate,
    Reject,
    RequestChanges,
    Restore,
    Step,
    TakeDown,
)

if TYPE_CHECKING:
    from saaskit_core.moderation.contents import Content


class StaffAction(StrEnum):
    """The contract's exact wire values."""

    APPROVE = "approve"
    REJECT = "reject"
    DELETE = "delete"
    REQUEST_CHANGES = "request_changes"


def staff_step(
    action: StaffAction, content: Content, *, reason: Reason | None = None, note: str = ""
) -> Step:
    """Return the step that a moderator means, given where the content stands.

    Approving what is rejected reinstates it, and what is deleted restores it; rejecting what is
    approved takes it down, unless an edit of it waits. Raises InvalidReason where a reason is
    needed, NoteRequired and TextTooLong for `request_changes`.
    """
    match action:
        case StaffAction.APPROVE:
            return _approval(content, reason)
        case StaffAction.REJECT:
            is_visible = content.status is ModerationStatus.APPROVED and content.waiting is None
            return TakeDown(reason=_given(reason)) if is_visible else Reject(reason=_given(reason))
        case StaffAction.DELETE:
            return Delete(reason=reason)
        case StaffAction.REQUEST_CHANGES:
            return RequestChanges(note=note)


def _approval(content: Content, reason: Reason | None) -> Step:
    if content.status is ModerationStatus.REJECTED:
        return Reinstate(reason=_given(reason))
    if content.status is ModerationStatus.DELETED:
        return Restore(reason=_given(reason))
    return Approve(reason=reason)


def _given(reason: Reason | None) -> Reason:
    if reason is None:
        raise InvalidReason(problem="one is needed", pointer="/reason_code")
    return reason
