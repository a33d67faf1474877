"""How each rule about an author, attachments or what else is known decides."""

from __future__ import annotations

import math
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from saaskit_core.moderation.reports import report_score
from saaskit_core.moderation.rules.readings import Match, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from saaskit_core.moderation.rules.documents import (
        AttachmentRule,
        AuthorRule,
        CategoryRule,
        LanguageRule,
        NewcomerMediaRule,
        RateRule,
        ReportRule,
        ScoreRule,
        TypingRule,
    )
    from saaskit_core.moderation.rules.facts import Attachment

    Matcher = Callable[[Reading], Match | None]


def rate(rule: RateRule) -> Matcher:
    """Compile a rule about how often somebody posts."""
    window = timedelta(minutes=rule.minutes)

    def match(reading: Reading) -> Match | None:
        now = reading.now
        recent = sum(now - at < window for at in reading.submission.author.posted_at if at <= now)
        if recent < rule.most:
            return None
        return Match(f"{recent} posts within {rule.minutes} minutes already")

    return match


def author(rule: AuthorRule) -> Matcher:
    """Compile a rule about who the author is."""

    def match(reading: Reading) -> Match | None:
        who = reading.submission.author
        said: list[str] = []
        asked = 0
        if rule.younger_than_hours is not None:
            asked += 1
            said += ["a young account"] if _is_young(reading, rule.younger_than_hours) else []
        if rule.first_posts is not None:
            asked += 1
            said += ["one of the first posts"] if who.approved_posts < rule.first_posts else []
        if rule.reputation_below is not None:
            asked += 1
            said += ["a low reputation"] if who.reputation < rule.reputation_below else []
        enough = asked if rule.match == "all" else 1
        return Match(", ".join(said)) if len(said) >= enough else None

    return match


def newcomer_media(rule: NewcomerMediaRule) -> Matcher:
    """Compile a rule about what newcomers post besides text."""

    def match(reading: Reading) -> Match | None:
        submission = reading.submission
        is_new = (
            rule.first_posts is not None and submission.author.approved_posts < rule.first_posts
        ) or (rule.younger_than_hours is not None and _is_young(reading, rule.younger_than_hours))
        if not is_new:
            return None
        if rule.links and reading.links:
            spans = tuple(link.span for link in reading.links)
            return Match("a new author posts links", spans)
        if rule.attachments and submission.attachments:
            return Match("a new author posts attachments")
        return None

    return match


def typing(rule: TypingRule) -> Matcher:
    """Compile a rule about how fast a text was typed."""
    least = timedelta(seconds=rule.faster_than_seconds)

    def match(reading: Reading) -> Match | None:
        took, who = reading.submission.typed_for, reading.submission.author
        is_concerned = rule.first_posts is None or who.approved_posts < rule.first_posts
        if took is None or not is_concerned or took >= least:
            return None
        return Match(f"typed in less than {rule.faster_than_seconds} seconds")

    return match


def reports(rule: ReportRule) -> Matcher:
    """Compile a rule about readers' reports."""

    def match(reading: Reading) -> Match | None:
        submission = reading.submission
        score = report_score(submission.reports, author_id=submission.author.id)
        if score < rule.threshold:
            return None
        return Match(f"reports that weigh {score}, at least {rule.threshold}")

    return match


def language(rule: LanguageRule) -> Matcher:
    """Compile a rule about languages."""
    allowed = {each.replace("_", "-").casefold() for each in rule.allowed}

    def match(reading: Reading) -> Match | None:
        tag = reading.submission.language.replace("_", "-").casefold()[:64]
        if not tag:
            return Match("its language isn't known") if rule.unknown else None
        if tag in allowed or tag.partition("-")[0] in allowed:
            return None
        return Match(f"its language is {tag}")

    return match


def attachment(rule: AttachmentRule) -> Matcher:
    """Compile a rule about attachments."""
    hashes = frozenset(each.lower() for each in rule.blocked_hashes)
    blocked = tuple(each.lower() for each in rule.blocked_types)
    allowed = tuple(each.lower() for each in rule.allowed_types)

    def problem(file: Attachment) -> str:
        kind = file.media_type.lower()[:200]
        if file.sha256.lower() in hashes:
            return "a known attachment"
        if _is_of(kind, blocked) or (allowed and not _is_of(kind, allowed)):
            return f"an attachment of the type {kind}"
        if rule.largest_bytes is not None and file.size > rule.largest_bytes:
            return f"an attachment of {file.size} bytes"
        return ""

    def match(reading: Reading) -> Match | None:
        files = reading.submission.attachments
        if rule.most is not None and len(files) > rule.most:
            return Match(f"{len(files)} attachments, more than {rule.most}")
        said = next(filter(None, map(problem, files)), "")
        return Match(said) if said else None

    return match


def category(rule: CategoryRule) -> Matcher:
    """Compile a rule about categories that need approval."""
    categories = frozenset(rule.categories)

    def match(reading: Reading) -> Match | None:
        found = reading.submission.category
        return Match(f"the category {found} needs approval") if found in categories else None

    return match


def score(rule: ScoreRule) -> Matcher:
    """Compile a rule about a classifier's score. One that is no number counts as missing."""

    def match(reading: Reading) -> Match | None:
        given = reading.submission.scores.get(rule.classifier)
        if given is None or not math.isfinite(given):
            return Match(f"no score of {rule.classifier}") if rule.missing else None
        if given < rule.at_least:
            return None
        return Match(f"{rule.classifier} says {given}, at least {rule.at_least}")

    return match


def _is_young(reading: Reading, hours: int) -> bool:
    created_at = reading.submission.author.created_at
    return created_at is None or reading.now - created_at < timedelta(hours=hours)


def _is_of(kind: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(kind, pattern) for pattern in patterns)
