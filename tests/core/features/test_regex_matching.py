import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.features.regex_matching import LONGEST_TEXT, compiled
from saaskit_core.features.regex_syntax import PatternRefused


@pytest.mark.parametrize(
    ("pattern", "found", "missed"),
    [
        ("", ["", "x"], []),
        ("cat", ["cat", "concat"], ["ca", "CAT"]),
        ("^cat$", ["cat"], ["cats", "cat\n"]),
        ("a|b|cd", ["xb", "cd"], ["c", "d"]),
        ("^(ab)?c$", ["c", "abc"], ["ac"]),
        ("^a{2}$", ["aa"], ["a", "aaa"]),
        ("^a{2,}$", ["aa", "aaaa"], ["a"]),
        ("^a{0}b$", ["b"], ["ab"]),
        ("^a{1,2}?$", ["a", "aa"], ["aaa"]),
        ("^(a*)*$", ["", "aaa"], ["b"]),
        ("^[^@]+@[^@]+$", ["a@b"], ["a@b@c"]),
        ("^[]a-c-]+$", ["]", "ab-"], ["d"]),
        ("^[^]a]$", ["b"], ["]", "a"]),
        (r"^[\d\-x]+$", ["1-x"], ["y"]),
        (r"^[^\D]+$", ["12"], ["a"]),
        (r"^\d\D\s\S\w\W$", ["1a b_-"], ["1a bb1", "٣a b_-"]),
        ("^[[:alpha:]]+$", ["Ab"], ["a1", ""]),
        ("^[[:^digit:]x1]+$", ["ax1"], ["2"]),
        ("^[[:punct:][:space:]]+$", ["!~ \t"], ["a"]),
        (r"^\pL\p{Lu}\P{Nd}\p{^L}$", ["äÄx1"], ["ääx1", "äÄ11"]),
        (r"\bcat\b", ["a cat b", "cat"], ["concat", "cat_"]),
        (r"a\Bb", ["ab"], ["a b"]),
        (r"\Acat\z", ["cat"], ["a cat"]),
        ("^(?i)abc$", ["aBc"], ["abd"]),
        ("^(?i:a)b$", ["Ab"], ["AB"]),
        ("(?i)[a-c]ß(?-i)x", ["Bßx"], ["BßX"]),
        ("(?m)^foo$", ["x\nfoo\ny", "foo"], ["x\nfo\ny"]),
        ("^a.b$", ["a-b"], ["a\nb"]),
        ("^(?s)a.b$", ["a\nb"], ["ab"]),
        ("^(?P<year>[0-9]+)(?<x>y)(?:z)$", ["1yz"], ["yz"]),
        (r"^\x41\x{1F600}\t\.\\\/$", ["A😀\t.\\/"], ["a"]),
        ("^a{,2}x{$", ["a{,2}x{"], ["aax"]),
        ("^]}$", ["]}"], []),
    ],
)
def test_patterns_match_as_in_re2(pattern, found, missed):
    for text in found:
        assert compiled(pattern).is_found_in(text) is True, text
    for text in missed:
        assert compiled(pattern).is_found_in(text) is False, text


@pytest.mark.parametrize(
    "pattern",
    [
        "(", ")", "(a", "a)", "[a", "[z-a]", r"[a-\d]", "*", "a**", "a+{2}", "{2}", "^*?+", "(?=a)",
        "(?!a)", "(?<=a)b", r"(a)\1", r"\k<a>", r"\Z", r"\e", "\\", r"\x", r"\p{Greek}", "(?x)a",
        "a{3,2}", "a{3,0}", "a{1001}", "(?", "(?P<1>a)", "[[:nope:", "(" * 30 + ")" * 30, "a" * 257,
        "((a{0,100}){0,100}){0,100}", "((((){1000}){1000}){1000}){1000}",
    ],
)  # fmt: skip
def test_what_re2_refuses_and_what_is_too_large_is_refused(pattern):
    with pytest.raises(PatternRefused):
        compiled(pattern)


def test_case_may_be_ignored_from_outside():
    assert compiled("^[a-c]x$", ignores_case=True).is_found_in("BX")
    assert not compiled("^(?-i)ab$", ignores_case=True).is_found_in("AB")


def test_a_text_that_is_too_long_is_not_searched():
    assert compiled("a").is_found_in("a" * LONGEST_TEXT) is True
    assert compiled("a").is_found_in("a" * (LONGEST_TEXT + 1)) is None


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|a|aa)*c", "(x+x+)+y", "^(a?){60}a{60}$"])
def test_no_pattern_is_catastrophic(pattern):
    started = time.perf_counter()
    assert compiled(pattern).is_found_in("a" * (LONGEST_TEXT - 1) + "b") is False
    assert time.perf_counter() - started < 2


simple = st.recursive(
    st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\w", r"\b", "^", "$", ""]),
    lambda inner: (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})")
        | st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "*?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        )
    ),
    max_leaves=6,
)


@given(simple, st.text("abc", max_size=8), st.booleans())
def test_what_both_know_matches_as_in_python(pattern, text, ignores_case):
    expected = re.search(pattern, text, re.IGNORECASE if ignores_case else 0)
    assert compiled(pattern, ignores_case=ignores_case).is_found_in(text) is (expected is not None)


@given(st.text("()[]{}|*+?^$\\.-:=!<P>imsU,0123abcdpx ", max_size=40), st.text(max_size=20))
def test_any_text_is_a_pattern_or_refused(pattern, text):
    try:
        found = compiled(pattern).is_found_in(text)
    except PatternRefused:
        return
    assert found in (True, False)
