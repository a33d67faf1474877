"""Rules about texts: what they find and what they leave, in any script."""

# ruff: noqa: RUF001 (look-alikes are what is tested)

from datetime import UTC, datetime

import pytest

from saaskit_core.moderation.rules import (
    Author,
    Outcome,
    Span,
    Submission,
    compile_rules,
    find_links,
    fold,
    parse_rule,
    passes_luhn,
    registrable_domain,
    sketch,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
VISA = "4111 1111 1111 1111"


def judged(text, type_, effects=("hold",), author=None, **fields):
    rule = parse_rule({"id": "r", "type": type_, "effects": list(effects), **fields})
    submission = Submission(text=text, author=author or Author())
    return compile_rules([rule]).judge(submission, now=NOW)


def found(text, type_, **fields):
    """The stretches of the original text that the rule found."""
    hits = judged(text, type_, **fields).hits
    return [text[span.start : span.end] for hit in hits for span in hit.spans]


@pytest.mark.parametrize(
    ("text", "terms", "stretches"),
    [
        pytest.param("buy SPAM now", ["spam"], ["SPAM"], id="case"),
        pytest.param("spammer", ["spam"], [], id="whole_words"),
        pytest.param("spam, spam; spam!", ["spam"], ["spam"] * 3, id="punctuation"),
        pytest.param("spammers unspam", ["spam*"], ["spammers"], id="wildcard_behind"),
        pytest.param("unspam", ["*spam"], ["unspam"], id="wildcard_before"),
        pytest.param("sp-am spXam", ["sp*am"], ["spXam"], id="wildcard_within"),
        pytest.param("get free \n money", ["free money"], ["free \n money"], id="phrase"),
        pytest.param("freemoney", ["free money"], [], id="no_phrase"),
        pytest.param("don't", ["don't"], ["don't"], id="apostrophe"),
        pytest.param("$$$ win", ["$$$"], ["$$$"], id="signs"),
        pytest.param("a ＳＰＡＭ b", ["spam"], ["ＳＰＡＭ"], id="full_width"),
        pytest.param("𝐬𝐩𝐚𝐦", ["spam"], ["𝐬𝐩𝐚𝐦"], id="mathematical_letters"),
        pytest.param("STRASSE Straße", ["straße"], ["STRASSE", "Straße"], id="sharp_s"),
        pytest.param("ﬁsh", ["fish"], ["ﬁsh"], id="ligature"),
        pytest.param("cafe\u0301 x", ["café"], ["cafe\u0301"], id="combining_mark"),
        pytest.param("cafe\u0301 x", ["cafe"], [], id="an_accent_is_another_letter"),
        pytest.param(
            "s\u200bp\u00ada\u2060m x", ["spam"], ["s\u200bp\u00ada\u2060m"], id="invisible"
        ),
        pytest.param("s\x00p\x01am x", ["spam"], ["s\x00p\x01am"], id="control"),
        pytest.param("s\x7fp\x85am é", ["spam"], [], id="next_line_is_white_space"),
        pytest.param("s\x9fp\ufff9am é", ["spam"], ["s\x9fp\ufff9am"], id="control_beyond_ascii"),
        pytest.param("s\tpam", ["spam"], [], id="white_space_is_seen"),
        pytest.param("👩‍👩‍👧 spam 👍🏽", ["spam"], ["spam"], id="after_an_emoji"),
        pytest.param("nice 👍🏽 one", ["👍🏽"], ["👍🏽"], id="an_emoji"),
        pytest.param("ΟΔΟΣ", ["οδοσ"], ["ΟΔΟΣ"], id="final_sigma"),
        pytest.param("İstanbul", ["i̇stanbul"], ["İstanbul"], id="dotted_i"),
        pytest.param("ﷺ spam", ["spam"], ["spam"], id="after_a_long_ligature"),
        pytest.param("\u1112\u1161\u11ab", ["한"], ["\u1112\u1161\u11ab"], id="hangul_letters"),
        pytest.param("нет СПАМ", ["спам"], ["СПАМ"], id="cyrillic"),
        pytest.param("", ["spam"], [], id="empty"),
    ],
)
def test_keywords(text, terms, stretches):
    assert found(text, "keyword", terms=terms) == stretches


@pytest.mark.parametrize(
    ("text", "terms", "stretches"),
    [
        ("unspammable", ["spam"], ["spam"]),
        ("我要垃圾广告啊", ["垃圾"], ["垃圾"]),
        ("xspamx", ["*spam*"], ["spam"]),
    ],
)
def test_keywords_within_words(text, terms, stretches):
    assert found(text, "keyword", terms=terms, whole_words=False) == stretches


def test_a_term_of_invisible_characters_finds_nothing():
    assert found("any text at all", "keyword", terms=["\u200b*", "\u00ad\u200b"]) == []


@pytest.mark.parametrize(
    ("text", "stretches"),
    [
        pytest.param("h3||0", ["h3||0"], id="signs_for_letters"),
        pytest.param("helllllllloooo there", ["helllllllloooo"], id="drawn_out"),
        pytest.param("h.e.l.l.o", ["h.e.l.l.o"], id="taken_apart"),
        pytest.param("Ｈéllö!", ["Ｈéllö"], id="full_width_and_accents"),
        pytest.param("hе11о", ["hе11о"], id="cyrillic_look_alikes"),
        pytest.param("HELLO", ["HELLO"], id="case"),
        pytest.param("!hello!", ["hello"], id="signs_around"),
        pytest.param("he\u0301llo", ["he\u0301llo"], id="combining_mark"),
        pytest.param("othello", [], id="within_a_word"),
        pytest.param("helo", [], id="left_out_letter"),
        pytest.param("h    e", [], id="too_far_apart"),
        pytest.param("help", [], id="another_word"),
    ],
)
def test_variants(text, stretches):
    assert found(text, "variant", terms=["hello"]) == stretches


def test_signs_within_a_term_are_optional_and_cost_nothing():
    assert found("free money, freemoney, f.r.e.e money", "variant", terms=["free money"]) == [
        "free money",
        "freemoney",
        "f.r.e.e money",
    ]
    nasty = "a" + ".-" * 24 + "b"
    assert found("a" + ".-" * 5000, "variant", terms=[nasty]) == []
    assert found("get free  money", "variant", terms=["free money"], with_separators=False) == [
        "free  money"
    ]


def test_a_shorter_word_is_no_variant():
    assert found("as is", "variant", terms=["ass"]) == []
    assert found("@$$", "variant", terms=["ass"]) == ["@$$"]
    assert found("classic", "variant", terms=["ass"]) == []
    assert found("classic", "variant", terms=["ass"], whole_words=False) == ["ass"]
    assert found("h.e.l.l.o", "variant", terms=["hello"], with_separators=False) == []


@pytest.mark.parametrize(
    ("text", "fields", "stretches"),
    [
        ("Call 0170-123 now", {"pattern": r"\d{4}-\d+"}, ["0170-123"]),
        ("call ０１７０-123", {"pattern": r"\d{4}-\d+"}, ["０１７０-123"]),
        ("SHOUTING quiet", {"pattern": "[A-Z]{5,}", "ignore_case": False}, ["SHOUTING"]),
        ("shouting", {"pattern": "[A-Z]{5,}", "ignore_case": False}, []),
        ("aaaa", {"pattern": "x*"}, []),
        ("ß-1", {"pattern": "ss-[0-9]"}, ["ß-1"]),
    ],
)
def test_regexes(text, fields, stretches):
    assert found(text, "regex", **fields) == stretches


@pytest.mark.parametrize("pattern", ["(", "(a+)+$", "[z-a]", "x" * 501, "(?x)a", "a{9999}"])
def test_a_bad_regex_disables_its_rule_and_is_reported(pattern):
    verdict = judged("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "regex", pattern=pattern)
    assert (verdict.outcome, verdict.hits) == (Outcome.ALLOW, ())
    assert verdict.problems[0].startswith("r@1 is off: ")


@pytest.mark.parametrize(
    ("text", "fields", "stretches"),
    [
        pytest.param(
            "see https://a.example/x, www.b.example and c.com.",
            {"most": 2},
            ["https://a.example/x", "www.b.example", "c.com"],
            id="counted",
        ),
        pytest.param("https://a.example https://b.example", {"most": 2}, [], id="few_enough"),
        pytest.param("go to EVIL.com/x", {"blocked": ["evil.com"]}, ["EVIL.com/x"], id="blocked"),
        pytest.param("http://a.e.com", {"blocked": ["e.com"]}, ["http://a.e.com"], id="below"),
        pytest.param("http://notevil.com", {"blocked": ["evil.com"]}, [], id="not_below"),
        pytest.param(
            "https://good.com@evil.com/", {"blocked": ["evil.com"]}, ["https://good.com@evil.com/"],
            id="user_part",
        ),
        pytest.param(
            "http://good.com http://other.org",
            {"allowed": ["good.com"], "only_allowed": True},
            ["http://other.org"],
            id="only_allowed",
        ),
        pytest.param("http://a.good.com", {"allowed": ["good.com"], "most": 0}, [], id="allowed"),
        pytest.param("ｅ．ｃｏｍ", {"blocked": ["e.com"]}, ["ｅ．ｃｏｍ"], id="full_width"),
        pytest.param("http://bücher.example", {"blocked": ["xn--bcher-kva.example"]},
                     ["http://bücher.example"], id="international"),
        pytest.param("http://[::1]/x", {"most": 0}, ["http://[::1]/x"], id="address"),
        pytest.param("wait...what e.g. 3.14 end.Next me@d.org", {"most": 0}, [], id="no_links"),
    ],
)  # fmt: skip
def test_links(text, fields, stretches):
    assert found(text, "links", **fields) == stretches


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("a.b.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("me.github.io", "me.github.io"),
        ("example.com", "example.com"),
        ("10.0.0.1", "10.0.0.1"),
        ("[::1]", "[::1]"),
        ("localhost", "localhost"),
    ],
)
def test_the_part_that_somebody_registered(host, domain):
    assert registrable_domain(host) == domain


def test_at_most_so_many_links_are_read():
    assert len(find_links(fold("http://a.example " * 1000))) == 200


def test_mentions_count_people():
    assert found("@a @a @b hi c@d.org", "mentions", most=1) == ["@a", "@a", "@b"]
    assert found("@a @A", "mentions", most=1) == []


@pytest.mark.parametrize(
    ("text", "fields", "stretches"),
    [
        ("so coooooool", {"characters": 5}, ["ooooooo"]),
        ("so cool", {"characters": 5}, []),
        ("buy Buy BUY now", {"words": 3}, ["buy Buy BUY"]),
        ("buy and buy and buy", {"words": 2}, []),
        ("x\ny\nX \nz", {"lines": 2}, ["x", "X "]),
        ("\n\n\n\n", {"lines": 2}, []),
    ],
)
def test_repetition(text, fields, stretches):
    assert found(text, "repetition", **fields) == stretches


LONG = "You can win a great prize today if you only visit our wonderful little shop in town"


@pytest.mark.parametrize(
    ("text", "fields", "matches"),
    [
        (LONG, {}, True),
        (LONG.upper() + "!!!", {}, True),
        (LONG.replace("great", "big"), {"percent": 81}, False),
        (LONG.replace("great", "big"), {"percent": 80}, True),
        ("Something else entirely, with nothing in common at all with that one", {}, False),
        ("Thanks!", {}, False),
        (LONG, {"times": 2}, False),
    ],
)
def test_duplicates(text, fields, matches):
    earlier = (sketch(fold(LONG).text), sketch(fold("Thanks!").text))
    assert bool(judged(text, "duplicate", author=Author(earlier=earlier), **fields).hits) is matches


def test_near_duplicates_of_long_texts_are_estimated():
    words = [f"word{number}" for number in range(1000)]
    one = sketch(" ".join(words))
    other = sketch(" ".join([*words[:990], *(f"other{number}" for number in range(10))]))
    assert len(one.hashes) == 64
    assert one.resemblance(other) > 0.9
    assert one.resemblance(sketch("nothing like it")) == 0
    assert one.resemblance(one) == 1
    assert sketch("").resemblance(sketch("")) == 0


@pytest.mark.parametrize(
    ("text", "stretches"),
    [
        (f"my card {VISA}.", [VISA]),
        ("4111111111111111", ["4111111111111111"]),
        ("4111-1111-1111-1111", ["4111-1111-1111-1111"]),
        ("４１１１ 1111 1111 1111", ["４１１１ 1111 1111 1111"]),
        ("4111 1111 1111 1112", []),
        ("order 94111111111111111", []),
        ("0000 0000 0000 0000", []),
        ("write to Jo.Doe+x@mail.example.org!", ["Jo.Doe+x@mail.example.org"]),
        ("jo＠example.org", ["jo＠example.org"]),
        ("@jo and a@b", []),
    ],
)
def test_personal_data(text, stretches):
    assert found(text, "personal") == stretches


def test_personal_data_isn_t_repeated_in_the_explanation():
    verdict = judged(f"{VISA} jo@example.org", "personal")
    assert verdict.explained() == (
        "r@1 (personal): contains personal data: e-mail address, card number",
    )


@pytest.mark.parametrize(
    ("number", "passes"),
    [("79927398713", True), ("79927398710", False), ("", False), ("378282246310005", True)],
)
def test_check_digits(number, passes):
    assert passes_luhn(number) is passes


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("you spam me", "you **** me"),
        ("👍🏽 ＳＰＡＭ cafe\u0301", "👍🏽 **** *****"),
        ("s\u200bpam ﬁsh", "***** ***"),
    ],
)
def test_exactly_what_was_found_is_covered(text, covered):
    verdict = judged(text, "keyword", effects=["censor"], terms=["spam", "café", "fish"])
    assert verdict.outcome is Outcome.ALLOW
    assert verdict.censored(text) == covered


def test_overlapping_finds_are_covered_once():
    rules = [
        parse_rule({"id": "a", "type": "keyword", "terms": ["b c"], "effects": [
            {"effect": "censor", "sign": "#"}]}),
        parse_rule({"id": "b", "type": "keyword", "terms": ["a b"], "effects": ["censor"]}),
    ]  # fmt: skip
    verdict = compile_rules(rules).judge(Submission(text="x a b c y"), now=NOW)
    assert verdict.censored("x a b c y") == "x ***## y"


def test_spans_are_ordered_and_within_the_text():
    verdict = judged("Spam spam", "keyword", terms=["spam"])
    assert verdict.hits[0].spans == (Span(0, 4), Span(5, 9))
