"""Appeals against decisions: one each, within a window, answered by another person, with reasons.

Regulation (EU) 2022/2065 (Digital Services Act), Articles 20 and 21.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.moderation.deadlines import appeal_window_ends_at, days_after
from saaskit_core.moderation.events import AppealSubmitted
from saaskit_core.moderation.reasons import TextTooLong
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from saaskit_core.moderation.decisions import Decision
    from saaskit_core.moderation.events import AppealEvent
    from saaskit_core.moderation.policies import ModerationPolicy

MAX_APPEAL_TEXT = 2000


class AppealWindowClosed(SaasKitError):
    code = "appeal_window_closed"
    kind = ErrorKind.CONFLICT
    template = "This decision could be appealed against until %(until)s."


class AppealExists(SaasKitError):
    code = "appeal_exists"
    kind = ErrorKind.CONFLICT
    template = "This decision was appealed against already."


class AppealNotPossible(SaasKitError):
    code = "appeal_not_possible"
    kind = ErrorKind.CONFLICT
    template = "There is nothing to appeal against: %(problem)s."


class AppealTextRequired(SaasKitError):
    code = "appeal_text_required"
    template = "Say why the decision is wrong."


class InvalidAppealMove(SaasKitError):
    code = "invalid_appeal_move"
    kind = ErrorKind.CONFLICT
    template = "An appeal that is %(state)s can't become %(target)s."


class AppealState(StrEnum):
    SUBMITTED = "submitted"
    ADMISSIBLE = "admissible"
    INADMISSIBLE = "inadmissible"
    UNDER_REVIEW = "under_review"
    UPHELD = "upheld"
    OVERTURNED = "overturned"
    PARTIALLY_OVERTURNED = "partially_overturned"
    WITHDRAWN = "withdrawn"

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer."""
        return bool(APPEAL_MOVES[self])

    @property
    def wire(self) -> AppealStatus:
        """The contract's status."""
        if self.is_open:
            return AppealStatus.PENDING
        return AppealStatus.ACCEPTED if self in _WON else AppealStatus.REJECTED


class AppealStatus(StrEnum):
    """The contract's exact wire values."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


_WON = frozenset({AppealState.OVERTURNED, AppealState.PARTIALLY_OVERTURNED})
ANSWERS = _WON | {AppealState.UPHELD}

APPEAL_MOVES: dict[AppealState, frozenset[AppealState]] = {
    AppealState.SUBMITTED: frozenset(
        {AppealState.ADMISSIBLE, AppealState.INADMISSIBLE, AppealState.WITHDRAWN}
    ),
    AppealState.ADMISSIBLE: frozenset({AppealState.UNDER_REVIEW, AppealState.WITHDRAWN}),
    AppealState.UNDER_REVIEW: ANSWERS | {AppealState.UNDER_REVIEW, AppealState.WITHDRAWN},
    AppealState.INADMISSIBLE: frozenset(),
    AppealState.UPHELD: frozenset(),
    AppealState.OVERTURNED: frozenset(),
    AppealState.PARTIALLY_OVERTURNED: frozenset(),
    AppealState.WITHDRAWN: frozenset(),
}
"""State → states it may move to. Under review it may change hands."""


class Inadmissible(StrEnum):
    """Why an appeal isn't looked into."""

    NOT_AFFECTED = "not_affected"
    ALREADY_REVERSED = "already_reversed"


