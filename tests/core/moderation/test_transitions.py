"""The rows of the moderation table, the guards, and what each move leaves behind."""

from datetime import datetime, timedelta

import pytest

from saaskit_core import moderation as m
from saaskit_core.errors import ErrorKind
from saaskit_core.moderation import (
    Action,
    Approve,
    Content,
    Delete,
    Edit,
    Expire,
    ModerationStatus,
    Overturn,
    Reinstate,
    Reject,
    Report,
    ReportsReached,
    RequestChanges,
    Rescanned,
    Restore,
    Resubmit,
    TakeDown,
    replay,
    visible_revision,
)
from saaskit_core.moderation.rules import Outcome, Submission, compile_rules
from saaskit_core.periods import NaiveDatetime, OutsideCalendar
from tests.core.moderation.builders import (
    ADMIN,
    AUTHOR,
    AUTHOR_WHO_MODERATES,
    DEFAULT,
    LEGAL,
    MODERATOR,
    NOW,
    OTHER,
    READER,
    REASON,
    SHOWS_APPROVED,
    context,
    history,
    in_status,
    step,
    submitted,
    verdict,
)

P, A, R, C, D = ModerationStatus
SYSTEM = m.SYSTEM
REPORTS = tuple(Report(reporter_id=f"r{i}") for i in range(3))
LATER = NOW + timedelta(days=14)


@pytest.mark.parametrize(
    ("outcome", "status", "event"),
    [
        pytest.param(Outcome.ALLOW, A, "content.approved", id="allow"),
        pytest.param(Outcome.HOLD, P, "content.held", id="hold"),
        pytest.param(Outcome.BLOCK, R, "content.rejected", id="block"),
    ],
)
def test_a_submission_goes_where_the_rules_send_it(outcome, status, event):
    done = submitted(outcome, actor=AUTHOR)
    assert (done.content.status, done.content.version) == (status, 1)
    assert done.decision.actor == SYSTEM
    assert done.decision.needs_statement is (outcome is Outcome.BLOCK)
    assert done.decision.is_automatic
    assert [each.topic for each in done.events] == [event]
    expected = () if outcome is Outcome.ALLOW else ("links@3",)
    assert tuple(map(str, done.decision.rules)) == expected
    if outcome is not Outcome.ALLOW:
        assert done.decision.reason == m.Reason(
            code="too_many_links", text="5 links, more than 2", policy_ids=("p9",)
        )
    shown = visible_revision(done.content, policy=DEFAULT)
    assert (shown == done.content.latest) is (outcome is Outcome.ALLOW)


ROWS = [
    pytest.param("pending", Approve(), MODERATOR, NOW, A, "content.approved", id="approve"),
    pytest.param(
        "pending", Reject(reason=REASON), MODERATOR, NOW, R, "content.rejected", id="reject"
    ),
    pytest.param(
        "pending",
        RequestChanges(note="x"),
        MODERATOR,
        NOW,
        C,
        "content.changes_requested",
        id="request_changes",
    ),
    pytest.param(
        "pending", Edit(snapshot_hash="b"), AUTHOR, NOW, P, "content.held", id="edit_pending"
    ),
    pytest.param(
        "changes_requested",
        Resubmit(snapshot_hash="b"),
        AUTHOR,
        NOW,
        P,
        "content.held",
        id="resubmit",
    ),
    pytest.param("changes_requested", Expire(), SYSTEM, LATER, R, "content.rejected", id="expire"),
    pytest.param(
        "approved", ReportsReached(reports=REPORTS), SYSTEM, NOW, P, "content.reopened", id="flag"
    ),
    pytest.param(
        "approved",
        Rescanned(verdict=verdict(Outcome.BLOCK)),
        SYSTEM,
        NOW,
        P,
        "content.reopened",
        id="rescan",
    ),
    pytest.param(
        "approved", TakeDown(reason=REASON), MODERATOR, NOW, R, "content.rejected", id="takedown"
    ),
    pytest.param("approved", Edit(snapshot_hash="b"), AUTHOR, NOW, P, "content.held", id="edit"),
    pytest.param(
        "rejected",
        Overturn(sequence=2, reason=REASON),
        OTHER,
        NOW,
        A,
        "content.restored",
        id="overturn",
    ),
    pytest.param(
        "rejected", Reinstate(reason=REASON), MODERATOR, NOW, A, "content.restored", id="reinstate"
    ),
    *(
        pytest.param(
            status, Delete(), AUTHOR, NOW, D, "content.deleted", id=f"author_deletes_{status}"
        )
        for status in ("pending", "approved", "rejected", "changes_requested")
    ),
    *(
        pytest.param(
            status,
            Delete(reason=REASON),
            actor,
            NOW,
            D,
            "content.deleted",
            id=f"{actor.capacity}_deletes_{status}",
        )
        for status in ("pending", "approved", "rejected", "changes_requested")
        for actor in (MODERATOR, ADMIN, LEGAL)
    ),
    pytest.param(
        "deleted", Restore(reason=REASON), OTHER, NOW, A, "content.restored", id="restore"
    ),
    pytest.param(
        "deleted",
        Overturn(sequence=3, reason=REASON),
        OTHER,
        NOW,
        A,
        "content.restored",
        id="overturn_deletion",
    ),
    pytest.param(
        "rejected_and_deleted",
        Restore(reason=REASON),
        OTHER,
        NOW,
        R,
        "content.restored",
        id="restore_to_rejected",
    ),
    pytest.param(
        "deleted_by_legal",
        Restore(reason=REASON),
        ADMIN,
        NOW,
        A,
        "content.restored",
        id="admin_restores_legal",
    ),
]


