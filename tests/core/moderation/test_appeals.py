"""Appeals: who, until when, answered by whom, and what follows."""

from datetime import UTC, datetime, timedelta

import pytest

from saaskit_core import moderation as m
from saaskit_core.errors import ErrorKind
from saaskit_core.moderation import (
    APPEAL_MOVES,
    AppealRequest,
    AppealState,
    AppealStatus,
    ModerationPolicy,
    SideEffect,
    SideEffectKind,
)
from saaskit_core.periods import NaiveDatetime
from tests.core.moderation.builders import (
    AUTHOR,
    AUTHOR_WHO_MODERATES,
    DEFAULT,
    MODERATOR,
    NOW,
    OTHER,
    READER,
    history,
    step,
)

S = AppealState
STRIKE = SideEffect(id="s1", kind=SideEffectKind.STRIKE)
SILENCE = SideEffect(id="s2", kind=SideEffectKind.SILENCE)
ONE_MODERATOR = ModerationPolicy(allow_same_reviewer=True)


def request(text="That was no spam.", informed_at=NOW, appellant_id="author"):
    return AppealRequest(id="a1", appellant_id=appellant_id, text=text, informed_at=informed_at)


def appealed(name="rejected", *, now=NOW, policy=DEFAULT, asked=None, **rest):
    return m.submit_appeal(
        history(name)[-1].decision,
        asked or request(),
        now=now,
        policy=policy,
        side_effects=(STRIKE, SILENCE),
        **rest,
    ).appeal


def in_state(state):
    appeal = appealed()
    if state is S.SUBMITTED:
        return appeal
    if state is S.WITHDRAWN:
        return m.withdraw(appeal, AUTHOR, now=NOW).appeal
    is_reversed = state is S.INADMISSIBLE
    appeal = m.assess(appeal, author_id="author", is_reversed=is_reversed, now=NOW).appeal
    if state in (S.ADMISSIBLE, S.INADMISSIBLE):
        return appeal
    appeal = m.take_review(appeal, OTHER, now=NOW, policy=DEFAULT).appeal
    return appeal if state is S.UNDER_REVIEW else decided(appeal, state).appeal


def decided(appeal, state, actor=OTHER, policy=DEFAULT, **rest):
    if state is S.PARTIALLY_OVERTURNED:
        rest = {"cancels": ["s1"], **rest}
    return m.answer(
        appeal, state, reasons="Looked again.", actor=actor, now=NOW, policy=policy, **rest
    )


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (S.SUBMITTED, AppealStatus.PENDING),
        (S.ADMISSIBLE, AppealStatus.PENDING),
        (S.UNDER_REVIEW, AppealStatus.PENDING),
        (S.OVERTURNED, AppealStatus.ACCEPTED),
        (S.PARTIALLY_OVERTURNED, AppealStatus.ACCEPTED),
        (S.UPHELD, AppealStatus.REJECTED),
        (S.INADMISSIBLE, AppealStatus.REJECTED),
        (S.WITHDRAWN, AppealStatus.REJECTED),
    ],
)
def test_the_words_on_the_wire(state, status):
    appeal = in_state(state)
    assert (appeal.state, appeal.status) == (state, status)


MOVES = {
    S.ADMISSIBLE: lambda a: m.assess(a, author_id="author", is_reversed=False, now=NOW),
    S.INADMISSIBLE: lambda a: m.assess(a, author_id="author", is_reversed=True, now=NOW),
    S.UNDER_REVIEW: lambda a: m.take_review(a, OTHER, now=NOW, policy=DEFAULT),
    S.UPHELD: lambda a: decided(a, S.UPHELD),
    S.OVERTURNED: lambda a: decided(a, S.OVERTURNED),
    S.PARTIALLY_OVERTURNED: lambda a: decided(a, S.PARTIALLY_OVERTURNED),
    S.WITHDRAWN: lambda a: m.withdraw(a, AUTHOR, now=NOW),
}


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("target", list(MOVES))
def test_appeals_move_as_the_table_says(state, target):
    appeal = in_state(state)
    if target in APPEAL_MOVES[state]:
        after = MOVES[target](appeal).appeal
        assert (after.state, after.version) == (target, appeal.version + 1)
    else:
        with pytest.raises(m.InvalidAppealMove) as refused:
            MOVES[target](appeal)
        assert refused.value.kind is ErrorKind.CONFLICT


@pytest.mark.parametrize("name", ["pending", "approved", "changes_requested", "deleted_by_author"])
def test_only_what_took_something_can_be_appealed_against(name):
    with pytest.raises(m.AppealNotPossible):
        appealed(name)