class SideEffectKind(StrEnum):
    STRIKE = "strike"
    SILENCE = "silence"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class SideEffect:
    """What a decision did to its author besides: a strike, a silence. `id` is the host's."""

    id: str
    kind: SideEffectKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealRequest:
    """What an author asks: the new appeal's id, who, why, and when he was told of the decision."""

    id: str
    appellant_id: str
    text: str
    informed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """An appeal of `appellant_id` against one decision, numbered `sequence`, of one content.

    `decider_id` is who took that decision, "" for rules and time. `overdue_since` is only a flag.
    """

    id: str
    content_id: str
    sequence: int
    appellant_id: str
    text: str
    submitted_at: datetime
    answer_due_at: datetime
    decider_id: str = ""
    side_effects: tuple[SideEffect, ...] = ()
    state: AppealState = AppealState.SUBMITTED
    version: int = 1
    ground: Inadmissible | None = None
    reviewer_id: str = ""
    reasons: str = ""
    decided_at: datetime | None = None
    overdue_since: datetime | None = None

    @property
    def status(self) -> AppealStatus:
        """The contract's status."""
        return self.state.wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What follows from an answer: overturn the content's decision or not, what to cancel."""

    overturns: int | None
    cancelled: tuple[SideEffect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealMove:
    """The appeal after a move, what to tell, and what follows once it is answered."""

    appeal: Appeal
    events: tuple[AppealEvent, ...] = ()
    resolution: Resolution | None = None


def submit_appeal(
    decision: Decision,
    request: AppealRequest,
    *,
    now: datetime,
    policy: ModerationPolicy,
    earlier: Collection[Appeal] = (),
    side_effects: tuple[SideEffect, ...] = (),
) -> AppealMove:
    """Take an appeal in. The window runs from when the author was informed.

    `earlier` are the appeals there are about this content. Raises AppealNotPossible unless the
    decision is adverse, AppealExists, AppealWindowClosed, AppealTextRequired, TextTooLong.
    """
    now, words = utc(now), check_text(request.text)
    _check_possible(decision, request, earlier)
    ends_at = appeal_window_ends_at(request.informed_at, policy=policy)
    if now >= ends_at:
        raise AppealWindowClosed(until=ends_at.isoformat())
    appeal = Appeal(
        id=request.id,
        content_id=decision.content_id,
        sequence=decision.sequence,
        appellant_id=request.appellant_id,
        text=words,
        submitted_at=now,
        answer_due_at=days_after(now, policy.answer_days),
        decider_id=decision.actor.id if decision.actor.is_human else "",
        side_effects=side_effects,
    )
    due_at = appeal.answer_due_at.isoformat()
    return AppealMove(
        appeal=appeal, events=(appeal_told(AppealSubmitted, appeal, now, answer_due_at=due_at),)
    )


def _check_possible(
    decision: Decision, request: AppealRequest, earlier: Collection[Appeal]
) -> None:
    """Refuse what can't be appealed against. A stranger's appeal isn't in the author's way."""
    if not decision.is_adverse:
        raise AppealNotPossible(problem="the decision took nothing from its author")
    if utc(request.informed_at) < decision.at:
        raise AppealNotPossible(problem="nobody is informed before a decision")
    same = (decision.content_id, decision.sequence, request.appellant_id)
    if any((each.content_id, each.sequence, each.appellant_id) == same for each in earlier):
        raise AppealExists()


def moved(appeal: Appeal, state: AppealState, **changes: object) -> Appeal:
    """Return the appeal in another state. Raises InvalidAppealMove."""
    if state not in APPEAL_MOVES[appeal.state]:
        raise InvalidAppealMove(state=appeal.state, target=state)
    return replace(appeal, state=state, version=appeal.version + 1, **changes)  # type: ignore[arg-type]


def appeal_told(
    kind: type[AppealEvent], appeal: Appeal, at: datetime, **extra: object
) -> AppealEvent:
    """Make the event of `kind` about the appeal."""
    return kind(
        aggregate=f"appeal:{appeal.id}",
        occurred_at=at,
        appeal_id=appeal.id,
        content_id=appeal.content_id,
        sequence=appeal.sequence,
        appellant_id=appeal.appellant_id,
        state=str(appeal.state),
        status=str(appeal.status),
        **extra,
    )


def check_text(text: str) -> str:
    """Return the text without outer blanks. Raises AppealTextRequired, TextTooLong."""
    if len(text) > MAX_APPEAL_TEXT:
        raise TextTooLong(what="An appeal", limit=MAX_APPEAL_TEXT, pointer="/reason")
    words = text.strip()
    if not words:
        raise AppealTextRequired(pointer="/reason")
    return words
