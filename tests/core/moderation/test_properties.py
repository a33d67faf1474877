"""What holds for every history of content and of the appeals against its decisions."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from saaskit_core import moderation as m
from saaskit_core.errors import SaasKitError
from saaskit_core.moderation import (
    Action,
    AppealRequest,
    AppealState,
    ModerationPolicy,
    ModerationStatus,
    Remoderation,
    Report,
)
from saaskit_core.moderation.rules import Outcome
from tests.core.moderation.builders import (
    ADMIN,
    AUTHOR,
    AUTHOR_WHO_MODERATES,
    LEGAL,
    MODERATOR,
    NOW,
    OTHER,
    READER,
    REASON,
    submitted,
    verdict,
)

ACTORS = [
    ADMIN, AUTHOR, AUTHOR_WHO_MODERATES, LEGAL, MODERATOR, OTHER, READER, m.SYSTEM,
]  # fmt: skip
OWN = {Action.RESUBMIT, Action.EDIT, Action.DELETE}
actors = st.sampled_from(ACTORS)
verdicts = st.sampled_from(list(Outcome)).map(verdict)
steps = st.one_of(
    st.just(m.Approve()),
    st.just(m.Reject(reason=REASON)),
    st.just(m.RequestChanges(note="Shorter.")),
    st.builds(m.Resubmit, snapshot_hash=st.sampled_from("bcd"), verdict=verdicts),
    st.builds(m.Edit, snapshot_hash=st.sampled_from("bcd"), verdict=verdicts),
    st.just(m.Expire()),
    st.integers(0, 6).map(
        lambda count: m.ReportsReached(
            reports=tuple(Report(reporter_id=f"r{index}") for index in range(count))
        )
    ),
    st.builds(m.Rescanned, verdict=verdicts),
    st.just(m.TakeDown(reason=REASON)),
    st.builds(m.Overturn, sequence=st.integers(1, 8), reason=st.just(REASON)),
    st.just(m.Reinstate(reason=REASON)),
    st.sampled_from([m.Delete(), m.Delete(reason=REASON)]),
    st.just(m.Restore(reason=REASON)),
)
policies = st.builds(
    ModerationPolicy,
    remoderation=st.sampled_from(list(Remoderation)),
    is_post_moderated=st.booleans(),
    allow_same_reviewer=st.booleans(),
)


class Life(RuleBasedStateMachine):
    """Anybody asks anything, time passes, decisions are appealed against: in any order."""

    @initialize(outcome=st.sampled_from(list(Outcome)), policy=policies)
    def begin(self, outcome, policy):
        self.now, self.policy = NOW, policy
        first = submitted(outcome)
        self.content, self.log, self.appeals = first.content, [first.decision], {}

    @rule(step=steps, actor=actors)
    def ask(self, step, actor):
        self.apply(step, actor)

    @rule(step=steps)
    def ask_who_fits(self, step):
        fitting = {
            Action.RESUBMIT: AUTHOR,
            Action.EDIT: AUTHOR,
            Action.EXPIRE: m.SYSTEM,
            Action.FLAG: m.SYSTEM,
            Action.RESCAN: m.SYSTEM,
        }
        self.apply(step, fitting.get(step.action, MODERATOR))

    def apply(self, step, actor):
        before = self.content
        context = m.Context(
            now=self.now, actor=actor, policy=self.policy, expected_version=before.version
        )
        try:
            moved = m.moderate(before, step, context=context)
        except SaasKitError:
            return None
        if actor.id == before.author_id:
            assert step.action in OWN
        assert m.is_allowed(before.status, step.action, moved.content.status)
        assert moved.content.version == before.version + 1
        assert moved.events
        self.content = moved.content
        self.log.append(moved.decision)
        return moved

    @rule(days=st.sampled_from([0, 1, 14, 15, 91, 200]))
    def time_passes(self, days):
        self.now += timedelta(days=days)

    @rule(data=st.data())
    def appeal(self, data):
        decision = data.draw(st.sampled_from(self.log))
        asked = AppealRequest(
            id=f"a{decision.sequence}", appellant_id="author", text="No.", informed_at=decision.at
        )
        try:
            moved = m.submit_appeal(
                decision,
                asked,
                now=self.now,
                policy=self.policy,
                earlier=list(self.appeals.values()),
            )
        except SaasKitError:
            return
        assert decision.is_adverse
        assert decision.sequence not in self.appeals
        self.appeals[decision.sequence] = moved.appeal

    @precondition(lambda self: self.appeals)
    @rule(data=st.data(), actor=actors, outcome=st.sampled_from(list(AppealState)))
    def move_an_appeal(self, data, actor, outcome):
        appeal = data.draw(st.sampled_from(list(self.appeals.values())))
        reversed_ = any(each.reverts == appeal.sequence for each in self.log)
        try:
            match appeal.state:
                case AppealState.SUBMITTED:
                    moved = m.assess(
                        appeal, author_id="author", is_reversed=reversed_, now=self.now
                    )
                case AppealState.ADMISSIBLE:
                    moved = m.take_review(appeal, actor, now=self.now, policy=self.policy)
                case _:
                    moved = m.answer(
                        appeal,
                        outcome,
                        reasons="Looked again.",
                        actor=actor,
                        now=self.now,
                        policy=self.policy,
                        restores_content=outcome is AppealState.PARTIALLY_OVERTURNED,
                    )
        except SaasKitError:
            return
        self.appeals[appeal.sequence] = moved.appeal
        if moved.resolution is not None:
            assert actor.is_moderator
            assert actor.id != "author"
            assert self.policy.allow_same_reviewer or actor.id != appeal.decider_id
            if moved.resolution.overturns is not None:
                self.win(moved.resolution.overturns, actor)

    def win(self, sequence, actor):
        in_force = sequence in (self.content.rejected_by, self.content.removed_by)
        won = self.apply(m.Overturn(sequence=sequence, reason=REASON), actor)
        kept = self.content.purge_at is None or self.now < self.content.purge_at
        final = self.content.deleted_by is m.DeletedBy.AUTHOR
        assert (won is not None) is (in_force and kept and not final)

    @invariant()
    def the_log_says_where_it_stands(self):
        if not hasattr(self, "log"):
            return
        assert m.replay(self.log) is self.content.status
        assert len(self.log) == self.content.version

    @invariant()
    def only_what_was_let_through_is_visible(self):
        if not hasattr(self, "log"):
            return
        shown = m.visible_revision(self.content, policy=self.policy)
        status = self.content.status
        if status is ModerationStatus.APPROVED:
            assert shown == self.content.approved is not None
        elif not (self.policy.is_post_moderated and status is ModerationStatus.PENDING):
            assert shown is None

    @invariant()
    def what_is_deleted_says_by_whom(self):
        if hasattr(self, "log"):
            is_deleted = self.content.status is ModerationStatus.DELETED
            assert is_deleted is (self.content.deleted_by is not None)
            assert is_deleted is (self.content.purge_at is not None)
            assert is_deleted is (self.content.removed_by is not None)

    @invariant()
    def no_appeal_without_an_adverse_decision(self):
        for sequence in getattr(self, "appeals", {}):
            assert self.log[sequence - 1].is_adverse


TestLife = Life.TestCase


@given(st.text(max_size=2100))
def test_any_text_is_an_appeal_or_refused_by_name(text):
    decision = submitted(Outcome.BLOCK).decision
    asked = AppealRequest(id="a", appellant_id="author", text=text, informed_at=NOW)
    try:
        appeal = m.submit_appeal(decision, asked, now=NOW, policy=ModerationPolicy()).appeal
    except SaasKitError:
        assert not text.strip() or len(text) > 2000
        return
    assert 0 < len(appeal.text) <= 2000


@given(
    st.datetimes(timezones=st.timezones()), st.sampled_from(["UTC", "Asia/Tokyo", "America/Lima"])
)
def test_the_window_is_open_for_six_months_and_at_most_a_day_more(informed_at, tz):
    try:
        ends_at = m.appeal_window_ends_at(informed_at, policy=ModerationPolicy(tz=tz))
    except SaasKitError:
        return
    assert timedelta(days=181) <= ends_at - informed_at <= timedelta(days=186)
