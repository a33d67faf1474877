"""What the four words of the REST contract mean, by where the content stands."""

import pytest

from saaskit_core import moderation as m
from saaskit_core.moderation import Edit, StaffAction, staff_step
from tests.core.moderation.builders import (
    AUTHOR,
    MODERATOR,
    REASON,
    SHOWS_APPROVED,
    in_status,
    step,
)


@pytest.mark.parametrize(
    ("name", "action", "meant"),
    [
        ("pending", "approve", m.Approve),
        ("rejected", "approve", m.Reinstate),
        ("deleted", "approve", m.Restore),
        ("pending", "reject", m.Reject),
        ("approved", "reject", m.TakeDown),
        ("pending", "request_changes", m.RequestChanges),
        ("approved", "delete", m.Delete),
    ],
)
def test_a_word_means_the_step_that_fits(name, action, meant):
    content = in_status(name)
    asked = staff_step(StaffAction(action), content, reason=REASON, note="Shorter.")
    assert type(asked) is meant
    assert step(content, asked, MODERATOR).decision.action is meant.action


def test_rejecting_what_waits_behind_an_approved_revision_doesn_t_take_that_down():
    waits = step(in_status("approved"), Edit(snapshot_hash="b"), AUTHOR, policy=SHOWS_APPROVED)
    asked = staff_step(StaffAction.REJECT, waits.content, reason=REASON)
    assert step(waits.content, asked, MODERATOR).content.approved == waits.content.approved


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("pending", "reject"),
        ("approved", "reject"),
        ("rejected", "approve"),
        ("deleted", "approve"),
    ],
)
def test_a_reason_is_needed(name, action):
    with pytest.raises(m.InvalidReason) as refused:
        staff_step(StaffAction(action), in_status(name))
    assert refused.value.pointer == "/reason_code"


def test_a_note_is_needed():
    with pytest.raises(m.NoteRequired):
        staff_step(StaffAction.REQUEST_CHANGES, in_status("pending"))
