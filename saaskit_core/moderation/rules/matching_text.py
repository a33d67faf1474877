"""How each rule about a text finds what it looks for."""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from saaskit_core.moderation.rules.folding import Folded, Span, fold
from saaskit_core.moderation.rules.links import is_within
from saaskit_core.moderation.rules.marks import MARKS
from saaskit_core.moderation.rules.patterns import compile_pattern
from saaskit_core.moderation.rules.personal import card_numbers, emails
from saaskit_core.moderation.rules.readings import WORD, Match, Reading
from saaskit_core.moderation.rules.variants import variant_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from saaskit_core.moderation.rules.documents import (
        DuplicateRule,
        KeywordRule,
        LinkRule,
        MentionRule,
        PersonalRule,
        RegexRule,
        RepetitionRule,
        VariantRule,
    )

    Matcher = Callable[[Reading], Match | None]

_MENTION = re.compile(r"(?<![\w@.])@[\w][\w.-]{0,63}")


def keyword(rule: KeywordRule) -> Matcher:
    """Compile a keyword rule: plain words are looked up; phrases and wildcards are searched.

    They are only searched in a text that contains the longest literal part of one of them.
    """
    folded = {term for term in map(_folded, rule.terms) if term.strip("* ")}
    plain = frozenset(
        term for term in folded if rule.whole_words and "*" not in term and WORD.fullmatch(term)
    )
    searched = sorted(folded - plain, reverse=True)
    search = re.compile("|".join(_term(term, whole=rule.whole_words) for term in searched))
    literals = {max(re.split(r"\*|\s+", term), key=len) for term in searched}

    def match(reading: Reading) -> Match | None:
        found = reading.words & plain
        spans = reading.places(found) if found else ()
        if any(literal in reading.folded.text for literal in literals):
            spans += _spans(search, reading.folded)
        return _said("words", reading, spans)

    return match


def regex(rule: RegexRule) -> Matcher:
    """Compile a regex rule. Raises UnsafePattern."""
    search = compile_pattern(rule.pattern, ignore_case=rule.ignore_case)

    def match(reading: Reading) -> Match | None:
        original = Folded(text=reading.text, original=reading.text)
        text = reading.folded if rule.ignore_case else original
        return _said("the pattern found", reading, _spans(search, text))

    return match


def variant(rule: VariantRule) -> Matcher:
    """Compile a rule about spelling variants."""
    pattern = variant_pattern(rule.terms, with_separators=rule.with_separators)
    search = re.compile(pattern) if pattern else None

    def match(reading: Reading) -> Match | None:
        if search is None:
            return None
        view, text = reading.simplified, reading.folded.text
        spans = tuple(
            view.span(*found.span())
            for found in search.finditer(view.text)
            if not rule.whole_words or _stands_alone(text, *found.span())
        )
        return _said("variants", reading, spans)

    return match


def links(rule: LinkRule) -> Matcher:
    """Compile a rule about links."""
    blocked, allowed = frozenset(rule.blocked), frozenset(rule.allowed)

    def match(reading: Reading) -> Match | None:
        others = [link for link in reading.links if not is_within(link.host, allowed)]
        bad = [link for link in others if rule.only_allowed or is_within(link.host, blocked)]
        if bad:
            hosts = ", ".join(dict.fromkeys(link.host for link in bad))
            return Match(f"links to {hosts[:300]}", tuple(link.span for link in bad))
        if rule.most is not None and len(others) > rule.most:
            spans = tuple(link.span for link in others)
            return Match(f"{len(others)} links, more than {rule.most}", spans)
        return None

    return match


def mentions(rule: MentionRule) -> Matcher:
    """Compile a rule about mentions."""

    def match(reading: Reading) -> Match | None:
        if "@" not in reading.folded.text:
            return None
        found = list(_MENTION.finditer(reading.folded.text))
        people = {each.group() for each in found}
        if len(people) <= rule.most:
            return None
        spans = tuple(reading.folded.span(*each.span()) for each in found)
        return Match(f"{len(people)} people mentioned, more than {rule.most}", spans)

    return match


