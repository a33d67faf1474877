"""Moderation: a verdict of twenty typical rules on 2,000 characters."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from saaskit_core.moderation.rules import (
    Author,
    Submission,
    compile_rules,
    parse_rules,
    sketch,
)
from tests.bench.report import Row, medians

TIMES = 200
GOAL_MS = 1.0
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SENTENCE = (
    "the quick brown fox jumps over a lazy dog while people discuss invoices and plans with "
    "colleagues from other teams, again and again; it works. "
)
PROSE = SENTENCE * 16
TEXTS = {
    "ASCII": PROSE,
    "letters of another script": PROSE.replace("o", "ö"),
    "some full-width words": PROSE.replace("dog", "\uff44\uff4f\uff47"),
    "a combining mark in every word": PROSE.replace("e", "e\u0301"),
    "links, mentions and blocked words": PROSE.replace("dog", "casino http://evil.com/a @jo"),
}
RULES = [
    {
        "type": "keyword",
        "terms": ["viagra", "casino", "free money", "crypto*"],
        "effects": ["block"],
    },
    {
        "type": "keyword",
        "terms": [f"badword{number}" for number in range(200)],
        "effects": ["hold"],
    },
    {"type": "keyword", "terms": ["damn", "heck"], "effects": ["censor"]},
    {"type": "keyword", "terms": ["click here", "buy now"], "effects": ["hold"]},
    {"type": "keyword", "terms": ["refund"], "effects": [{"effect": "tag", "value": "billing"}]},
    {"type": "regex", "pattern": r"\bwhats?app\s*\+?\d{6,15}", "effects": ["hold"]},
    {"type": "regex", "pattern": r"(?:telegram|signal)\s+@\w+", "effects": ["hold"]},
    {"type": "variant", "terms": ["hello", "idiot", "scam"], "effects": ["hold"]},
    {"type": "links", "most": 3, "effects": ["hold"]},
    {"type": "links", "blocked": ["evil.com"], "effects": ["block"]},
    {"type": "mentions", "most": 5, "effects": ["hold"]},
    {"type": "repetition", "characters": 12, "effects": ["flag"]},
    {"type": "duplicate", "effects": ["hold"]},
    {"type": "rate", "most": 5, "minutes": 1, "effects": ["block"]},
    {"type": "author", "younger_than_hours": 24, "effects": ["flag"]},
    {"type": "typing", "faster_than_seconds": 3, "effects": ["hold"]},
    {"type": "newcomer_media", "first_posts": 2, "effects": ["hold"]},
    {"type": "personal", "effects": ["censor"]},
    {"type": "language", "allowed": ["en"], "effects": ["hold"]},
    {"type": "score", "classifier": "toxic", "at_least": 0.8, "effects": ["hold"]},
]
AUTHOR = Author(
    id="7",
    created_at=NOW - timedelta(days=100),
    approved_posts=10,
    earlier=tuple(
        sketch(f"another text {number} about the quick brown fox") for number in range(10)
    ),
)


def measure() -> list[Row]:
    """Measure a verdict for each kind of text, beside lowering and splitting the text alone."""
    rules = compile_rules(parse_rules([{"id": f"r{i}", **rule} for i, rule in enumerate(RULES)]))
    rows = []
    for what, text in TEXTS.items():
        submission = Submission(text=text[:2000], author=AUTHOR, language="en")
        works: dict[str, Callable[[], object]] = {
            "ours": lambda submission=submission: rules.judge(submission, now=NOW),
            "beside": lambda text=text[:2000]: set(text.lower().split()),
        }
        taken = medians(
            {name: _repeated(work) for name, work in works.items()},
            rounds=9,
            clock=time.process_time,
        )
        rows.append(_row(what, ours=taken["ours"] / TIMES, beside=taken["beside"] / TIMES))
    return rows


def _repeated(work: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(TIMES):
            work()

    return run


def _row(what: str, *, ours: float, beside: float) -> Row:
    return Row(
        what=f"twenty rules, {what}",
        ours=f"{ours * 1000:.2f} ms",
        beside=f"{beside * 1000:.3f} ms",
        ratio=ours / beside,
        goal=f"{GOAL_MS:.0f} ms",
        met=ours * 1000 <= GOAL_MS,
    )