@pytest.mark.parametrize(("start", "asked", "actor", "now", "to", "event"), ROWS)
def test_a_row_of_the_table(start, asked, actor, now, to, event):
    before = history(start)
    done = step(before[-1].content, asked, actor, now=now, request_id="req-1", bulk_parent="bulk-1")
    content, decision = done.content, done.decision
    assert content.status == to
    assert content.version == before[-1].content.version + 1 == decision.sequence
    assert (decision.from_status, decision.to_status) == (before[-1].content.status, to)
    assert (decision.action, decision.actor, decision.at) == (asked.action, actor, now)
    assert (decision.request_id, decision.bulk_parent) == ("req-1", "bulk-1")
    assert decision.revision == content.judged
    assert [each.topic for each in done.events] == [event]
    assert done.events[0].payload()["sequence"] == decision.sequence
    assert done.events[0].aggregate == "content:post:1"
    assert replay([*(each.decision for each in before), decision]) == to
    assert (visible_revision(content, policy=DEFAULT) is not None) is (to is A)


STEPS = {
    Action.APPROVE: (Approve(), MODERATOR),
    Action.REJECT: (Reject(reason=REASON), MODERATOR),
    Action.REQUEST_CHANGES: (RequestChanges(note="x"), MODERATOR),
    Action.RESUBMIT: (Resubmit(snapshot_hash="b"), AUTHOR),
    Action.EXPIRE: (Expire(), SYSTEM),
    Action.FLAG: (ReportsReached(reports=REPORTS), SYSTEM),
    Action.RESCAN: (Rescanned(verdict=verdict(Outcome.HOLD)), SYSTEM),
    Action.TAKE_DOWN: (TakeDown(reason=REASON), MODERATOR),
    Action.EDIT: (Edit(snapshot_hash="b"), AUTHOR),
    Action.OVERTURN: (Overturn(sequence=2, reason=REASON), OTHER),
    Action.REINSTATE: (Reinstate(reason=REASON), MODERATOR),
    Action.DELETE: (Delete(reason=REASON), MODERATOR),
    Action.RESTORE: (Restore(reason=REASON), OTHER),
}
FITTING = {
    "pending": {"approve", "reject", "request_changes", "edit", "delete"},
    "approved": {"flag", "rescan", "takedown", "edit", "delete"},
    "rejected": {"overturn", "reinstate", "delete"},
    "changes_requested": {"resubmit", "expire", "delete"},
    "deleted": {"restore"},
    "deleted_by_author": set(),
}


@pytest.mark.parametrize(
    ("start", "action"),
    [
        pytest.param(start, action, id=f"{action}_{start}")
        for start, fitting in FITTING.items()
        for action in STEPS
        if action not in fitting
    ],
)
def test_everything_else_is_refused_by_name(start, action):
    asked, actor = STEPS[action]
    with pytest.raises(m.InvalidModerationTransition) as refused:
        step(in_status(start), asked, actor, now=LATER)
    assert refused.value.kind is ErrorKind.CONFLICT


