"""What holds for every text: verdicts never raise, and spans lie in the original."""

# ruff: noqa: RUF001 (look-alikes are what is tested)

import re
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from saaskit_core.errors import SaasKitError
from saaskit_core.moderation.rules import (
    Author,
    Outcome,
    Submission,
    UnsafePattern,
    compile_pattern,
    compile_rules,
    fold,
    parse_rule,
    parse_rules,
    sketch,
)
from saaskit_core.moderation.rules.marks import MARKS

# Stand-alone letters: what they would make together is decided by a reader, not by folding.
LETTERS_OF_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uffa0-\uffdc]{2}")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
AWKWARD = (
    "aeiost 1!|@.:/-\n\u0301\u0323\u200b\u00ad\u200d\ufe0fßﬁ İﷺ½Ａ４👍🏽\u1112\u1161\u11ab\ud800ςя"
)
awkward = st.text(alphabet=st.sampled_from(AWKWARD), max_size=60)
pieces = st.sampled_from(
    [
        "spam",
        "ＳＰＡＭ",
        "http://evil.com/x",
        "@jo",
        "4111 1111 1111 1111",
        "jo@a.example",
        "h3||0",
        "é",
        "\n",
    ]
)
mixed = st.lists(st.one_of(pieces, awkward), max_size=8).map(" ".join)
texts = st.one_of(st.text(max_size=120), awkward, mixed)

RULES = compile_rules(
    parse_rules(
        [
            {"id": "a", "type": "keyword", "terms": ["spam", "é", "ß*", "👍", "a b"],
             "effects": ["censor"]},
            {"id": "b", "type": "keyword", "terms": ["a", "ff"], "whole_words": False,
             "effects": [{"effect": "censor", "sign": "#"}]},
            {"id": "c", "type": "regex", "pattern": r"\w+\s?\d", "effects": ["censor"]},
            {"id": "d", "type": "regex", "pattern": r"(.)\1", "ignore_case": False,
             "effects": ["hold"]},
            {"id": "e", "type": "variant", "terms": ["hello", "ass"], "effects": ["censor"]},
            {"id": "f", "type": "links", "most": 0, "effects": ["hold"]},
            {"id": "g", "type": "mentions", "most": 0, "effects": ["hold"]},
            {"id": "h", "type": "repetition", "characters": 3, "effects": ["flag"]},
            {"id": "i", "type": "repetition", "words": 2, "effects": ["flag"]},
            {"id": "j", "type": "repetition", "lines": 2, "effects": ["flag"]},
            {"id": "k", "type": "personal", "effects": ["block"]},
            {"id": "l", "type": "duplicate", "least_words": 1, "effects": ["hold"]},
            {"id": "m", "type": "newcomer_media", "first_posts": 1, "effects": ["hold"]},
        ]
    )
)  # fmt: skip


@given(texts)
def test_verdicts_never_raise_and_spans_lie_in_the_original(text):
    verdict = RULES.judge(Submission(text=text, author=Author(earlier=(sketch(text),))), now=NOW)
    spans = [span for hit in verdict.hits for span in hit.spans]
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    for hit in verdict.hits:
        assert list(hit.spans) == sorted(hit.spans)
    assert verdict == RULES.judge(
        Submission(text=text, author=Author(earlier=(sketch(text),))), now=NOW
    )


@given(texts)
def test_covering_touches_what_was_found_and_nothing_else(text):
    verdict = RULES.judge(Submission(text=text), now=NOW)
    covered = verdict.censored(text)
    marks = verdict.censored_spans
    assert len(covered) == len(text)
    inside = {index for mark in marks for index in range(mark.start, mark.end)}
    for index, (before, after) in enumerate(zip(text, covered, strict=True)):
        assert after in "*#" if index in inside else after == before


@given(texts)
def test_folding_keeps_the_way_back(text):
    folded = fold(text)
    size = len(folded.text)
    spans = [folded.span(index, index + 1) for index in range(size)]
    assert spans == sorted(spans)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    if folded.starts is None:
        assert size == len(text)


def test_every_combining_mark_joins_the_character_before():
    known, old = re.compile(f"[{MARKS}]"), unicodedata.ucd_3_2_0
    marks = [mark for mark in map(chr, range(0x300, 0xE0000)) if old.combining(mark)]
    assert len(marks) > 300
    assert [mark for mark in marks if not known.match(mark)] == []


@given(texts)
def test_folding_twice_changes_nothing(text):
    assume(not LETTERS_OF_HANGUL.search(text))
    once = fold(text).text
    assert fold(once).text == once


@given(st.text(alphabet="abß é\u0301ＳﬁIiA\u200b", min_size=1, max_size=12))
def test_every_wording_of_a_term_is_found(term):
    if not fold(term).text.strip() or len(term.strip()) == 0:
        return
    rule = parse_rule(
        {"id": "a", "type": "keyword", "terms": [term], "whole_words": False, "effects": ["hold"]}
    )
    for wording in (term, term.upper(), term.lower(), f"x {term} y"):
        if fold(term).text.strip() in fold(wording).text:
            found = compile_rules([rule]).judge(Submission(text=wording), now=NOW)
            assert found.outcome is Outcome.HOLD


@pytest.mark.filterwarnings("ignore:Possible:FutureWarning")
@given(st.text(alphabet="ab.*+?{}0123456789,()[]|\\^$:=<!P#x-\n", max_size=40), st.booleans())
def test_any_pattern_is_compiled_bounded_or_refused_by_name(pattern, ignore_case):
    try:
        compiled = compile_pattern(pattern, ignore_case=ignore_case)
    except UnsafePattern:
        return
    compiled.search("ab" * 100)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
TYPES = ["keyword", "regex", "links", "author", "score", "attachment", "nonsense"]


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(TYPES), "id": st.just("a") | json_values},
        optional={
            "effects": st.just(["hold"]) | json_values,
            "terms": json_values,
            "pattern": json_values,
            "most": json_values,
            "at_least": json_values,
            "blocked_types": json_values,
            "starts_at": json_values,
        },
    )
)
def test_any_document_is_a_rule_or_refused_by_name(document):
    try:
        rule = parse_rule(document)
    except SaasKitError:
        return
    compile_rules([rule]).judge(Submission(text="a b"), now=NOW)


@given(texts, texts)
def test_resemblance_is_symmetric_and_at_most_one(one, other):
    first, second = sketch(fold(one).text), sketch(fold(other).text)
    assert first.resemblance(second) == second.resemblance(first)
    assert 0 <= first.resemblance(second) <= 1
    assert first.resemblance(first) == (1 if first.hashes else 0)
