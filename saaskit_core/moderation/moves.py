"""What every rule of the moderation table is given, returns and shares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.moderation.actors import SYSTEM, Actor
from saaskit_core.moderation.contents import Content, Revision
from saaskit_core.moderation.decisions import Decision, RuleReference
from saaskit_core.moderation.policies import DEFAULT_POLICY, ModerationPolicy
from saaskit_core.moderation.states import ALLOWED, Action, ModerationStatus
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.moderation.events import ContentEvent
    from saaskit_core.moderation.reasons import Reason
    from saaskit_core.moderation.rules.verdicts import Verdict
    from saaskit_core.moderation.steps import Step

MAX_ID = 255


class InvalidModerationTransition(SaasKitError):
    code = "invalid_moderation_transition"
    kind = ErrorKind.CONFLICT
    template = "%(action)s is not possible while the content is %(status)s%(because)s."


class InvalidContent(SaasKitError):
    code = "invalid_content"
    template = "The content can't be moderated: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Who acts, when, on which version, under which request and policy."""

    now: datetime
    actor: Actor = SYSTEM
    policy: ModerationPolicy = DEFAULT_POLICY
    expected_version: int | None = None
    request_id: str = ""
    bulk_parent: str = ""

    def __post_init__(self) -> None:
        """Bring the instant to UTC. Raises NaiveDatetime."""
        object.__setattr__(self, "now", utc(self.now))

    def expecting(self, version: int | None) -> Context:
        """Return the same context for content that was read at `version`."""
        return replace(self, expected_version=version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderated:
    """What a step led to: the new content, the decision to append, the events to tell."""

    content: Content
    decision: Decision
    events: tuple[ContentEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One step on one content, by somebody, at an instant."""

    content: Content
    step: Step
    context: Context

    @property
    def action(self) -> Action:
        """The row of the table."""
        return self.step.action

    def check_allowed(self) -> None:
        """Refuse what the table has no row for. Raises InvalidModerationTransition."""
        if (self.content.status, self.action) not in ALLOWED:
            raise self.refusal()

    def refusal(self, because: str = "") -> InvalidModerationTransition:
        """Say that the step doesn't fit, and optionally why."""
        return InvalidModerationTransition(
            action=self.action,
            status=self.content.status,
            because=f": {because}" if because else "",
        )

    def decided(
        self,
        after: Content,
        *,
        reason: Reason | None = None,
        verdict: Verdict | None = None,
        reverts: int | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[Content, Decision]:
        """Count the decision in the new content's version and write it down."""
        after = replace(after, version=self.content.version + 1)
        return after, record(
            after,
            action=self.action,
            from_status=self.content.status,
            context=self.context,
            reason=reason,
            verdict=verdict,
            reverts=reverts,
            expires_at=expires_at,
        )


def record(
    after: Content,
    *,
    action: Action,
    from_status: ModerationStatus | None,
    context: Context,
    reason: Reason | None = None,
    verdict: Verdict | None = None,
    reverts: int | None = None,
    expires_at: datetime | None = None,
) -> Decision:
    """Write down the decision that led to `after`."""
    is_author = context.actor.is_human and context.actor.id == after.author_id
    return Decision(
        content_id=after.id,
        sequence=after.version,
        at=context.now,
        actor=context.actor,
        action=action,
        from_status=from_status,
        to_status=after.status,
        revision=after.judged,
        reason=reason,
        rules=references(verdict),
        reverts=reverts,
        bulk_parent=context.bulk_parent,
        expires_at=expires_at,
        request_id=context.request_id,
        is_by_author=is_author and action is Action.DELETE,
    )


def told(
    kind: type[ContentEvent], after: Content, decision: Decision, **extra: object
) -> ContentEvent:
    """Make the event of `kind` about `after`."""
    return kind(
        aggregate=f"content:{after.content_type}:{after.id}",
        occurred_at=decision.at,
        content_id=after.id,
        content_type=after.content_type,
        author_id=after.author_id,
        sequence=decision.sequence,
        status=str(after.status),
        shown_as=str(after.shown_as),
        actor=decision.actor.reference,
        reason_code=decision.reason.code if decision.reason else "",
        request_id=decision.request_id,
        **extra,
    )


def references(verdict: Verdict | None) -> tuple[RuleReference, ...]:
    """Name the rules that spoke, with their versions; those on trial left out."""
    if verdict is None:
        return ()
    return tuple(
        RuleReference(rule_id=hit.rule_id, version=hit.rule_version) for hit in verdict.hits
    )


def started(content_id: str, content_type: str, author_id: str, digest: str) -> Content:
    """Return content before its first decision. Raises InvalidContent."""
    for name, value in (
        ("id", content_id),
        ("type", content_type),
        ("author", author_id),
        ("snapshot hash", digest),
    ):
        check_id(name, value)
    first = Revision(number=1, snapshot_hash=digest)
    return Content(
        id=content_id,
        content_type=content_type,
        author_id=author_id,
        status=ModerationStatus.PENDING,
        version=1,
        latest=first,
        judged=first,
    )


def check_id(name: str, value: str) -> None:
    """Refuse an empty or an endless id. Raises InvalidContent."""
    if not value or len(value) > MAX_ID:
        raise InvalidContent(problem=f"its {name} has 1 to {MAX_ID} characters")
