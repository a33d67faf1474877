"""Deleting, and taking a rejection or a deletion back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.moderation.actors import Capacity, check_moderator
from saaskit_core.moderation.contents import Content, DeletedBy, Revision
from saaskit_core.moderation.deadlines import appeal_window_ends_at, days_after
from saaskit_core.moderation.events import ContentDeleted, ContentRestored
from saaskit_core.moderation.moves import Moderated, Move, told
from saaskit_core.moderation.reasons import InvalidReason
from saaskit_core.moderation.reviewing import approved
from saaskit_core.moderation.states import ModerationStatus

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.moderation import steps as asked
    from saaskit_core.moderation.reasons import Reason


class RetentionOver(SaasKitError):
    code = "retention_over"
    kind = ErrorKind.CONFLICT
    template = "The deleted content is kept no longer."


class LegalRemoval(SaasKitError):
    code = "legal_removal"
    kind = ErrorKind.FORBIDDEN
    template = "What was deleted by order of the law is restored by an admin or by legal."


def delete(move: Move, step: asked.Delete) -> Moderated:
    """Leave a tombstone; its snapshot is kept while one may appeal. The author's is final."""
    content = move.content
    by = _deleter(move)
    move.check_allowed()
    if by is not DeletedBy.AUTHOR and step.reason is None:
        raise InvalidReason(problem="staff give one when they delete", pointer="/reason_code")
    purge_at = _purge_at(move, by)
    after = replace(
        content,
        status=ModerationStatus.DELETED,
        deleted_from=content.status,
        deleted_by=by,
        removed_by=content.version + 1,
        purge_at=purge_at,
        judged=_affected(content),
    )
    after, decision = move.decided(after, reason=step.reason, expires_at=purge_at)
    event = told(
        ContentDeleted,
        after,
        decision,
        deleted_by=str(by),
        purge_at=purge_at.isoformat(),
        needs_statement=decision.needs_statement,
    )
    return Moderated(content=after, decision=decision, events=(event,))


def restore(move: Move, step: asked.Restore) -> Moderated:
    """Bring deleted content back to where it stood."""
    content, context = move.content, move.context
    check_moderator(context.actor, author_id=content.author_id, action="restore")
    move.check_allowed()
    _check_restorable(move)
    is_senior = context.actor.capacity in (Capacity.ADMIN, Capacity.LEGAL)
    if content.deleted_by is DeletedBy.LEGAL and not is_senior:
        raise LegalRemoval()
    return _taken_back(move, _undeleted(move), step.reason, content.removed_by)


def reinstate(move: Move, step: asked.Reinstate) -> Moderated:
    """Let rejected content through after all."""
    content = move.content
    check_moderator(move.context.actor, author_id=content.author_id, action="reinstate")
    move.check_allowed()
    return _taken_back(move, approved(content, content.judged), step.reason, content.rejected_by)


def overturn(move: Move, step: asked.Overturn) -> Moderated:
    """Take back the decision that an appeal was won against.

    An older rejection beneath a deletion leaves it deleted: what a restoration leads to changes.
    """
    content = move.content
    check_moderator(move.context.actor, author_id=content.author_id, action="overturn")
    move.check_allowed()
    is_deleted = content.status is ModerationStatus.DELETED
    if is_deleted:
        _check_restorable(move)
    if is_deleted and step.sequence == content.removed_by:
        after = _undeleted(move)
    elif step.sequence != content.rejected_by:
        raise move.refusal("another decision is in force")
    elif is_deleted:
        after = replace(
            content,
            deleted_from=ModerationStatus.APPROVED,
            approved=content.judged,
            rejected_by=None,
        )
    else:
        after = approved(content, content.judged)
    return _taken_back(move, after, step.reason, step.sequence, is_appeal=True)


def _taken_back(
    move: Move,
    after: Content,
    reason: Reason,
    reverts: int | None,
    *,
    is_appeal: bool = False,
) -> Moderated:
    after, decision = move.decided(after, reason=reason, reverts=reverts)
    event = told(
        ContentRestored, after, decision, reverts=decision.reverts or 0, is_appeal=is_appeal
    )
    return Moderated(content=after, decision=decision, events=(event,))


def _deleter(move: Move) -> DeletedBy:
    actor, content = move.context.actor, move.content
    if actor.is_human and actor.id == content.author_id:
        return DeletedBy.AUTHOR
    check_moderator(actor, author_id=content.author_id, action="delete")
    return DeletedBy.LEGAL if actor.capacity is Capacity.LEGAL else DeletedBy.STAFF


def _affected(content: Content) -> Revision:
    if content.status is ModerationStatus.REJECTED:
        return content.judged
    return content.approved or content.latest


def _purge_at(move: Move, by: DeletedBy) -> datetime:
    """Keep for the retention, and where an appeal is possible for its window too."""
    now, policy = move.context.now, move.context.policy
    kept_until = days_after(now, policy.retention_days)
    is_appealable = by is not DeletedBy.AUTHOR or move.content.rejected_by is not None
    if not is_appealable:
        return kept_until
    return max(kept_until, appeal_window_ends_at(now, policy=policy))


def _check_restorable(move: Move) -> None:
    content = move.content
    if content.deleted_by is DeletedBy.AUTHOR:
        raise move.refusal("its author deleted it for good")
    if content.purge_at is not None and move.context.now >= content.purge_at:
        raise RetentionOver()


def _undeleted(move: Move) -> Content:
    content = move.content
    back_to = content.deleted_from or ModerationStatus.PENDING
    waits_for_author = ModerationStatus.CHANGES_REQUESTED in (back_to, content.waiting)
    due_at = days_after(move.context.now, move.context.policy.changes_days)
    return replace(
        content,
        status=back_to,
        deleted_from=None,
        deleted_by=None,
        removed_by=None,
        purge_at=None,
        changes_due_at=due_at if waits_for_author else None,
    )
