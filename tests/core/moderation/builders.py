"""Content, actors and contexts for the tests of moderation."""

from datetime import UTC, datetime

from saaskit_core.moderation import (
    SYSTEM,
    Actor,
    Approve,
    Capacity,
    Context,
    Delete,
    ModerationPolicy,
    Reason,
    Reject,
    Remoderation,
    RequestChanges,
    TakeDown,
    moderate,
    submit,
)
from saaskit_core.moderation.rules import Done, Effect, Hit, Outcome, Verdict

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AUTHOR = Actor(id="author")
MODERATOR = Actor(id="mod", capacity=Capacity.MODERATOR)
OTHER = Actor(id="mod2", capacity=Capacity.MODERATOR)
ADMIN = Actor(id="admin", capacity=Capacity.ADMIN)
LEGAL = Actor(id="legal", capacity=Capacity.LEGAL)
READER = Actor(id="reader")
AUTHOR_WHO_MODERATES = Actor(id="author", capacity=Capacity.MODERATOR)
REASON = Reason(code="spam", text="It advertises.", policy_ids=("p1",))
DEFAULT = ModerationPolicy()
SHOWS_APPROVED = ModerationPolicy(remoderation=Remoderation.SHOW_APPROVED)


def verdict(outcome=Outcome.ALLOW, rule_id="links"):
    if outcome is Outcome.ALLOW:
        return Verdict(outcome=outcome)
    hit = Hit(
        rule_id=rule_id,
        rule_version=3,
        rule_type="links",
        effects=(Done(effect=Effect(outcome)),),
        spans=(),
        explanation="5 links, more than 2",
        reason_code="too_many_links",
        policy_ids=("p9",),
    )
    return Verdict(outcome=outcome, hits=(hit,))


def context(actor=SYSTEM, *, now=NOW, policy=DEFAULT, **rest):
    return Context(now=now, actor=actor, policy=policy, **rest)


def submitted(outcome=Outcome.HOLD, **rest):
    return submit(
        content_id="1",
        content_type="post",
        author_id="author",
        snapshot_hash="a" * 64,
        verdict=verdict(outcome),
        context=context(**rest),
    )


def step(content, asked, actor=MODERATOR, **rest):
    return moderate(content, asked, context=context(actor, **rest))


def in_status(name):
    """Content in a status, by the shortest way; "waiting" is approved with an edit behind it."""
    return history(name)[-1].content


def history(name):
    first = submitted(Outcome.ALLOW if name in ("approved", "taken_down") else Outcome.HOLD)
    follow = {
        "pending": [],
        "approved": [],
        "taken_down": [(TakeDown(reason=REASON), MODERATOR)],
        "rejected": [(Reject(reason=REASON), MODERATOR)],
        "changes_requested": [(RequestChanges(note="Shorter, please."), MODERATOR)],
        "deleted_by_author": [(Delete(), AUTHOR)],
        "deleted": [(Approve(), MODERATOR), (Delete(reason=REASON), MODERATOR)],
        "deleted_by_legal": [(Approve(), MODERATOR), (Delete(reason=REASON), LEGAL)],
        "rejected_and_deleted": [
            (Reject(reason=REASON), MODERATOR),
            (Delete(reason=REASON), OTHER),
        ],
    }[name]
    moves = [first]
    for asked, actor in follow:
        moves.append(step(moves[-1].content, asked, actor))
    return moves
