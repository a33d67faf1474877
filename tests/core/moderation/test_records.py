"""The words on the wire, the decision log, the queue and the reports."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from saaskit_core import moderation as m
from saaskit_core.moderation import (
    Action,
    ContentStatus,
    ModerationStatus,
    QueueItem,
    Report,
    Severity,
    replay,
)
from tests.core.moderation.builders import (
    ADMIN,
    AUTHOR,
    AUTHOR_WHO_MODERATES,
    MODERATOR,
    NOW,
    OTHER,
    READER,
    history,
)

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("status", "is_reported", "shown"),
    [
        (None, False, ContentStatus.DRAFT),
        (ModerationStatus.PENDING, False, ContentStatus.UNDER_REVIEW),
        (ModerationStatus.PENDING, True, ContentStatus.FLAGGED),
        (ModerationStatus.CHANGES_REQUESTED, False, ContentStatus.UNDER_REVIEW),
        (ModerationStatus.APPROVED, False, ContentStatus.PUBLISHED),
        (ModerationStatus.REJECTED, True, ContentStatus.REMOVED),
        (ModerationStatus.DELETED, False, ContentStatus.REMOVED),
    ],
)
def test_the_words_on_the_wire(status, is_reported, shown):
    assert m.shown_as(status, is_reported=is_reported) is shown


def test_an_empty_log_has_no_status():
    assert replay([]) is None


def log(name="rejected_and_deleted"):
    return [each.decision for each in history(name)]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda entries: entries[1:], id="the_first_is_missing"),
        pytest.param(lambda entries: [entries[0], entries[2]], id="one_is_missing"),
        pytest.param(lambda entries: [entries[1], entries[0]], id="out_of_order"),
        pytest.param(lambda entries: [*entries, entries[-1]], id="one_twice"),
        pytest.param(
            lambda entries: [entries[0], replace(entries[1], content_id="2")], id="of_other_content"
        ),
        pytest.param(
            lambda entries: [entries[0], replace(entries[1], to_status=ModerationStatus.PENDING)],
            id="a_move_the_table_lacks",
        ),
        pytest.param(
            lambda entries: [
                entries[0],
                replace(entries[1], from_status=ModerationStatus.APPROVED),
            ],
            id="another_start",
        ),
    ],
)
def test_a_broken_log_is_noticed(broken):
    with pytest.raises(m.DecisionLogBroken):
        replay(broken(log()))


def test_what_is_taken_back_says_what_it_takes_back():
    rejected = history("rejected")[-1]
    back = m.moderate(
        rejected.content,
        m.Reinstate(reason=m.Reason(code="mistake")),
        context=m.Context(now=NOW, actor=OTHER),
    )
    assert back.decision.is_revert
    assert back.decision.reverts == rejected.decision.sequence


@pytest.mark.parametrize(
    ("name", "adverse"),
    [
        ("pending", False),
        ("approved", False),
        ("taken_down", True),
        ("rejected", True),
        ("changes_requested", False),
        ("deleted_by_author", False),
        ("deleted", True),
        ("deleted_by_legal", True),
    ],
)
def test_which_decisions_take_something_from_the_author(name, adverse):
    decision = history(name)[-1].decision
    assert (decision.is_adverse, decision.needs_statement) == (adverse, adverse)


def item(**rest):
    return QueueItem(id="q1", content_id="1", author_id="author", created_at=NOW, **rest)


def test_a_claim_keeps_others_away_until_it_ends():
    claimed = m.claim(item(), MODERATOR, now=NOW)
    assert (claimed.assigned_to, claimed.claimed_until) == ("mod", NOW + 15 * MINUTE)
    with pytest.raises(m.ClaimedByOther):
        m.claim(claimed, OTHER, now=NOW + 14 * MINUTE)
    with pytest.raises(m.ClaimedByOther):
        m.check_claim(claimed, ADMIN, now=NOW + 14 * MINUTE)
    m.check_claim(claimed, MODERATOR, now=NOW + 14 * MINUTE)
    assert m.claim(claimed, OTHER, now=NOW + 15 * MINUTE).assigned_to == "mod2"
    renewed = m.claim(claimed, MODERATOR, now=NOW + 10 * MINUTE)
    assert (renewed.claimed_until, renewed.version) == (NOW + 25 * MINUTE, 3)


def test_a_claim_is_given_back():
    claimed = m.claim(item(), MODERATOR, now=NOW)
    with pytest.raises(m.ClaimedByOther):
        m.release(claimed, OTHER, now=NOW)
    released = m.release(claimed, MODERATOR, now=NOW)
    assert (released.holder(NOW), released.version) == ("", 3)
    assert m.release(released, OTHER, now=NOW) == released


def test_who_may_not_claim():
    with pytest.raises(m.NotAModerator):
        m.claim(item(), READER, now=NOW)
    with pytest.raises(m.OwnContent):
        m.claim(item(), AUTHOR_WHO_MODERATES, now=NOW)


def test_what_is_closed_stays_closed():
    closed = m.close(m.claim(item(), MODERATOR, now=NOW), because="deleted by its author", now=NOW)
    assert (closed.is_open, closed.holder(NOW)) == (False, "")
    assert m.close(closed, because="again", now=NOW + MINUTE) == closed
    with pytest.raises(m.QueueItemClosed):
        m.claim(closed, MODERATOR, now=NOW)


def test_the_queue_goes_by_severity_then_age():
    items = [
        replace(item(), id="new", severity=Severity.HIGH, created_at=NOW),
        replace(item(), id="low", severity=Severity.LOW, created_at=NOW - 9 * MINUTE),
        replace(item(), id="old", severity=Severity.HIGH, created_at=NOW - MINUTE),
        replace(item(), id="worst", severity=Severity.CRITICAL, created_at=NOW),
    ]
    assert [each.id for each in m.in_order(items)] == ["worst", "old", "new", "low"]


@pytest.mark.parametrize(
    ("agreed", "disagreed", "weight"),
    [(0, 0, Fraction(1)), (8, 0, Fraction(9, 5)), (0, 8, Fraction(1, 5)), (5, 5, Fraction(1))],
)
def test_a_report_weighs_as_much_as_its_reporter_was_right(agreed, disagreed, weight):
    assert Report(reporter_id="a", agreed=agreed, disagreed=disagreed).weight == weight


def test_each_reader_counts_once_and_the_author_never():
    reports = [Report(reporter_id="a")] * 5 + [Report(reporter_id="me"), Report(reporter_id="b")]
    assert m.report_score(reports, author_id="me") == 2


def test_actors_are_named_for_logs():
    assert [each.reference for each in (AUTHOR, m.SYSTEM)] == ["user:author", "system"]
    assert not m.Actor(id="").is_human


def test_the_table_is_total_over_its_actions():
    assert {action for _, action in m.ALLOWED} == set(Action)
    assert m.is_allowed(ModerationStatus.PENDING, Action.APPROVE, ModerationStatus.APPROVED)
    assert not m.is_allowed(ModerationStatus.DELETED, Action.APPROVE, ModerationStatus.APPROVED)
