"""Sketches: what is kept of a text in order to recognise it, or something close to it, again."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

SKETCH_SIZE = 64
_MOST_WORDS = 2000
_WORD = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\\W_]+")

_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """The smallest hashes of a text's pairs of words, ascending: at most 64, no way back.

    A text without words has an empty sketch, which resembles nothing.
    """

    hashes: tuple[int, ...]

    def resemblance(self, other: Sketch) -> Fraction:
        """Estimate which part of the word pairs the two share, between 0 and 1.

        Exact for short texts; bottom-k sketches (Broder, 1997) for the others.
        """
        both = set(self.hashes).intersection(other.hashes)
        if not both:
            return Fraction(0)
        union = sorted({*self.hashes, *other.hashes})[:SKETCH_SIZE]
        return Fraction(sum(each in both for each in union), len(union))

    def resembles(self, other: Sketch, *, percent: int) -> bool:
        """Tell whether the two share at least so many percent; what can't be is ruled out fast."""
        both = len(set(self.hashes).intersection(other.hashes))
        if 100 * both < percent * max(len(self.hashes), len(other.hashes)):
            return False
        return 100 * self.resemblance(other) >= percent


def sketch(folded_text: str) -> Sketch:
    """Return the sketch of a text that `fold` has folded."""
    words = (_ASCII_WORD if folded_text.isascii() else _WORD).findall(folded_text)[:_MOST_WORDS]
    if not words:
        return Sketch(hashes=())
    pairs = {f"{one} {other}" for one, other in pairwise(["", *words, ""])}
    hashes = {zlib.crc32(pair.encode("utf-8", "surrogatepass")) for pair in pairs}
    return Sketch(hashes=tuple(sorted(hashes)[:SKETCH_SIZE]))
