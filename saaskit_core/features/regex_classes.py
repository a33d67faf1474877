"""Sets of characters in patterns. ASCII where RE2's are: \\d, \\s, \\w and the POSIX names."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CharacterClass:
    """The characters of some ranges, of other classes and of one Unicode category."""

    ranges: tuple[tuple[int, int], ...] = ()
    inner: tuple[CharacterClass, ...] = ()
    is_negated: bool = False
    ignores_case: bool = False
    category: str = ""

    def contains(self, character: str) -> bool:
        """Tell whether a character belongs to it."""
        forms = {character}
        if self.ignores_case:
            forms |= {each for each in (character.lower(), character.upper()) if len(each) == 1}
        return any(self._names(form) for form in forms) is not self.is_negated

    def _names(self, character: str) -> bool:
        code = ord(character)
        if any(low <= code <= high for low, high in self.ranges):
            return True
        if self.category and unicodedata.category(character).startswith(self.category):
            return True
        return any(each.contains(character) for each in self.inner)


def category(name: str, *, is_negated: bool = False) -> CharacterClass:
    """Return the class of a Unicode general category: L, Lu, Nd."""
    return CharacterClass(category=name, is_negated=is_negated)


def _of(*spans: str) -> CharacterClass:
    return CharacterClass(tuple((ord(span[0]), ord(span[-1])) for span in spans))


_WORD = _of("az", "AZ", "09", "_")
_SPACE = _of("\t\n", "\f\r", " ")
POSIX = {
    "alnum": _of("az", "AZ", "09"),
    "alpha": _of("az", "AZ"),
    "ascii": _of("\x00\x7f"),
    "blank": _of("\t", " "),
    "cntrl": _of("\x00\x1f", "\x7f"),
    "digit": _of("09"),
    "graph": _of("!~"),
    "lower": _of("az"),
    "print": _of(" ~"),
    "punct": _of("!/", ":@", "[`", "{~"),
    "space": _of("\t\r", " "),
    "upper": _of("AZ"),
    "word": _WORD,
    "xdigit": _of("09", "AF", "af"),
}
SHORTHANDS = {
    "d": _of("09"),
    "D": CharacterClass(_of("09").ranges, is_negated=True),
    "s": _SPACE,
    "S": CharacterClass(_SPACE.ranges, is_negated=True),
    "w": _WORD,
    "W": CharacterClass(_WORD.ranges, is_negated=True),
}


def is_word(character: str) -> bool:
    """Tell whether a character is one of words, as \\b counts them; an empty text is none."""
    return bool(character) and _WORD.contains(character)