@pytest.mark.parametrize("name", ["rejected", "taken_down", "deleted", "deleted_by_legal"])
def test_what_took_something_can_be_appealed_against(name):
    appeal = appealed(name)
    assert (appeal.state, appeal.status) == (S.SUBMITTED, AppealStatus.PENDING)
    assert appeal.answer_due_at == NOW + timedelta(days=14)


def test_one_appeal_per_decision():
    first = appealed()
    with pytest.raises(m.AppealExists):
        appealed(earlier=[in_state(S.WITHDRAWN)])
    assert appealed("deleted", earlier=[first])
    strangers = appealed(asked=request(appellant_id="reader"))
    assert appealed(earlier=[strangers])


@pytest.mark.parametrize(
    ("informed_at", "tz", "last"),
    [
        pytest.param(
            datetime(2026, 1, 15, 23, tzinfo=UTC), "UTC", datetime(2026, 7, 16, tzinfo=UTC),
            id="six_months_and_the_whole_last_day",
        ),
        pytest.param(
            datetime(2026, 8, 31, 8, tzinfo=UTC), "UTC", datetime(2027, 3, 1, tzinfo=UTC),
            id="the_month_s_last_day",
        ),
        pytest.param(
            datetime(2026, 1, 15, 23, 30, tzinfo=UTC), "Europe/Berlin",
            datetime(2026, 7, 16, 22, tzinfo=UTC), id="the_site_s_calendar",
        ),
    ],
)  # fmt: skip
def test_the_window_closes_at_the_end_of_a_day(informed_at, tz, last):
    policy = ModerationPolicy(tz=tz)
    assert m.appeal_window_ends_at(informed_at, policy=policy) == last


def test_too_late_is_a_conflict_of_its_own():
    ends_at = m.appeal_window_ends_at(NOW, policy=DEFAULT)
    assert appealed(now=ends_at - timedelta(microseconds=1))
    with pytest.raises(m.AppealWindowClosed) as refused:
        appealed(now=ends_at)
    assert (refused.value.code, refused.value.kind) == ("appeal_window_closed", ErrorKind.CONFLICT)


def test_the_window_runs_from_being_informed_not_from_the_decision():
    informed_at = NOW + timedelta(days=40)
    assert appealed(now=NOW + timedelta(days=200), asked=request(informed_at=informed_at))
    with pytest.raises(m.AppealNotPossible):
        appealed(asked=request(informed_at=NOW - timedelta(seconds=1)))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", m.AppealTextRequired),
        (" \n\t ", m.AppealTextRequired),
        ("x" * 2001, m.TextTooLong),
        ("x" * 1_000_000, m.TextTooLong),
    ],
)
def test_an_appeal_says_why_in_at_most_2000_characters(text, error):
    with pytest.raises(error):
        appealed(asked=request(text=text))
    assert appealed(asked=request(text="x" * 2000))


def test_an_appeal_of_somebody_else_or_against_what_is_gone_is_not_looked_into():
    stranger = appealed(asked=request(appellant_id="reader"))
    refused = m.assess(stranger, author_id="author", is_reversed=False, now=NOW)
    assert refused.appeal.ground is m.Inadmissible.NOT_AFFECTED
    gone = m.assess(appealed(), author_id="author", is_reversed=True, now=NOW)
    assert gone.appeal.ground is m.Inadmissible.ALREADY_REVERSED
    assert [each.topic for each in gone.events] == ["appeal.inadmissible"]


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        (MODERATOR, m.SameReviewer),
        (READER, m.NotAModerator),
        (m.SYSTEM, m.NotAModerator),
        (m.Actor(kind=m.ActorKind.RULE, id="x", capacity=m.Capacity.ADMIN), m.NotAModerator),
        (AUTHOR_WHO_MODERATES, m.OwnContent),
    ],
)
def test_who_may_not_answer(actor, error):
    with pytest.raises(error):
        m.take_review(in_state(S.ADMISSIBLE), actor, now=NOW, policy=DEFAULT)
    with pytest.raises(error):
        decided(in_state(S.UNDER_REVIEW), S.UPHELD, actor=actor)


def test_a_site_with_one_moderator_may_let_him_answer():
    taken = m.take_review(in_state(S.ADMISSIBLE), MODERATOR, now=NOW, policy=ONE_MODERATOR).appeal
    assert decided(taken, S.UPHELD, actor=MODERATOR, policy=ONE_MODERATOR).appeal.state is S.UPHELD


def test_only_who_took_the_review_answers_but_it_may_change_hands():
    third = m.Actor(id="mod3", capacity=m.Capacity.MODERATOR)
    taken = in_state(S.UNDER_REVIEW)
    with pytest.raises(m.NotTheReviewer):
        decided(taken, S.UPHELD, actor=third)
    handed = m.take_review(taken, third, now=NOW, policy=DEFAULT).appeal
    assert decided(handed, S.UPHELD, actor=third).appeal.reviewer_id == "mod3"


