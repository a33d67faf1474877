"""Spelling variants: what a reader takes for the same word although it is written otherwise.

Digits and signs for letters (h3||0), look-alikes from other alphabets, accents, drawn-out letters
(helllo) and signs between the letters (h.e.l.l.o).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from saaskit_core.moderation.rules.folding import Folded, fold

if TYPE_CHECKING:
    from collections.abc import Iterable

# One class for i, l and what looks like them: nobody can tell them apart.
_LOOKS_LIKE = {
    "a": "4@\u0430\u03b1\u0251",
    "b": "8\u0432",
    "c": "(\u0441\u03f2",
    "e": "3\u20ac\u0435\u03b5\u0454",
    "g": "69",
    "h": "\u043d",
    "i": "1l!|\u0131\u0456\u03b9\u04cf",
    "j": "\u0458",
    "k": "\u043a\u03ba",
    "m": "\u043c",
    "n": "\u03b7",
    "o": "0\u043e\u03bf\u03c3",
    "p": "\u0440\u03c1",
    "s": "5$\u0455",
    "t": "7+\u0442\u03c4",
    "u": "\u03c5",
    "v": "\u03bd",
    "x": "\u0445\u03c7",
    "y": "\u0443\u03b3",
    "z": "2",
}
_READ_AS = {ord(sign): letter for letter, signs in _LOOKS_LIKE.items() for sign in signs}
_LONGEST_RUN = 64
_BETWEEN = r"[\W_]{0,2}"
_SEPARATORS = re.compile(r"[\W_]+")


def simplified(folded: Folded) -> Folded:
    """Return a folded text in the letters it is read as; each character keeps its place."""
    text = folded.text.translate(_READ_AS)
    if not text.isascii():
        text = "".join(map(_base, text))
    return Folded(text=text, original=folded.original, starts=folded.starts, ends=folded.ends)


def variant_pattern(terms: Iterable[str], *, with_separators: bool) -> str:
    """Return the pattern that finds every variant of the terms in a simplified text.

    A letter may be drawn out, but not left out: "as" isn't a variant of "ass". Terms that hold no
    letter are left out; "" when none is left.
    """
    spelled = {simplified(fold(term)).text.strip() for term in terms}
    if with_separators:
        # What may stand between any two letters is left out of the term: it would match twice.
        spelled = {_SEPARATORS.sub("", term) for term in spelled}
    between = _BETWEEN if with_separators else ""
    return "|".join(_term(term, between) for term in sorted(spelled - {""}, reverse=True))


def _term(term: str, between: str) -> str:
    runs = re.findall(r"(?s)((.)\2*)", term)
    parts = [
        between.join(map(re.escape, run)) + f"{re.escape(letter)}{{0,{_LONGEST_RUN}}}"
        for run, letter in runs
    ]
    return between.join(parts)


@lru_cache(maxsize=4096)
def _base(character: str) -> str:
    """Return the letter below an accent, the character itself when it isn't exactly one."""
    bare = "".join(
        each for each in unicodedata.normalize("NFD", character) if not unicodedata.combining(each)
    )
    return bare.translate(_READ_AS) if len(bare) == 1 else character
