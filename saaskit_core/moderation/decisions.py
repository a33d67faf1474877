"""The decision log: append-only records from which the status can be worked out again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.moderation.states import Action, ModerationStatus, is_allowed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saaskit_core.moderation.actors import Actor
    from saaskit_core.moderation.contents import Revision
    from saaskit_core.moderation.reasons import Reason


class DecisionLogBroken(SaasKitError):
    code = "decision_log_broken"
    kind = ErrorKind.CONFLICT
    template = "The decision log is broken at entry %(sequence)s: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReference:
    """Which version of which rule led to a decision."""

    rule_id: str
    version: int

    def __str__(self) -> str:
        """Name both, such as "links@3"."""
        return f"{self.rule_id}@{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One entry of the log: who did what to which revision, from where to where, and why.

    `sequence` counts from 1 and is the content's version afterwards. `reverts` is the sequence of
    the decision that this one takes back. `expires_at` is when its effect ends: the date until
    which changes are awaited, or when a deleted snapshot is purged.
    """

    content_id: str
    sequence: int
    at: datetime
    actor: Actor
    action: Action
    from_status: ModerationStatus | None
    to_status: ModerationStatus
    revision: Revision
    reason: Reason | None = None
    rules: tuple[RuleReference, ...] = ()
    reverts: int | None = None
    bulk_parent: str = ""
    expires_at: datetime | None = None
    request_id: str = ""
    is_by_author: bool = False

    @property
    def is_revert(self) -> bool:
        """Whether it takes an earlier decision back."""
        return self.reverts is not None

    @property
    def is_adverse(self) -> bool:
        """Whether it took the content from its author, who may then appeal."""
        if self.is_by_author or self.from_status == self.to_status:
            return False
        return self.action in _ADVERSE and self.to_status in _TAKEN

    @property
    def needs_statement(self) -> bool:
        """Whether the author is owed a statement of reasons (Regulation 2022/2065, Art. 17)."""
        return self.is_adverse

    @property
    def is_automatic(self) -> bool:
        """Whether no person took it."""
        return not self.actor.is_human


_ADVERSE = frozenset({Action.SUBMIT, Action.REJECT, Action.EXPIRE, Action.TAKE_DOWN, Action.DELETE})
_TAKEN = frozenset({ModerationStatus.REJECTED, ModerationStatus.DELETED})


def replay(log: Iterable[Decision]) -> ModerationStatus | None:
    """Return the status that a content's decisions lead to, None for an empty log.

    Raises DecisionLogBroken where an entry is missing, out of order, of another content, or moves
    as the table doesn't.
    """
    status: ModerationStatus | None = None
    content_id: str | None = None
    for expected, decision in enumerate(log, start=1):
        content_id = decision.content_id if content_id is None else content_id
        problem = _problem(decision, expected=expected, content_id=content_id, status=status)
        if problem:
            raise DecisionLogBroken(sequence=decision.sequence, problem=problem)
        status = decision.to_status
    return status


def _problem(
    decision: Decision, *, expected: int, content_id: str, status: ModerationStatus | None
) -> str:
    if decision.sequence != expected:
        return f"number {expected} was expected"
    if decision.content_id != content_id:
        return "it is about other content"
    if decision.from_status != status:
        return f"it starts from {decision.from_status}, but the content was {status}"
    if not is_allowed(status, decision.action, decision.to_status):
        return f"{decision.action} can't lead from {status} to {decision.to_status}"
    return ""
