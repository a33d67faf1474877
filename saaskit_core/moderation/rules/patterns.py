"""Regular expressions of moderators, kept from running away.

The standard library has no time limit for a match, so the work is bounded before: what repeats
without end repeats at most 64 times, a group that can match in several ways can't be repeated, and
the steps that one position of a text may cost are counted and capped. A site that needs more
must match outside the process and give the result as a classifier's score.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from saaskit_core.errors import SaasKitError

MAX_PATTERN = 500
REPEAT_CAP = 64
"""How often `*`, `+` and `{n,}` repeat at most."""

MOST_REPEATS = 1000
MOST_STEPS = 10_000
"""Estimated steps that the search may cost for one position of the text."""

_DEEPEST = 20
_BRACES = re.compile(r"\{(?P<low>[0-9]*)(?P<comma>,(?P<high>[0-9]*))?\}")
_ESCAPE = re.compile(
    r"(?s)\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}]*\}|[0-9]{1,3}|.)"
)
_CLASS = re.compile(r"(?s)\[\^?\]?(?:\\.|[^\]\\])*\]")
_OPENING = re.compile(
    r"\((?:\?(?P<kind>P<\w+>|P=\w+|<[=!]|[=!:>]|[aimsLu]+(?:-[ims]+)?:|[aimsu]+\)|#|\(|\S?))?"
)


class UnsafePattern(SaasKitError):
    code = "unsafe_pattern"
    template = "The pattern can't be used: %(problem)s."


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a pattern: its bounded source, the ways and the steps it takes to match.

    `atom` is its source when it matches exactly one character; zero-width parts are looked through.
    """

    source: str
    ways: int = 1
    steps: int = 0
    is_fixed: bool = True
    is_empty: bool = False
    atom: str = ""


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    """Compile a pattern in its bounded form. Raises UnsafePattern if it is wrong or unsafe."""
    if len(pattern) > MAX_PATTERN:
        raise UnsafePattern(problem=f"it is longer than {MAX_PATTERN} characters")
    flags = re.IGNORECASE if ignore_case else 0
    try:
        re.compile(pattern, flags)
        reader = _Reader(pattern)
        return re.compile(reader.read(), flags)
    except (re.error, RecursionError, OverflowError, ValueError, Warning) as exc:
        raise UnsafePattern(problem=f"it is no regular expression ({exc})") from exc


