"""What moderators, readers' reports and a second look of the rules do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.moderation.actors import check_automatic, check_moderator
from saaskit_core.moderation.contents import Content, Reopened, Revision
from saaskit_core.moderation.deadlines import days_after
from saaskit_core.moderation.events import (
    ContentApproved,
    ContentChangesRequested,
    ContentRejected,
    ContentReopened,
    RevisionRejected,
)
from saaskit_core.moderation.moves import Moderated, Move, told
from saaskit_core.moderation.reasons import Reason
from saaskit_core.moderation.reports import report_score
from saaskit_core.moderation.rules.verdicts import Outcome
from saaskit_core.moderation.states import ModerationStatus

if TYPE_CHECKING:
    from saaskit_core.moderation import steps as asked
    from saaskit_core.moderation.rules.verdicts import Verdict


class NotEnoughReports(SaasKitError):
    code = "not_enough_reports"
    kind = ErrorKind.CONFLICT
    template = "The reports weigh %(score)s, less than the threshold of %(threshold)s."


def approve(move: Move, step: asked.Approve) -> Moderated:
    """Let the newest revision through."""
    content = _decidable(move)
    after, decision = move.decided(approved(content, content.latest), reason=step.reason)
    event = told(ContentApproved, after, decision, revision=after.judged.number)
    return Moderated(content=after, decision=decision, events=(event,))


def reject(move: Move, step: asked.Reject) -> Moderated:
    """Refuse the newest revision; one that is approved stays visible."""
    content = _decidable(move)
    if content.waiting is not None:
        return revision_rejected(move, step.reason)
    return rejected(move, replace(content, judged=content.latest), step.reason)


def request_changes(move: Move, step: asked.RequestChanges) -> Moderated:
    """Send the newest revision back to its author, with a note and a date."""
    content = _decidable(move)
    due_at = days_after(move.context.now, move.context.policy.changes_days)
    requested = ModerationStatus.CHANGES_REQUESTED
    behind = content.waiting is not None
    after = replace(
        content,
        status=content.status if behind else requested,
        waiting=requested if behind else None,
        judged=content.latest,
        reopened=None,
        changes_due_at=due_at,
    )
    reason = Reason(code="changes_requested", text=step.note)
    after, decision = move.decided(after, reason=reason, expires_at=due_at)
    event = told(
        ContentChangesRequested, after, decision, note=step.note, due_at=due_at.isoformat()
    )
    return Moderated(content=after, decision=decision, events=(event,))


def take_down(move: Move, step: asked.TakeDown) -> Moderated:
    """Take approved content down, and what waits behind it."""
    content = move.content
    check_moderator(move.context.actor, author_id=content.author_id, action="take down")
    move.check_allowed()
    return rejected(move, replace(content, judged=content.approved or content.latest), step.reason)


def reports_reached(move: Move, step: asked.ReportsReached) -> Moderated:
    """Open approved content again once the reports weigh enough."""
    content, policy = move.content, move.context.policy
    check_automatic(move.context.actor, author_id=content.author_id, action="Flagging")
    move.check_allowed()
    score = report_score(step.reports, author_id=content.author_id)
    if score < policy.flag_threshold:
        raise NotEnoughReports(score=str(score), threshold=policy.flag_threshold)
    reason = Reason(code="reported", text=f"{len(step.reports)} reports, weight {score}")
    return _reopened(move, Reopened.REPORTS, reason)


def rescanned(move: Move, step: asked.Rescanned) -> Moderated:
    """Open approved content again when the rules no longer let it through."""
    content = move.content
    check_automatic(move.context.actor, author_id=content.author_id, action="Rescanning")
    move.check_allowed()
    if step.verdict.outcome is Outcome.ALLOW:
        raise move.refusal("the rules let it through")
    return _reopened(move, Reopened.RESCAN, verdict_reason(step.verdict), step.verdict)


def approved(content: Content, shown: Revision) -> Content:
    """Return the content with the revision visible and all else settled."""
    return replace(
        content,
        status=ModerationStatus.APPROVED,
        approved=shown,
        judged=shown,
        waiting=None,
        reopened=None,
        changes_due_at=None,
        rejected_by=None,
    )


def rejected(move: Move, content: Content, reason: Reason) -> Moderated:
    """Write down that `content.judged` is refused."""
    after = replace(
        content,
        status=ModerationStatus.REJECTED,
        waiting=None,
        reopened=None,
        changes_due_at=None,
        rejected_by=move.content.version + 1,
    )
    after, decision = move.decided(after, reason=reason)
    event = told(
        ContentRejected,
        after,
        decision,
        revision=after.judged.number,
        rules=[],
        needs_statement=decision.needs_statement,
    )
    return Moderated(content=after, decision=decision, events=(event,))


def revision_rejected(move: Move, reason: Reason) -> Moderated:
    """Write down that an edit is refused while the approved revision stays."""
    content = move.content
    after = replace(content, judged=content.latest, waiting=None, changes_due_at=None)
    after, decision = move.decided(after, reason=reason)
    event = told(RevisionRejected, after, decision, revision=content.latest.number)
    return Moderated(content=after, decision=decision, events=(event,))


def verdict_reason(verdict: Verdict) -> Reason:
    """Word the reason that the rules give: that of the first one that led to the outcome."""
    hit = verdict.leading
    if hit is None:
        return Reason(code="too_long_for_rules", text="The text is longer than rules read.")
    return Reason(code=hit.reason_code, text=hit.explanation, policy_ids=hit.policy_ids)


def _decidable(move: Move) -> Content:
    """Check actor and state; of approved content only a revision that waits can be decided."""
    content = move.content
    check_moderator(
        move.context.actor, author_id=content.author_id, action=move.action.replace("_", " ")
    )
    move.check_allowed()
    if (
        content.status is ModerationStatus.APPROVED
        and content.waiting is not ModerationStatus.PENDING
    ):
        raise move.refusal("no revision waits")
    return content


def _reopened(
    move: Move, because: Reopened, reason: Reason, verdict: Verdict | None = None
) -> Moderated:
    content = move.content
    after = replace(
        content,
        status=ModerationStatus.PENDING,
        reopened=because,
        waiting=None,
        changes_due_at=None,
        judged=content.approved or content.latest,
    )
    after, decision = move.decided(after, reason=reason, verdict=verdict)
    event = told(
        ContentReopened,
        after,
        decision,
        because=str(because),
        rules=[str(rule) for rule in decision.rules],
    )
    return Moderated(content=after, decision=decision, events=(event,))
