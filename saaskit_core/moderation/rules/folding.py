"""Texts as rules compare them, with the way back to the original characters.

Folding is Unicode's NFKC with full case folding (The Unicode Standard, chapter 3.13), done for each
character with the marks that follow it, so that every folded character knows where it came from.
Format and control characters that nobody sees (soft hyphens, zero-width joiners) are left out.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from saaskit_core.moderation.rules.marks import INVISIBLE, MARKS

MAX_TEXT = 20_000
"""Characters that rules look at. A longer text is held for a person, never let through unread."""

_MOST_MARKS = 16
_JOINED = f"[{MARKS}{INVISIBLE}]"
_PIECE = re.compile(rf"(?s)(?P<plain>[\t-\r\x20-\x7e]+(?!{_JOINED}))|.{_JOINED}{{0,{_MOST_MARKS}}}")
_UNSEEN = re.compile(f"[{INVISIBLE}]")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters [start, end) of the original text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A folded text. `starts` and `ends` say where each character came from, None: the same place.

    `original` is what was folded.
    """

    text: str
    original: str
    starts: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> Span:
        """Return where folded characters [start, end), at least one, stand in the original."""
        if self.starts is None or self.ends is None:
            return Span(start, end)
        return Span(self.starts[start], self.ends[end - 1])


def fold(original: str) -> Folded:
    """Fold a text: NFKC, case folded, without invisible characters."""
    if original.isascii() and not _UNSEEN.search(original):
        return Folded(text=original.lower(), original=original)
    plain = _in_place(original)
    if plain is not None:
        return Folded(text=plain, original=original)
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _PIECE.finditer(original):
        start, end = match.span()
        if match["plain"]:
            pieces.append(match.group().lower())
            starts.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
        else:
            piece = _folded(match.group())
            pieces.append(piece)
            starts.extend([start] * len(piece))
            ends.extend([end] * len(piece))
    return Folded(text="".join(pieces), original=original, starts=tuple(starts), ends=tuple(ends))


def _in_place(original: str) -> str | None:
    """Fold what folds character by character, or return None for what doesn't."""
    if _UNSEEN.search(original) or not unicodedata.is_normalized("NFKC", original):
        return None
    folded = original.casefold()
    if len(folded) != len(original) or not unicodedata.is_normalized("NFKC", folded):
        return None
    return folded


@lru_cache(maxsize=8192)
def _folded(cluster: str) -> str:
    seen = _UNSEEN.sub("", cluster)
    normal = unicodedata.normalize("NFKC", seen).casefold()
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", normal))
