"""Rules about what is known besides the text."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from saaskit_core.moderation import Report
from saaskit_core.moderation.rules import (
    Attachment,
    Author,
    Submission,
    compile_rules,
    parse_rule,
)
from saaskit_core.periods import NaiveDatetime

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PNG = Attachment(media_type="image/PNG", sha256="AB" * 32, size=1000)
EXE = Attachment(media_type="application/x-msdownload")


def matches(type_, submission, **fields):
    rule = parse_rule({"id": "r", "type": type_, "effects": ["hold"], **fields})
    return bool(compile_rules([rule]).judge(submission, now=NOW).hits)


def of(text="Hello", **facts):
    return Submission(text=text, **facts)


def by(**facts):
    return of(author=Author(id="7", **facts))


POSTED = by(posted_at=(NOW - 10 * MINUTE, NOW - 5 * MINUTE, NOW, NOW + MINUTE))
OLD = {"created_at": NOW - timedelta(days=400), "approved_posts": 50, "reputation": 90}
REPORTS = tuple(Report(reporter_id=f"r{i}", agreed=8) for i in range(2))


@pytest.mark.parametrize(
    ("type_", "submission", "fields", "expected"),
    [
        ("rate", POSTED, {"most": 3, "minutes": 11}, True),
        ("rate", POSTED, {"most": 3, "minutes": 10}, False),
        ("rate", POSTED, {"most": 2, "minutes": 10}, True),
        ("rate", by(), {"most": 1, "minutes": 10}, False),
        ("author", by(created_at=NOW - 47 * 60 * MINUTE), {"younger_than_hours": 48}, True),
        ("author", by(created_at=NOW - 48 * 60 * MINUTE), {"younger_than_hours": 48}, False),
        ("author", by(created_at=NOW + MINUTE), {"younger_than_hours": 1}, True),
        ("author", by(), {"younger_than_hours": 1}, True),
        ("author", by(approved_posts=2), {"first_posts": 3}, True),
        ("author", by(approved_posts=3), {"first_posts": 3}, False),
        ("author", by(reputation=4), {"reputation_below": 5}, True),
        ("author", by(reputation=5), {"reputation_below": 5}, False),
        ("author", by(**OLD), {"first_posts": 3, "reputation_below": 99}, True),
        ("author", by(**OLD), {"first_posts": 3, "reputation_below": 99, "match": "all"}, False),
        ("typing", of(typed_for=timedelta(seconds=2)), {"faster_than_seconds": 3}, True),
        ("typing", of(typed_for=timedelta(seconds=3)), {"faster_than_seconds": 3}, False),
        ("typing", of(), {"faster_than_seconds": 3}, False),
        (
            "typing",
            of(typed_for=timedelta(0), author=Author(**OLD)),
            {"faster_than_seconds": 3, "first_posts": 2},
            False,
        ),
        ("newcomer_media", of("see http://a.example"), {"first_posts": 1}, True),
        (
            "newcomer_media",
            of("see http://a.example", author=Author(**OLD)),
            {"first_posts": 1},
            False,
        ),
        ("newcomer_media", of("no link"), {"first_posts": 1}, False),
        ("newcomer_media", of(attachments=(PNG,)), {"younger_than_hours": 1}, True),
        ("newcomer_media", of(attachments=(PNG,)), {"first_posts": 1, "attachments": False}, False),
        ("newcomer_media", of("http://a.example"), {"first_posts": 1, "links": False}, False),
        ("reports", of(reports=REPORTS), {"threshold": 3}, True),
        ("reports", of(reports=REPORTS), {"threshold": 4}, False),
        ("reports", of(reports=REPORTS * 9), {"threshold": 4}, False),
        ("reports", of(reports=REPORTS, author=Author(id="r0")), {"threshold": 3}, False),
        ("language", of(language="en-GB"), {"allowed": ["en", "de"]}, False),
        ("language", of(language="DE_at"), {"allowed": ["en", "de"]}, False),
        ("language", of(language="fr"), {"allowed": ["en", "de"]}, True),
        ("language", of(language="en"), {"allowed": ["en-GB"]}, True),
        ("language", of(), {"allowed": ["en"]}, False),
        ("language", of(), {"allowed": ["en"], "unknown": True}, True),
        ("attachment", of(attachments=(PNG, EXE)), {"blocked_types": ["application/*"]}, True),
        ("attachment", of(attachments=(PNG,)), {"blocked_types": ["application/*"]}, False),
        ("attachment", of(attachments=(PNG,)), {"allowed_types": ["image/*"]}, False),
        ("attachment", of(attachments=(PNG, EXE)), {"allowed_types": ["image/*"]}, True),
        ("attachment", of(attachments=(PNG,)), {"blocked_hashes": ["ab" * 32]}, True),
        ("attachment", of(attachments=(EXE,)), {"blocked_hashes": ["ab" * 32]}, False),
        ("attachment", of(attachments=(PNG, PNG)), {"most": 1}, True),
        ("attachment", of(attachments=(PNG,)), {"largest_bytes": 999}, True),
        ("attachment", of(attachments=(PNG,)), {"largest_bytes": 1000}, False),
        ("category", of(category="jobs"), {"categories": ["jobs"]}, True),
        ("category", of(), {"categories": ["jobs"]}, False),
        ("score", of(scores={"toxic": 0.8}), {"classifier": "toxic", "at_least": 0.8}, True),
        ("score", of(scores={"toxic": 0.79}), {"classifier": "toxic", "at_least": 0.8}, False),
        ("score", of(), {"classifier": "toxic", "at_least": 0.8}, False),
        ("score", of(), {"classifier": "toxic", "at_least": 0.8, "missing": True}, True),
        ("score", of(scores={"toxic": math.nan}), {"classifier": "toxic", "at_least": 0}, False),
        (
            "score",
            of(scores={"toxic": math.inf}),
            {"classifier": "toxic", "at_least": 0, "missing": True},
            True,
        ),
    ],
)
def test_what_a_rule_matches(type_, submission, fields, expected):
    assert matches(type_, submission, **fields) is expected


@pytest.mark.parametrize("field", ["created_at", "posted_at"])
def test_naive_times_are_refused(field):
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(NaiveDatetime):
        Author(**{field: (naive,) if field == "posted_at" else naive})