def repetition(rule: RepetitionRule) -> Matcher:
    """Compile a rule about repetition within one text."""
    run = re.compile(rf"(?s)(\S)\1{{{rule.characters - 1},}}") if rule.characters else None

    def match(reading: Reading) -> Match | None:
        text = reading.folded
        if run is not None and (spans := _spans(run, text)):
            return Match(f"{rule.characters} of the same character in a row", spans)
        if rule.words is not None and (spans := _same_words(text, rule.words)):
            return Match(f"the same word {rule.words} times in a row", spans)
        if rule.lines is not None and (spans := _same_lines(text, rule.lines)):
            return Match(f"the same line {rule.lines} times", spans)
        return None

    return match


def duplicate(rule: DuplicateRule) -> Matcher:
    """Compile a rule about resemblance to earlier texts."""

    def match(reading: Reading) -> Match | None:
        own, earlier = reading.sketch, reading.submission.author.earlier
        if not earlier or len(own.hashes) <= rule.least_words:
            return None
        alike = sum(own.resembles(each, percent=rule.percent) for each in earlier)
        if alike < rule.times:
            return None
        return Match(f"resembles {alike} earlier texts by {rule.percent} percent or more")

    return match


def personal(rule: PersonalRule) -> Matcher:
    """Compile a rule about personal data. The explanation doesn't repeat it."""

    def match(reading: Reading) -> Match | None:
        found: dict[str, tuple[Span, ...]] = {}
        if "email" in rule.kinds:
            found["e-mail address"] = tuple(emails(reading.folded))
        if "card" in rule.kinds:
            found["card number"] = tuple(card_numbers(reading.folded))
        kinds = [kind for kind, spans in found.items() if spans]
        if not kinds:
            return None
        spans = tuple(sorted(span for each in found.values() for span in each))
        return Match(f"contains personal data: {', '.join(kinds)}", spans)

    return match


def _folded(term: str) -> str:
    return fold(term).text.strip()


def _term(term: str, *, whole: bool) -> str:
    """Spell a folded term as a pattern, with a word's edge where it begins or ends with one."""
    bare = term if whole else term.strip("*")
    body = "".join(map(_piece, re.split(r"(\*|\s+)", bare)))
    if not whole:
        return body
    before = r"(?<!\w)" if bare[0] == "*" or WORD.match(bare[0]) else ""
    after = rf"(?![\w{MARKS}])" if bare[-1] == "*" or WORD.match(bare[-1]) else ""
    return f"{before}{body}{after}"


def _piece(piece: str) -> str:
    if piece == "*":
        return r"\w{0,64}"
    return r"\s{1,8}" if piece.isspace() else re.escape(piece)


def _spans(search: re.Pattern[str], text: Folded) -> tuple[Span, ...]:
    """Return where a pattern matches at least one character, in the original."""
    places = (found.span() for found in search.finditer(text.text))
    return tuple(text.span(start, end) for start, end in places if start < end)


def _said(what: str, reading: Reading, spans: Iterable[Span]) -> Match | None:
    ordered = tuple(sorted(set(spans)))
    if not ordered:
        return None
    quoted = dict.fromkeys(reading.text[span.start : span.end] for span in ordered[:5])
    return Match(f"{what}: {', '.join(repr(each[:50]) for each in quoted)}", ordered)


def _stands_alone(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not before.isalnum() and not after.isalnum()


def _same_words(text: Folded, times: int) -> tuple[Span, ...]:
    words = [(each.group(), each.span()) for each in WORD.finditer(text.text)]
    runs = (list(run) for _, run in groupby(words, key=lambda word: word[0]))
    return tuple(text.span(run[0][1][0], run[-1][1][1]) for run in runs if len(run) >= times)


def _same_lines(text: Folded, times: int) -> tuple[Span, ...]:
    lines = [(each.group().strip(), each.span()) for each in re.finditer(r"[^\n\r]+", text.text)]
    counted = Counter(line for line, _ in lines if line)
    return tuple(text.span(*place) for line, place in lines if counted[line] >= times)
