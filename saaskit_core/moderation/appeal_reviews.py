"""How appeals are looked into: admissible or not, taken by a reviewer, answered with reasons."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.moderation.actors import Actor, NotAModerator, OwnContent
from saaskit_core.moderation.appeals import (
    ANSWERS,
    Appeal,
    AppealMove,
    AppealState,
    Inadmissible,
    InvalidAppealMove,
    Resolution,
    SideEffect,
    appeal_told,
    moved,
)
from saaskit_core.moderation.events import (
    AppealDecided,
    AppealOverdue,
    AppealRefused,
    AppealUnderReview,
    AppealWithdrawn,
)
from saaskit_core.moderation.reasons import TextTooLong
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from saaskit_core.moderation.policies import ModerationPolicy

MAX_REASONS = 5000


class SameReviewer(SaasKitError):
    code = "same_reviewer"
    kind = ErrorKind.FORBIDDEN
    template = "Whoever took a decision doesn't answer the appeal against it."


class NotTheReviewer(SaasKitError):
    code = "not_the_reviewer"
    kind = ErrorKind.FORBIDDEN
    template = "Another moderator is answering this appeal."


class NotTheAppellant(SaasKitError):
    code = "not_the_appellant"
    kind = ErrorKind.FORBIDDEN
    template = "Only who appealed can withdraw the appeal."


class ReasonsRequired(SaasKitError):
    code = "reasons_required"
    template = "An appeal is answered with reasons."


class InvalidAppealAnswer(SaasKitError):
    code = "invalid_appeal_answer"
    template = "The answer doesn't fit: %(problem)s."


class UnknownSideEffect(SaasKitError):
    code = "unknown_side_effect"
    template = "The decision had no effect called %(effect)s."


def assess(appeal: Appeal, *, author_id: str, is_reversed: bool, now: datetime) -> AppealMove:
    """Check at once whether the appeal can be looked into.

    It can't when it isn't from the author affected, or when the decision was taken back meanwhile.
    """
    ground: Inadmissible | None = None
    if appeal.appellant_id != author_id:
        ground = Inadmissible.NOT_AFFECTED
    elif is_reversed:
        ground = Inadmissible.ALREADY_REVERSED
    if ground is None:
        return AppealMove(appeal=moved(appeal, AppealState.ADMISSIBLE))
    refused = moved(appeal, AppealState.INADMISSIBLE, ground=ground, decided_at=utc(now))
    event = appeal_told(AppealRefused, refused, utc(now), ground=str(ground))
    return AppealMove(appeal=refused, events=(event,))


def take_review(
    appeal: Appeal, actor: Actor, *, now: datetime, policy: ModerationPolicy
) -> AppealMove:
    """Give the appeal to a reviewer. Raises NotAModerator, OwnContent, SameReviewer."""
    check_reviewer(appeal, actor, policy=policy)
    taken = moved(appeal, AppealState.UNDER_REVIEW, reviewer_id=actor.id)
    event = appeal_told(AppealUnderReview, taken, utc(now), reviewer_id=actor.id)
    return AppealMove(appeal=taken, events=(event,))


def answer(
    appeal: Appeal,
    outcome: AppealState,
    *,
    reasons: str,
    actor: Actor,
    now: datetime,
    policy: ModerationPolicy,
    restores_content: bool = False,
    cancels: Collection[str] = (),
) -> AppealMove:
    """Answer an appeal, with reasons: upheld, overturned, or partially overturned.

    Overturned restores the content and cancels every side effect. Partially overturned restores it
    only with `restores_content`, and cancels the side effects named in `cancels`. Raises as
    `take_review`, NotTheReviewer, InvalidAppealMove, ReasonsRequired, TextTooLong,
    InvalidAppealAnswer, UnknownSideEffect.
    """
    check_reviewer(appeal, actor, policy=policy)
    if outcome not in ANSWERS:
        raise InvalidAppealMove(state=appeal.state, target=outcome)
    words = _check_reasons(reasons)
    answered = moved(appeal, outcome, reasons=words, decided_at=utc(now))
    if appeal.reviewer_id != actor.id:
        raise NotTheReviewer()
    resolution = _resolution(appeal, outcome, restores=restores_content, cancels=cancels)
    event = appeal_told(
        AppealDecided,
        answered,
        utc(now),
        reasons=words,
        restores_content=resolution.overturns is not None,
        cancels=[effect.id for effect in resolution.cancelled],
    )
    return AppealMove(appeal=answered, events=(event,), resolution=resolution)


def withdraw(appeal: Appeal, actor: Actor, *, now: datetime) -> AppealMove:
    """Take an open appeal back. Raises NotTheAppellant, InvalidAppealMove."""
    if not actor.is_human or actor.id != appeal.appellant_id:
        raise NotTheAppellant()
    withdrawn = moved(appeal, AppealState.WITHDRAWN, decided_at=utc(now))
    event = appeal_told(AppealWithdrawn, withdrawn, utc(now))
    return AppealMove(appeal=withdrawn, events=(event,))


def flag_overdue(appeal: Appeal, *, now: datetime) -> AppealMove:
    """Flag an open appeal that nobody answered in time, once. It is never rejected by time."""
    is_due = appeal.state.is_open and utc(now) >= appeal.answer_due_at
    if not is_due or appeal.overdue_since is not None:
        return AppealMove(appeal=appeal)
    flagged = replace(appeal, overdue_since=appeal.answer_due_at, version=appeal.version + 1)
    due_at = appeal.answer_due_at.isoformat()
    event = appeal_told(AppealOverdue, flagged, utc(now), answer_due_at=due_at)
    return AppealMove(appeal=flagged, events=(event,))


def check_reviewer(appeal: Appeal, actor: Actor, *, policy: ModerationPolicy) -> None:
    """Refuse whoever may not answer: a machine, the appellant, who took the decision.

    A site with one moderator allows the last (`allow_same_reviewer`). Art. 20(6) asks for people.
    """
    if not actor.is_moderator:
        raise NotAModerator(action="answer appeals about")
    if actor.id == appeal.appellant_id:
        raise OwnContent()
    if actor.id == appeal.decider_id and not policy.allow_same_reviewer:
        raise SameReviewer()


def _check_reasons(reasons: str) -> str:
    if len(reasons) > MAX_REASONS:
        raise TextTooLong(what="The reasons", limit=MAX_REASONS, pointer="/reasons")
    words = reasons.strip()
    if not words:
        raise ReasonsRequired(pointer="/reasons")
    return words


def _resolution(
    appeal: Appeal, outcome: AppealState, *, restores: bool, cancels: Collection[str]
) -> Resolution:
    known = {effect.id: effect for effect in appeal.side_effects}
    unknown = next((each for each in cancels if each not in known), None)
    if unknown is not None:
        raise UnknownSideEffect(effect=unknown[:64])
    if outcome is AppealState.OVERTURNED:
        return Resolution(overturns=appeal.sequence, cancelled=appeal.side_effects)
    takes_back = restores or bool(cancels)
    if outcome is AppealState.UPHELD:
        if takes_back:
            raise InvalidAppealAnswer(problem="what is upheld takes nothing back")
        return Resolution(overturns=None, cancelled=())
    if not takes_back:
        raise InvalidAppealAnswer(problem="what is partially overturned takes something back")
    cancelled: tuple[SideEffect, ...] = tuple(known[each] for each in dict.fromkeys(cancels))
    return Resolution(overturns=appeal.sequence if restores else None, cancelled=cancelled)