class _Reader:
    """Reads a pattern that the standard library accepts, once, from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.depth = 0

    def read(self) -> str:
        whole = self._alternatives()
        if whole.steps + whole.ways > MOST_STEPS:
            raise UnsafePattern(problem="too many repetitions follow one another")
        return whole.source

    def _alternatives(self) -> _Part:
        branches = [self._sequence()]
        while self.pattern[self.at : self.at + 1] == "|":
            self.at += 1
            branches.append(self._sequence())
        if len(branches) == 1:
            return branches[0]
        return _Part(
            "|".join(branch.source for branch in branches),
            ways=sum(branch.ways for branch in branches),
            steps=sum(branch.steps for branch in branches),
            is_fixed=False,
        )

    def _sequence(self) -> _Part:
        parts: list[tuple[_Part, int, int, str]] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            parts.append((self._atom(), *self._quantifier()))
        return _joined(parts)

    def _atom(self) -> _Part:
        character = self.pattern[self.at]
        if character == "(":
            return self._group()
        token = {"\\": _ESCAPE, "[": _CLASS}.get(character)
        found = token.match(self.pattern, self.at) if token else None
        source = found.group() if found else character
        self.at += len(source)
        if source in ("^", "$", r"\b", r"\B", r"\A", r"\Z"):
            return _Part(source, is_empty=True)
        if re.fullmatch(r"\\[1-9][0-9]?", source):
            return _Part(source, steps=REPEAT_CAP)
        return _Part(source, atom=source)

    def _group(self) -> _Part:
        opening = _OPENING.match(self.pattern, self.at)
        head = opening.group() if opening else "("
        kind = (opening["kind"] if opening else "") or ""
        if kind == "#":
            self.at = self.pattern.index(")", self.at) + 1
            return _Part("", is_empty=True)
        self.at += len(head)
        if kind.endswith(")"):
            return _Part(head, is_empty=True)
        if kind.startswith("P="):
            self.at += 1
            return _Part(f"{head})", steps=REPEAT_CAP)
        if head.startswith("(?") and not re.fullmatch(
            r"P<\w+>|<[=!]|[=!:>]|[aimsLu]+(?:-[ims]+)?:", kind
        ):
            raise UnsafePattern(problem=f"{head} isn't supported")
        inside = self._inside()
        source = f"{head}{inside.source})"
        if kind in ("=", "!", "<=", "<!"):
            return _Part(source, steps=inside.steps + inside.ways, is_empty=True)
        if kind == ">":
            return _Part(source, steps=inside.steps + inside.ways, is_fixed=inside.is_fixed)
        return _Part(source, ways=inside.ways, steps=inside.steps, is_fixed=inside.is_fixed)

    def _inside(self) -> _Part:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise UnsafePattern(problem=f"groups are nested deeper than {_DEEPEST}")
        inside = self._alternatives()
        self.at += 1
        self.depth -= 1
        return inside

    def _quantifier(self) -> tuple[int, int, str]:
        """Read what may follow an atom: how often at least and at most, and its bounded source."""
        character = self.pattern[self.at : self.at + 1]
        braces = _BRACES.match(self.pattern, self.at) if character == "{" else None
        if character in ("*", "+", "?") and character:
            low, high = {"*": (0, REPEAT_CAP), "+": (1, REPEAT_CAP), "?": (0, 1)}[character]
            self.at += 1
        elif braces and braces.group() != "{}":
            low = int(braces["low"] or 0)
            most = (braces["high"] or "") if braces["comma"] else str(low)
            high = int(most) if most else max(low, REPEAT_CAP)
            self.at = braces.end()
        else:
            return 1, 1, ""
        if high > MOST_REPEATS:
            raise UnsafePattern(problem=f"it repeats something more than {MOST_REPEATS} times")
        mode = self.pattern[self.at : self.at + 1]
        mode = mode if mode in ("?", "+") and mode else ""
        self.at += len(mode)
        return low, high, f"{{{low},{high}}}{mode}"


def _joined(parts: list[tuple[_Part, int, int, str]]) -> _Part:
    """Put the parts of a sequence together and add up what matching them costs."""
    source, ways, steps, is_fixed = "", 1, 0, True
    for index, (part, low, high, quantifier) in enumerate(parts):
        if high > 1 and not part.is_fixed:
            raise UnsafePattern(problem="it repeats a group that can match in several ways")
        source += part.source + quantifier
        is_fixed = is_fixed and part.is_fixed and low == high
        steps = min(steps + ways * (part.steps * high + high - 1), 10 * MOST_STEPS)
        choices = part.ways * (high - low + 1)
        if quantifier.endswith("+") or (low != high and _is_decided(parts, index)):
            choices = part.ways
        ways = min(ways * choices, 10 * MOST_STEPS)
    only = parts[0][0] if len(parts) == 1 and not parts[0][3] else None
    return _Part(source, ways=ways, steps=steps, is_fixed=is_fixed, atom=only.atom if only else "")


def _is_decided(parts: list[tuple[_Part, int, int, str]], index: int) -> bool:
    """Tell whether what comes next can't be what is repeated, so that giving back never helps."""
    repeated = parts[index][0].atom
    for part, low, _, _ in parts[index + 1 :]:
        if part.is_empty:
            continue
        if not (repeated and part.atom and _are_disjoint(repeated, part.atom)):
            return False
        if low:
            return True
    return False


def _are_disjoint(one: str, other: str) -> bool:
    first, second = _runs(one), _runs(other)
    at = 0
    for start, end in first:
        while at < len(second) and second[at][1] <= start:
            at += 1
        if at < len(second) and second[at][0] < end:
            return False
    return True


@lru_cache(maxsize=2048)
def _runs(atom: str) -> tuple[tuple[int, int], ...]:
    """Return the stretches of the tried characters that an atom matches; all when it is none."""
    tried = _characters()
    found = re.finditer(rf"(?:{atom})+", tried, re.IGNORECASE | re.DOTALL)
    return tuple(run.span() for run in found) or ((0, len(tried)),)


@cache
def _characters() -> str:
    """Return the Basic Multilingual Plane and the emoji."""
    return "".join(map(chr, (*range(0xD800), *range(0xE000, 0x10000), *range(0x1F300, 0x1FB00))))
