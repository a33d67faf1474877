"""What authors do to their content, and what happens when they don't."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saaskit_core.moderation.actors import SYSTEM, check_author, check_automatic
from saaskit_core.moderation.contents import Content, Revision
from saaskit_core.moderation.events import ContentApproved, ContentHeld, ContentRejected
from saaskit_core.moderation.moves import Context, Moderated, Move, check_id, record, told
from saaskit_core.moderation.reasons import Reason
from saaskit_core.moderation.reviewing import rejected, revision_rejected, verdict_reason
from saaskit_core.moderation.rules.verdicts import Outcome
from saaskit_core.moderation.states import Action, ModerationStatus, Remoderation

if TYPE_CHECKING:
    from saaskit_core.moderation import steps as asked
    from saaskit_core.moderation.events import ContentEvent
    from saaskit_core.moderation.rules.verdicts import Verdict

_SUBMITTED = {
    Outcome.ALLOW: ModerationStatus.APPROVED,
    Outcome.HOLD: ModerationStatus.PENDING,
    Outcome.BLOCK: ModerationStatus.REJECTED,
}


def submit(new: Content, verdict: Verdict, context: Context) -> Moderated:
    """Take new content in as the rules say; whoever wrote it, the system decided."""
    context = replace(context, actor=SYSTEM)
    status = _SUBMITTED[verdict.outcome]
    after = replace(
        new,
        status=status,
        approved=new.latest if status is ModerationStatus.APPROVED else None,
        rejected_by=1 if status is ModerationStatus.REJECTED else None,
    )
    reason = None if status is ModerationStatus.APPROVED else verdict_reason(verdict)
    decision = record(
        after,
        action=Action.SUBMIT,
        from_status=None,
        context=context,
        reason=reason,
        verdict=verdict,
    )
    rules = [str(rule) for rule in decision.rules]
    event: ContentEvent
    if status is ModerationStatus.APPROVED:
        event = told(ContentApproved, after, decision, revision=1, is_flagged=verdict.is_flagged)
    elif status is ModerationStatus.PENDING:
        event = told(ContentHeld, after, decision, revision=1, rules=rules)
    else:
        event = told(
            ContentRejected, after, decision, revision=1, rules=rules, needs_statement=True
        )
    return Moderated(content=after, decision=decision, events=(event,))


def resubmit(move: Move, step: asked.Resubmit) -> Moderated:
    """Put the changed revision back into the queue."""
    _check_own(move, "resubmit", step.snapshot_hash)
    content = move.content
    requested = ModerationStatus.CHANGES_REQUESTED
    behind = content.status is ModerationStatus.APPROVED
    if behind and content.waiting is not requested:
        raise move.refusal("no changes were asked for")
    return _waits(move, step.snapshot_hash, step.verdict, behind=behind)


def edit(move: Move, step: asked.Edit) -> Moderated:
    """Put an edit into the queue; whether the approved revision stays visible is a policy."""
    _check_own(move, "edit", step.snapshot_hash)
    shows = move.context.policy.remoderation is Remoderation.SHOW_APPROVED
    behind = move.content.status is ModerationStatus.APPROVED and shows
    return _waits(move, step.snapshot_hash, step.verdict, behind=behind)


def expire(move: Move, _: asked.Expire) -> Moderated:
    """Reject what its author didn't change in time."""
    content = move.content
    check_automatic(move.context.actor, author_id=content.author_id, action="Expiry")
    move.check_allowed()
    due_at = content.changes_due_at
    if due_at is None or move.context.now < due_at:
        raise move.refusal("the date hasn't come")
    reason = Reason(code="expired", text="The changes asked for were not made in time.")
    if content.status is ModerationStatus.APPROVED:
        return revision_rejected(move, reason)
    return rejected(move, content, reason)


def _check_own(move: Move, action: str, digest: str) -> None:
    check_author(move.context.actor, author_id=move.content.author_id, action=action)
    move.check_allowed()
    check_id("snapshot hash", digest)


def _waits(move: Move, digest: str, verdict: Verdict | None, *, behind: bool) -> Moderated:
    content = move.content
    revision = Revision(number=content.latest.number + 1, snapshot_hash=digest)
    after = replace(
        content,
        status=ModerationStatus.APPROVED if behind else ModerationStatus.PENDING,
        waiting=ModerationStatus.PENDING if behind else None,
        latest=revision,
        judged=revision,
        changes_due_at=None,
    )
    after, decision = move.decided(after, verdict=verdict)
    event = told(
        ContentHeld,
        after,
        decision,
        revision=revision.number,
        rules=[str(rule) for rule in decision.rules],
    )
    return Moderated(content=after, decision=decision, events=(event,))
