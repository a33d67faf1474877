"""`submit` and `moderate`: the pure functions that make and move content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.moderation import authoring, reviewing, undoing
from saaskit_core.moderation import steps as asked
from saaskit_core.moderation.moves import Context, Moderated, Move, started
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from saaskit_core.moderation.contents import Content
    from saaskit_core.moderation.rules.verdicts import Verdict

MAX_BULK = 1000


class ContentChangedMeanwhile(SaasKitError):
    code = "content_changed_meanwhile"
    kind = ErrorKind.CONFLICT
    template = "The content was decided on or edited by someone else; read it again."


class TooManyAtOnce(SaasKitError):
    code = "too_many_at_once"
    kind = ErrorKind.TOO_LARGE
    template = "At most %(most)s items can be decided at once."


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """What became of one item of a bulk decision: moved, or refused with a named error."""

    content_id: str
    moderated: Moderated | None = None
    error: SaasKitError | None = None


def submit(
    *,
    content_id: str,
    content_type: str,
    author_id: str,
    snapshot_hash: str,
    verdict: Verdict,
    context: Context,
) -> Moderated:
    """Take new content in: approved, waiting or rejected, as the rules' verdict says."""
    return authoring.submit(
        started(content_id, content_type, author_id, snapshot_hash), verdict, context
    )


def moderate(content: Content, step: asked.Step, *, context: Context) -> Moderated:
    """Apply one step: the new content, the decision to append to the log, the events to tell.

    `context.expected_version` is compared first (None leaves that to the caller). Raises
    ContentChangedMeanwhile, InvalidModerationTransition for what isn't in the table, and the error
    that says why this actor or this moment won't do. Whoever may not act is told so first.
    """
    expected = context.expected_version
    if expected is not None and expected != content.version:
        raise ContentChangedMeanwhile()
    return RULES[type(step)](Move(content=content, step=step, context=context), step)


def moderate_all(
    contents: Sequence[tuple[Content, int | None]],
    step: asked.Step,
    *,
    context: Context,
) -> tuple[ItemResult, ...]:
    """Apply one step to many (content, expected version): each succeeds or fails by itself.

    Give `context.bulk_parent` a reference that all the decisions then share. Raises TooManyAtOnce,
    and nothing else that is about one item.
    """
    if len(contents) > MAX_BULK:
        raise TooManyAtOnce(most=MAX_BULK)
    utc(context.now)
    return tuple(_one(content, step, context.expecting(version)) for content, version in contents)


def _one(content: Content, step: asked.Step, context: Context) -> ItemResult:
    try:
        return ItemResult(content_id=content.id, moderated=moderate(content, step, context=context))
    except SaasKitError as error:
        return ItemResult(content_id=content.id, error=error)


RULES: dict[type[asked.Step], Callable[[Move, Any], Moderated]] = {
    asked.Approve: reviewing.approve,
    asked.Reject: reviewing.reject,
    asked.RequestChanges: reviewing.request_changes,
    asked.TakeDown: reviewing.take_down,
    asked.ReportsReached: reviewing.reports_reached,
    asked.Rescanned: reviewing.rescanned,
    asked.Resubmit: authoring.resubmit,
    asked.Edit: authoring.edit,
    asked.Expire: authoring.expire,
    asked.Delete: undoing.delete,
    asked.Restore: undoing.restore,
    asked.Reinstate: undoing.reinstate,
    asked.Overturn: undoing.overturn,
}
"""What is asked for → its rule."""