@pytest.mark.parametrize(
    "action",
    [a for a in STEPS if a not in (Action.RESUBMIT, Action.EDIT, Action.DELETE)],
)
def test_nobody_decides_on_his_own_content(action):
    start = next((name for name, fitting in FITTING.items() if action in fitting), "rejected")
    with pytest.raises(m.OwnContent):
        step(in_status(start), STEPS[action][0], AUTHOR_WHO_MODERATES, now=LATER)


@pytest.mark.parametrize(
    ("start", "asked", "error"),
    [
        ("pending", Approve(), m.NotAModerator),
        ("pending", Reject(reason=REASON), m.NotAModerator),
        ("pending", RequestChanges(note="x"), m.NotAModerator),
        ("approved", TakeDown(reason=REASON), m.NotAModerator),
        ("approved", Delete(reason=REASON), m.NotAModerator),
        ("rejected", Reinstate(reason=REASON), m.NotAModerator),
        ("rejected", Overturn(sequence=2, reason=REASON), m.NotAModerator),
        ("deleted", Restore(reason=REASON), m.NotAModerator),
        ("approved", ReportsReached(reports=REPORTS), m.NotAutomatic),
        ("approved", Rescanned(verdict=verdict(Outcome.HOLD)), m.NotAutomatic),
        ("changes_requested", Expire(), m.NotAutomatic),
        ("changes_requested", Resubmit(snapshot_hash="b"), m.NotTheAuthor),
        ("approved", Edit(snapshot_hash="b"), m.NotTheAuthor),
    ],
)
def test_a_reader_may_do_nothing(start, asked, error):
    with pytest.raises(error) as refused:
        step(in_status(start), asked, READER, now=LATER)
    assert refused.value.kind is ErrorKind.FORBIDDEN


@pytest.mark.parametrize("asked", [Approve(), TakeDown(reason=REASON), Reinstate(reason=REASON)])
def test_a_rule_or_the_system_never_decides_as_a_moderator(asked):
    for actor in (SYSTEM, m.Actor(kind=m.ActorKind.RULE, id="r", capacity=m.Capacity.ADMIN)):
        with pytest.raises(m.NotAModerator):
            step(in_status("pending"), asked, actor)


def test_a_stale_version_is_a_conflict():
    content = in_status("pending")
    edited = step(content, Edit(snapshot_hash="b"), AUTHOR).content
    with pytest.raises(m.ContentChangedMeanwhile) as refused:
        step(edited, Approve(), MODERATOR, expected_version=content.version)
    assert refused.value.kind is ErrorKind.CONFLICT
    assert step(edited, Approve(), MODERATOR, expected_version=edited.version)


def test_changes_not_made_expire_at_the_date_and_not_before():
    content = in_status("changes_requested")
    assert content.changes_due_at == LATER
    with pytest.raises(m.InvalidModerationTransition):
        step(content, Expire(), SYSTEM, now=LATER - timedelta(microseconds=1))
    done = step(content, Expire(), SYSTEM, now=LATER)
    assert done.decision.reason.code == "expired"
    assert done.decision.needs_statement


def test_reports_below_the_threshold_change_nothing():
    doubles = (REPORTS[0], REPORTS[0], Report(reporter_id="author", agreed=50))
    with pytest.raises(m.NotEnoughReports):
        step(in_status("approved"), ReportsReached(reports=doubles), SYSTEM)


def test_reported_content_is_shown_as_flagged():
    done = step(in_status("approved"), ReportsReached(reports=REPORTS), SYSTEM)
    assert done.content.shown_as is m.ContentStatus.FLAGGED
    again = step(done.content, Approve(), MODERATOR)
    assert again.content.shown_as is m.ContentStatus.PUBLISHED


def test_an_edit_is_never_visible_before_it_is_reviewed():
    content = in_status("approved")
    hidden = step(content, Edit(snapshot_hash="b"), AUTHOR).content
    assert visible_revision(hidden, policy=DEFAULT) is None
    kept = step(content, Edit(snapshot_hash="b"), AUTHOR, policy=SHOWS_APPROVED).content
    assert (kept.status, kept.waiting) == (A, P)
    assert visible_revision(kept, policy=SHOWS_APPROVED) == content.latest
    let_through = step(kept, Approve(), MODERATOR, policy=SHOWS_APPROVED).content
    assert visible_revision(let_through, policy=SHOWS_APPROVED).snapshot_hash == "b"
    assert let_through.waiting is None


