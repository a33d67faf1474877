"""How rules combine, when they are in force, and what a verdict says."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from saaskit_core.moderation.rules import (
    MAX_TEXT,
    Author,
    Done,
    Effect,
    InvalidRule,
    Outcome,
    PastItem,
    Submission,
    UnsafePattern,
    backtest,
    compile_pattern,
    compile_rules,
    parse_rule,
    parse_rules,
)
from saaskit_core.periods import NaiveDatetime

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def word(rule_id, *effects, term="spam", **fields):
    return {"id": rule_id, "type": "keyword", "terms": [term], "effects": list(effects), **fields}


def judged(*documents, text="spam", now=NOW, **facts):
    return compile_rules(parse_rules(list(documents))).judge(
        Submission(text=text, **facts), now=now
    )


@pytest.mark.parametrize(
    ("effects", "outcome"),
    [
        pytest.param(["hold", "block"], Outcome.BLOCK, id="block_over_hold"),
        pytest.param(["hold", "flag", {"effect": "tag", "value": "x"}], Outcome.HOLD, id="hold"),
        pytest.param(["flag", "censor"], Outcome.ALLOW, id="the_rest_combine"),
        pytest.param(["allow", "block", "hold"], Outcome.ALLOW, id="allow_before_all"),
    ],
)
def test_the_stronger_outcome_wins(effects, outcome):
    verdict = judged(*(word(f"r{index}", effect) for index, effect in enumerate(effects)))
    assert verdict.outcome is outcome


def test_a_rule_that_allows_settles_it_alone():
    verdict = judged(word("b", "block"), word("a", "allow", priority=900))
    assert (verdict.exempt_by, [hit.rule_id for hit in verdict.hits]) == ("a", ["a"])
    missed = judged(word("b", "block"), word("a", "allow", term="ham"))
    assert (missed.exempt_by, missed.outcome) == ("", Outcome.BLOCK)


def test_effects_combine():
    verdict = judged(
        word("a", {"effect": "tag", "value": "ads"}, {"effect": "silence", "hours": 2}),
        word("b", {"effect": "tag", "value": "ads"}, {"effect": "silence", "hours": 5}, "flag"),
        word("c", {"effect": "limit", "hours": 24}, {"effect": "notify", "value": "team"}),
    )
    assert (verdict.tags, verdict.silences_for, verdict.is_flagged) == (("ads",), 5 * HOUR, True)
    assert verdict.done(Effect.LIMIT) == (Done(effect=Effect.LIMIT, lasts=24 * HOUR),)
    assert verdict.done(Effect.NOTIFY)[0].value == "team"
    assert judged(word("a", "hold")).silences_for is None


def test_priority_says_who_leads():
    verdict = judged(
        word("b", "hold", priority=5, reason_code="second"),
        word("a", "hold", priority=9),
        word("c", "flag", priority=1),
    )
    assert [hit.rule_id for hit in verdict.hits] == ["c", "b", "a"]
    assert verdict.leading.reason_code == "second"
    assert judged(text="x").leading is None


def test_a_dry_run_is_noted_and_does_nothing():
    verdict = judged(word("a", "block", dry_run=True), word("b", "allow", dry_run=True))
    assert (verdict.outcome, verdict.hits) == (Outcome.ALLOW, ())
    assert sorted(hit.rule_id for hit in verdict.trials) == ["a", "b"]


@pytest.mark.parametrize(
    ("fields", "facts", "applies"),
    [
        pytest.param({}, {}, True, id="always"),
        pytest.param({"enabled": False}, {}, False, id="off"),
        pytest.param({"starts_at": "2026-03-01T00:00:00Z"}, {}, True, id="starts_now"),
        pytest.param({"starts_at": "2026-03-01T00:00:01Z"}, {}, False, id="starts_later"),
        pytest.param({"ends_at": "2026-03-01T00:00:00Z"}, {}, False, id="ends_now"),
        pytest.param({"ends_at": "2026-03-01T02:00:00+01:00"}, {}, True, id="ends_later"),
        pytest.param(
            {"exempt_roles": ["admin"]}, {"author": Author(role="admin")}, False, id="role"
        ),
        pytest.param(
            {"exempt_roles": ["admin"]}, {"author": Author(role="user")}, True, id="no_role"
        ),
        pytest.param({"exempt_authors": ["7"]}, {"author": Author(id="7")}, False, id="author"),
        pytest.param({"exempt_scopes": ["post"]}, {"scope": "post"}, False, id="exempt_scope"),
        pytest.param({"scopes": ["post"]}, {"scope": "post"}, True, id="scope"),
        pytest.param({"scopes": ["post"]}, {"scope": "comment"}, False, id="other_scope"),
    ],
)
def test_when_a_rule_is_asked(fields, facts, applies):
    assert bool(judged(word("a", "hold", **fields), **facts).hits) is applies


def test_a_verdict_can_be_explained_and_run_again():
    document = word("ads", "hold", version=7, policy_ids=["p1"])
    verdict = judged(document, text="My SPAM")
    hit = verdict.hits[0]
    assert (hit.rule_id, hit.rule_version, hit.rule_type, hit.policy_ids) == (
        "ads", 7, "keyword", ("p1",),
    )  # fmt: skip
    assert verdict.explained() == ("ads@7 (keyword): words: 'SPAM'",)
    assert judged(document, text="My SPAM") == verdict


def test_a_text_longer_than_rules_read_is_held_and_takes_bounded_time():
    began = time.perf_counter()
    verdict = judged(word("a", "hold"), text="x" * 1_000_000 + " spam")
    assert time.perf_counter() - began < 1
    assert (verdict.outcome, verdict.is_cut, verdict.hits) == (Outcome.HOLD, True, ())
    assert "a person must look" in verdict.explained()[0]
    assert not judged(text="x" * MAX_TEXT).is_cut
    assert judged(word("a", "allow"), text="spam " * 100_000).outcome is Outcome.ALLOW


def test_a_naive_now_is_refused():
    with pytest.raises(NaiveDatetime):
        judged(now=NOW.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (None, ""),
        ([], ""),
        ("keyword", ""),
        ({}, ""),
        ({"type": "magic"}, ""),
        (word("a", "hold", unknown=1), "/keyword/unknown"),
        (word("A!", "hold"), "/keyword/id"),
        (word("x" * 1_000_000, "hold"), "/keyword/id"),
        (word("a"), "/keyword/effects"),
        (word("a", "explode"), "/keyword/effects/0"),
        (word("a", {"effect": "tag"}), "/keyword/effects/0/tag/value"),
        (word("a", {"effect": "silence", "hours": 0}), "/keyword/effects/0/silence/hours"),
        (word("a", {"effect": "censor", "sign": "**"}), "/keyword/effects/0/censor/sign"),
        (word("a", "allow", "hold"), "/keyword"),
        (word("a", "hold", term=""), "/keyword/terms/0"),
        (word("a", "hold", term="**"), "/keyword"),
        (word("a", "hold", term="a*b*c*"), "/keyword"),
        (word("a", "hold", term="x" * 1_000_000), "/keyword/terms/0"),
        (word("a", "hold", version="1"), "/keyword/version"),
        (word("a", "hold", version=True), "/keyword/version"),
        (word("a", "hold", starts_at="2026-01-01T00:00:00"), "/keyword/starts_at"),
        (
            word("a", "hold", starts_at="2026-01-02T00:00:00Z", ends_at="2026-01-02T00:00:00Z"),
            "/keyword",
        ),
        ({"id": "a", "type": "links", "effects": ["hold"]}, "/links"),
        ({"id": "a", "type": "repetition", "effects": ["hold"]}, "/repetition"),
        ({"id": "a", "type": "author", "effects": ["hold"]}, "/author"),
        ({"id": "a", "type": "newcomer_media", "effects": ["hold"]}, "/newcomer_media"),
        ({"id": "a", "type": "attachment", "effects": ["hold"]}, "/attachment"),
        ({"id": "a", "type": "variant", "terms": ["1!"], "effects": ["hold"]}, "/variant"),
        (
            {"id": "a", "type": "score", "classifier": "c", "at_least": "nan", "effects": ["hold"]},
            "/score/at_least",
        ),
        (
            {"id": "a", "type": "personal", "kinds": ["name"], "effects": ["hold"]},
            "/personal/kinds/0",
        ),
    ],
)
def test_a_bad_document_has_a_named_error_that_points(document, pointer):
    with pytest.raises(InvalidRule) as refused:
        parse_rule(document)
    assert refused.value.pointer == pointer
    assert len(str(refused.value)) < 600


def test_ids_are_unique_and_rules_are_not_endless():
    with pytest.raises(InvalidRule):
        parse_rules([word("a", "hold"), word("a", "block")])
    with pytest.raises(InvalidRule):
        parse_rules([word(f"r{number}", "hold") for number in range(501)])


def past(text, number=0, **rest):
    return PastItem(id=str(number), submission=Submission(text=text), at=NOW, **rest)


def test_a_backtest_counts_what_a_rule_would_have_done():
    rule = parse_rule(word("a", "block", enabled=False, dry_run=True, scopes=["other"]))
    items = [
        past("spam", 1, was_approved=True),
        past("spam spam", 2, was_approved=False),
        past("ham", 3),
        past("", 4),
    ]
    report = backtest(rule, items)
    assert (report.looked_at, report.matched, report.against_approved) == (4, 2, 1)
    assert report.share == 0.5
    assert [item_id for item_id, _ in report.examples] == ["1", "2"]
    assert len(report.examples[1][1].spans) == 2


def test_a_backtest_of_a_bad_regex_reports_it():
    rule = parse_rule({"id": "a", "type": "regex", "pattern": "(", "effects": ["hold"]})
    report = backtest(rule, [past("x")])
    assert (report.matched, len(report.problems)) == (0, 1)
    assert backtest(parse_rule(word("a", "hold")), []).share == 0


@pytest.mark.parametrize(
    ("pattern", "bounded"),
    [
        (r"\bbuy\s+now\b", r"\bbuy\s{1,64}now\b"),
        (r".*foo.*bar", r".{0,64}foo.{0,64}bar"),
        (r"(.)\1{9,}", r"(.)\1{9,64}"),
        (r"https?://\S+\.ru", r"https{0,1}://\S{1,64}\.ru"),
        (r"[]a]+b", r"[]a]{1,64}b"),
        (r"a{,5}?", r"a{0,5}?"),
        (r"x{}", r"x{}"),
        (r"(?#no(te)a+", r"a{1,64}"),
        (r"(?i)(?P<w>x)(?P=w)(?=y)(?<!z)", r"(?i)(?P<w>x)(?P=w)(?=y)(?<!z)"),
        (r"(?>a+)b++", r"(?>a{1,64})b{1,64}+"),
        (r"\x41+\u0042*\N{BULLET}?\101{2}", r"\x41{1,64}\u0042{0,64}\N{BULLET}{0,1}\101{2,2}"),
        (r"(?:[a-z]{3}-){2,}", r"(?:[a-z]{3,3}-){2,64}"),
    ],
)
def test_a_pattern_is_bounded(pattern, bounded):
    assert compile_pattern(pattern, ignore_case=True).pattern == bounded


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+", "(a*)*b", "(a|aa)+", "(?:a?){30}", "(.*)*", ".*.*.*", r"\d+\d+\d+", "a?" * 20,
        "(?:(?:a+)b+)+", "(?x)a", "(x)(?(1)a|b)", "a" * 501, "(" * 21 + "a" + ")" * 21, "a{2}{3}",
        "(?P<n>a", "\\", "a{1001}", "(?:x+x+)+y", "(?=(a+)+)",
        "[一-龥]+[一-龥]+[一-龥]+x", "[😀-😎]+[😀-😍]+[😂-😎]+x",
    ],
)  # fmt: skip
def test_a_pattern_that_could_run_away_is_refused(pattern):
    with pytest.raises(UnsafePattern):
        compile_pattern(pattern, ignore_case=False)


@pytest.mark.slow
@pytest.mark.parametrize("pattern", [r".*a.*b", r"(?:\w+\s*){1}\w+!", r"a+a+b", r"(.)\1+\1+x"])
def test_what_is_accepted_ends_soon_on_the_worst_text(pattern):
    rule = {"id": "a", "type": "regex", "pattern": pattern, "effects": ["hold"]}
    began = time.perf_counter()
    judged(rule, text="a" * MAX_TEXT)
    assert time.perf_counter() - began < 20


NASTY = {
    "one_letter": "a",
    "letters_and_dots": "a.",
    "digits": "4",
    "spaced_digits": "4 ",
    "mails": "a@",
    "links": "http://a.",
    "long_host": "http://" + "a." * 900 + " ",
    "mentions": "@a ",
    "signs": ".-!",
    "lines": "\n",
    "marks": "e\u0301\u0323",
    "only_marks": "\u0301\u0323",
    "ligatures": "\ufdfa",
    "invisible": "\u200b",
    "surrogates": "\ud800",
}


@pytest.mark.parametrize("piece", list(NASTY.values()), ids=list(NASTY))
def test_no_text_keeps_the_rules_busy(piece):
    documents = [
        word("a", "hold", term="a*b*"),
        word("b", "hold", term="*a a"),
        {"id": "c", "type": "variant", "terms": ["aab", "a.-.-.-b"], "effects": ["censor"]},
        {"id": "d", "type": "links", "most": 1, "blocked": ["evil.com"], "effects": ["hold"]},
        {"id": "e", "type": "mentions", "most": 1, "effects": ["hold"]},
        {"id": "f", "type": "repetition", "characters": 1000, "lines": 2, "effects": ["hold"]},
        {"id": "g", "type": "personal", "effects": ["censor"]},
        {"id": "h", "type": "duplicate", "effects": ["hold"]},
    ]
    text = (piece * MAX_TEXT)[:MAX_TEXT]
    began = time.process_time()
    verdict = judged(*documents, text=text)
    assert len(verdict.censored(text)) == len(text)
    assert time.process_time() - began < 2