def test_overturned_brings_the_content_back_and_cancels_everything():
    moves = history("taken_down")
    appeal = appealed("taken_down")
    appeal = m.assess(appeal, author_id="author", is_reversed=False, now=NOW).appeal
    appeal = m.take_review(appeal, OTHER, now=NOW, policy=DEFAULT).appeal
    done = decided(appeal, S.OVERTURNED)
    assert done.resolution == m.Resolution(overturns=2, cancelled=(STRIKE, SILENCE))
    payload = done.events[0].payload()
    assert payload["restores_content"] is True
    assert payload["names_out_of_court_settlement"] is True
    assert payload["cancels"] == ["s1", "s2"]
    assert payload["status"] == "accepted"
    back = step(
        moves[-1].content,
        m.Overturn(sequence=done.resolution.overturns, reason=m.Reason(code="appeal")),
        OTHER,
    )
    assert m.visible_revision(back.content, policy=DEFAULT) == m.visible_revision(
        moves[0].content, policy=DEFAULT
    )
    assert back.events[0].payload()["is_appeal"] is True


def test_upheld_changes_nothing():
    done = decided(in_state(S.UNDER_REVIEW), S.UPHELD)
    assert done.resolution == m.Resolution(overturns=None, cancelled=())


def test_partially_overturned_takes_back_what_it_names():
    taken = in_state(S.UNDER_REVIEW)
    only_silence = decided(taken, S.PARTIALLY_OVERTURNED, cancels=["s2", "s2"])
    assert only_silence.resolution == m.Resolution(overturns=None, cancelled=(SILENCE,))
    content = decided(taken, S.PARTIALLY_OVERTURNED, cancels=[], restores_content=True)
    assert content.resolution == m.Resolution(overturns=2, cancelled=())


@pytest.mark.parametrize(
    ("state", "rest", "error"),
    [
        (S.PARTIALLY_OVERTURNED, {"cancels": []}, m.InvalidAppealAnswer),
        (S.PARTIALLY_OVERTURNED, {"cancels": ["x" * 1_000_000]}, m.UnknownSideEffect),
        (S.UPHELD, {"restores_content": True}, m.InvalidAppealAnswer),
        (S.UPHELD, {"cancels": ["s1"]}, m.InvalidAppealAnswer),
        (S.WITHDRAWN, {}, m.InvalidAppealMove),
        (S.SUBMITTED, {}, m.InvalidAppealMove),
    ],
)
def test_answers_that_make_no_sense_are_refused(state, rest, error):
    with pytest.raises(error):
        decided(in_state(S.UNDER_REVIEW), state, **rest)


@pytest.mark.parametrize(
    ("reasons", "error"), [(" ", m.ReasonsRequired), ("x" * 1_000_000, m.TextTooLong)]
)
def test_an_answer_has_reasons(reasons, error):
    with pytest.raises(error):
        m.answer(
            in_state(S.UNDER_REVIEW),
            S.UPHELD,
            reasons=reasons,
            actor=OTHER,
            now=NOW,
            policy=DEFAULT,
        )


def test_only_the_appellant_withdraws():
    for actor in (OTHER, m.SYSTEM):
        with pytest.raises(m.NotTheAppellant):
            m.withdraw(appealed(), actor, now=NOW)


def test_a_missed_deadline_only_flags_and_only_once():
    appeal = in_state(S.UNDER_REVIEW)
    due_at = appeal.answer_due_at
    assert m.flag_overdue(appeal, now=due_at - timedelta(seconds=1)).appeal == appeal
    flagged = m.flag_overdue(appeal, now=due_at + timedelta(days=9))
    assert (flagged.appeal.state, flagged.appeal.overdue_since) == (S.UNDER_REVIEW, due_at)
    assert [each.topic for each in flagged.events] == ["appeal.overdue"]
    again = m.flag_overdue(flagged.appeal, now=due_at + timedelta(days=99))
    assert (again.appeal, again.events) == (flagged.appeal, ())
    assert m.flag_overdue(in_state(S.UPHELD), now=due_at).events == ()


def test_naive_times_are_refused():
    naive = NOW.replace(tzinfo=None)
    for make in (
        lambda: appealed(now=naive),
        lambda: appealed(asked=request(informed_at=naive)),
        lambda: m.withdraw(appealed(), AUTHOR, now=naive),
        lambda: m.flag_overdue(appealed(), now=naive),
        lambda: m.take_review(in_state(S.ADMISSIBLE), OTHER, now=naive, policy=DEFAULT),
    ):
        with pytest.raises(NaiveDatetime):
            make()