def test_a_refused_edit_leaves_what_was_approved():
    content = in_status("approved")
    kept = step(content, Edit(snapshot_hash="b"), AUTHOR, policy=SHOWS_APPROVED).content
    done = step(kept, Reject(reason=REASON), MODERATOR, policy=SHOWS_APPROVED)
    assert visible_revision(done.content, policy=SHOWS_APPROVED) == content.latest
    assert not done.decision.is_adverse
    assert done.events[0].topic == "content.revision_rejected"


def test_changes_to_an_edit_are_asked_for_made_or_expire_behind_the_approved_revision():
    content = in_status("approved")
    kept = step(content, Edit(snapshot_hash="b"), AUTHOR, policy=SHOWS_APPROVED).content
    asked = step(kept, RequestChanges(note="x"), MODERATOR, policy=SHOWS_APPROVED).content
    assert (asked.status, asked.waiting) == (A, C)
    with pytest.raises(m.InvalidModerationTransition):
        step(asked, Approve(), MODERATOR)
    again = step(asked, Resubmit(snapshot_hash="c"), AUTHOR, policy=SHOWS_APPROVED).content
    assert (again.status, again.waiting, again.latest.number) == (A, P, 3)
    over = step(asked, Expire(), SYSTEM, now=LATER).content
    assert (over.status, over.waiting, over.approved) == (A, None, content.latest)


def test_taking_down_ends_what_waited_behind():
    content = in_status("approved")
    kept = step(content, Edit(snapshot_hash="b"), AUTHOR, policy=SHOWS_APPROVED).content
    down = step(kept, TakeDown(reason=REASON), MODERATOR)
    assert (down.content.waiting, down.decision.revision) == (None, content.latest)
    back = step(down.content, Reinstate(reason=REASON), MODERATOR).content
    assert back.approved == content.latest


def test_a_site_that_moderates_afterwards_shows_what_waits_but_not_what_was_reopened():
    afterwards = m.ModerationPolicy(is_post_moderated=True)
    waits = in_status("pending")
    assert visible_revision(waits, policy=afterwards) == waits.latest
    reported = step(in_status("approved"), ReportsReached(reports=REPORTS), SYSTEM).content
    assert visible_revision(reported, policy=afterwards) is None


def test_an_older_rejection_overturned_leaves_it_deleted_and_changes_what_comes_back():
    content = in_status("rejected_and_deleted")
    done = step(content, Overturn(sequence=2, reason=REASON), ADMIN)
    assert done.content.status is D
    back = step(done.content, Restore(reason=REASON), ADMIN)
    assert back.content.status is A
    assert visible_revision(back.content, policy=DEFAULT) == content.latest


def test_only_the_decision_in_force_can_be_overturned():
    with pytest.raises(m.InvalidModerationTransition):
        step(in_status("rejected"), Overturn(sequence=1, reason=REASON), OTHER)


def test_what_its_author_deleted_is_gone_for_good():
    with pytest.raises(m.InvalidModerationTransition):
        step(in_status("deleted_by_author"), Restore(reason=REASON), ADMIN)
    deletion = history("deleted_by_author")[-1].decision
    assert not deletion.is_adverse


def test_a_moderator_who_deletes_his_own_post_deletes_as_its_author():
    done = step(in_status("approved"), Delete(), AUTHOR_WHO_MODERATES)
    assert done.content.deleted_by is m.DeletedBy.AUTHOR


def test_staff_give_a_reason_when_they_delete():
    with pytest.raises(m.InvalidReason):
        step(in_status("approved"), Delete(), MODERATOR)


def test_a_legal_removal_is_not_restored_by_a_moderator():
    with pytest.raises(m.LegalRemoval):
        step(in_status("deleted_by_legal"), Restore(reason=REASON), MODERATOR)


def test_a_snapshot_outlives_the_appeal_window_and_then_is_purged():
    content = in_status("deleted")
    assert content.purge_at == m.appeal_window_ends_at(NOW, policy=DEFAULT)
    own = in_status("deleted_by_author")
    assert own.purge_at == NOW + timedelta(days=90)
    just_before = content.purge_at - timedelta(seconds=1)
    assert not m.is_purgeable(content, has_open_appeal=False, now=just_before)
    assert m.is_purgeable(content, has_open_appeal=False, now=content.purge_at)
    assert not m.is_purgeable(content, has_open_appeal=True, now=content.purge_at)
    assert not m.is_purgeable(in_status("approved"), has_open_appeal=False, now=content.purge_at)
    assert step(content, Restore(reason=REASON), OTHER, now=just_before)
    with pytest.raises(m.RetentionOver):
        step(content, Restore(reason=REASON), OTHER, now=content.purge_at)


