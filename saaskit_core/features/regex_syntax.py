"""The syntax of patterns in constraints: RE2's, of which no pattern takes exponential time.

Literals, classes (also [[:alpha:]] and \\pL), groups, inline flags, alternation, repetition and
anchors. What needs backtracking (backreferences, lookaround) is refused, as RE2 refuses it.
https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TypeAlias

from saaskit_core.features.regex_classes import POSIX, SHORTHANDS, CharacterClass, category

LONGEST_PATTERN = 256
MOST_REPEATS = 1000
DEEPEST = 20
_COUNTED = re.compile(r"\{([0-9]{1,4})(,([0-9]{0,4}))?\}")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAMED = re.compile(r"\(\?P?<[A-Za-z_][A-Za-z0-9_]*>")
_HEX = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})")
_CATEGORY = re.compile(r"([pP])(?:([A-Z])|\{(\^?)([A-Z][a-z]?)\})")
_CONTROLS = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}


class PatternRefused(ValueError):
    """The pattern isn't one, or asks for what takes backtracking."""


@dataclass(frozen=True, slots=True)
class One:
    """One character of a class."""

    of: CharacterClass


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place: start, end, line_start, line_end, word, not_word."""

    at: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """All, one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of them."""

    of: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """At least `least` and at most `most` times; None is without end."""

    what: Node
    least: int
    most: int | None


Node: TypeAlias = One | Anchor | Sequence | Choice | Repeat


@dataclass(frozen=True, slots=True)
class _Flags:
    ignores_case: bool = False
    is_multiline: bool = False
    dot_is_all: bool = False


class Parser:
    """Reads one pattern from left to right."""

    def __init__(self, pattern: str, *, ignores_case: bool = False) -> None:
        """Take a pattern. Raises PatternRefused when it is too long."""
        if len(pattern) > LONGEST_PATTERN:
            raise PatternRefused(f"longer than {LONGEST_PATTERN} characters")
        self._text = pattern
        self._at = 0
        self._depth = 0
        self._flags = _Flags(ignores_case=ignores_case)

    def parse(self) -> Node:
        """Return the pattern as a tree. Raises PatternRefused."""
        node = self._choice()
        if self._at < len(self._text):
            raise PatternRefused("a ) without its (")
        return node

    def _choice(self) -> Node:
        branches = [self._sequence()]
        while self._takes("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            atom = self._atom()
            if atom is not None:
                parts.append(self._repeated(atom))
        return Sequence(tuple(parts))

    def _repeated(self, atom: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return atom
        self._takes("?")
        least, most = bounds
        if least > MOST_REPEATS or (most is not None and not least <= most <= MOST_REPEATS):
            raise PatternRefused("a repetition that can't be")
        if self._bounds() is not None:
            raise PatternRefused("a repetition of a repetition")
        return Repeat(atom, least, most)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._takes(sign):
                return bounds
        counted = self._reads(_COUNTED)
        if counted is None:
            return None
        least, most = int(counted[1]), counted[3]
        if counted[2] is None:
            return least, least
        return least, int(most) if most else None

    def _atom(self) -> Node | None:
        """Return the next thing to match; None for flags, which only change what follows."""
        sign = self._text[self._at]
        if sign == "(":
            return self._group()
        if sign in "*+?" or _COUNTED.match(self._text, self._at):
            raise PatternRefused("nothing to repeat")
        self._next()
        if sign == "[":
            return One(self._class())
        if sign == "\\":
            return self._escape()
        return self._plain(sign)

    def _plain(self, sign: str) -> Node:
        flags = self._flags
        match sign:
            case ".":
                newline = () if flags.dot_is_all else ((10, 10),)
                return One(CharacterClass(newline, is_negated=True))
            case "^":
                return Anchor("line_start" if flags.is_multiline else "start")
            case "$":
                return Anchor("line_end" if flags.is_multiline else "end")
            case _:
                return self._literal(ord(sign))

    def _group(self) -> Node | None:
        before = self._flags
        flags = self._reads(_FLAGS)
        if flags is not None:
            self._flags = _changed(before, flags[1], flags[2] or "")
            if flags[3] == ")":
                return None
        elif self._reads(_NAMED) is None:
            self._next()
            if self._takes("?"):
                raise PatternRefused("a group that RE2 doesn't have")
        self._depth += 1
        if self._depth > DEEPEST:
            raise PatternRefused("groups nested too deep")
        node = self._choice()
        if not self._takes(")"):
            raise PatternRefused("a ( without its )")
        self._depth -= 1
        self._flags = before
        return node

    def _escape(self) -> Node:
        anchors = {"A": "start", "z": "end", "b": "word", "B": "not_word"}
        if self._at < len(self._text) and self._text[self._at] in anchors:
            return Anchor(anchors[self._next()])
        found = self._escaped()
        return self._literal(found) if isinstance(found, int) else One(found)

    def _escaped(self) -> int | CharacterClass:
        """Return the code point, or the class, that stands behind a backslash."""
        named = self._reads(_CATEGORY)
        if named is not None:
            is_negated = (named[1] == "P") is not bool(named[3])
            return category(named[2] or named[4], is_negated=is_negated)
        code = self._reads(_HEX)
        if code is not None:
            return min(int(code[1] or code[2], 16), 0x10FFFF)
        sign = self._next()
        if sign in SHORTHANDS:
            return SHORTHANDS[sign]
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if sign.isascii() and sign.isalnum():
            raise PatternRefused(f"\\{sign} is not supported")
        return ord(sign)

    def _class(self) -> CharacterClass:
        is_negated = self._takes("^")
        ranges: list[tuple[int, int]] = []
        inner: list[CharacterClass] = []
        is_first = True
        while is_first or not self._takes("]"):
            is_first = False
            item = self._class_item()
            if isinstance(item, CharacterClass):
                inner.append(item)
            else:
                ranges.append((item, self._range_end(item)))
        ignores_case = self._flags.ignores_case
        return CharacterClass(tuple(ranges), tuple(inner), is_negated, ignores_case)

    def _class_item(self) -> int | CharacterClass:
        for name, members in POSIX.items():
            for sign in ("", "^"):
                if self._takes(f"[:{sign}{name}:]"):
                    return replace(members, is_negated=bool(sign))
        if self._takes("\\"):
            return self._escaped()
        return ord(self._next())

    def _range_end(self, start: int) -> int:
        if not self._text.startswith("-", self._at) or self._text.startswith("-]", self._at):
            return start
        self._next()
        end = self._class_item()
        if isinstance(end, CharacterClass) or end < start:
            raise PatternRefused("a range that can't be")
        return end

    def _literal(self, code: int) -> Node:
        return One(CharacterClass(((code, code),), ignores_case=self._flags.ignores_case))

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise PatternRefused("it ends too early")
        self._at += 1
        return self._text[self._at - 1]

    def _takes(self, sign: str) -> bool:
        is_there = self._text.startswith(sign, self._at)
        self._at += len(sign) if is_there else 0
        return is_there

    def _reads(self, shape: re.Pattern[str]) -> re.Match[str] | None:
        found = shape.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found


def _changed(flags: _Flags, switched_on: str, switched_off: str) -> _Flags:
    names = {"i": "ignores_case", "m": "is_multiline", "s": "dot_is_all"}
    for signs, value in ((switched_on, True), (switched_off, False)):
        changes = {names[sign]: value for sign in signs if sign in names}
        flags = replace(flags, **changes)
    return flags