def test_content_that_came_back_awaits_its_changes_anew():
    deleted = step(in_status("changes_requested"), Delete(reason=REASON), MODERATOR).content
    later = NOW + timedelta(days=30)
    back = step(deleted, Restore(reason=REASON), OTHER, now=later).content
    assert (back.status, back.changes_due_at) == (C, later + timedelta(days=14))


def test_a_rescan_that_finds_nothing_is_refused():
    with pytest.raises(m.InvalidModerationTransition):
        step(in_status("approved"), Rescanned(verdict=verdict()), SYSTEM)


def test_bulk_decisions_succeed_and_fail_one_by_one():
    good, own, gone = in_status("pending"), in_status("pending"), in_status("deleted_by_author")
    stale = in_status("pending")
    results = m.moderate_all(
        [(good, 1), (own, None), (gone, None), (stale, 7)],
        Approve(),
        context=context(MODERATOR, bulk_parent="b1"),
    )
    assert [type(each.error) for each in results] == [
        type(None),
        type(None),
        m.InvalidModerationTransition,
        m.ContentChangedMeanwhile,
    ]
    assert results[0].moderated.decision.bulk_parent == "b1"
    with pytest.raises(m.TooManyAtOnce):
        m.moderate_all([(good, None)] * 1001, Approve(), context=context(MODERATOR))


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: RequestChanges(note=" \n"), m.NoteRequired),
        (lambda: RequestChanges(note="x" * 1_000_000), m.TextTooLong),
        (lambda: m.Reason(code=""), m.InvalidReason),
        (lambda: m.Reason(code="x" * 1_000_000), m.InvalidReason),
        (lambda: m.Reason(code="Spam!"), m.InvalidReason),
        (lambda: m.Reason(code="a\n"), m.InvalidReason),
        (lambda: m.Reason(code="a", text="x" * 1_000_000), m.TextTooLong),
        (lambda: m.Reason(code="a", policy_ids=("p",) * 21), m.InvalidReason),
        (lambda: Report(reporter_id=""), m.InvalidReport),
        (lambda: Report(reporter_id="a", agreed=-1), m.InvalidReport),
        (lambda: Report(reporter_id="a", agreed=True), m.InvalidReport),
        (lambda: m.ModerationPolicy(changes_days=0), m.InvalidModerationPolicy),
        (lambda: m.ModerationPolicy(appeal_months=1.5), m.InvalidModerationPolicy),
        (lambda: context(now=NOW.replace(tzinfo=None)), NaiveDatetime),
        (lambda: step(in_status("approved"), Edit(snapshot_hash=""), AUTHOR), m.InvalidContent),
        (
            lambda: step(in_status("approved"), Edit(snapshot_hash="x" * 999), AUTHOR),
            m.InvalidContent,
        ),
        (
            lambda: step(
                in_status("pending"),
                RequestChanges(note="x"),
                now=datetime(9999, 12, 31, tzinfo=NOW.tzinfo),
            ),
            OutsideCalendar,
        ),
    ],
)
def test_bad_input_has_a_name(make, error):
    with pytest.raises(error):
        make()


def test_a_text_too_long_for_the_rules_waits_with_that_reason():
    long = compile_rules([]).judge(Submission(text="x" * 30_000), now=NOW)
    done = m.submit(
        content_id="1",
        content_type="post",
        author_id="author",
        snapshot_hash="a",
        verdict=long,
        context=context(),
    )
    assert (done.content.status, done.decision.reason.code) == (P, "too_long_for_rules")


def test_content_needs_ids():
    for field in ("content_id", "content_type", "author_id", "snapshot_hash"):
        values = {"content_id": "1", "content_type": "p", "author_id": "a", "snapshot_hash": "h"}
        with pytest.raises(m.InvalidContent):
            m.submit(**{**values, field: ""}, verdict=verdict(), context=context())


def test_a_snapshot_hash_doesn_t_depend_on_the_order_of_keys():
    one = m.snapshot_hash({"title": "é", "text": "\ud800"})
    assert one == m.snapshot_hash({"text": "\ud800", "title": "é"})
    assert len(one) == 64
    assert one != m.snapshot_hash({"title": "e", "text": "\ud800"})


def test_every_status_can_be_reached():
    assert {in_status(name).status for name in FITTING} == set(ModerationStatus)
    assert isinstance(in_status("pending"), Content)
