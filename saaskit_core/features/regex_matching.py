"""Patterns in constraints, matched in time that grows with text times pattern, never faster.

All states that the pattern can be in are followed at once (K. Thompson, Regular Expression Search
Algorithm, 1968), so nothing is ever tried twice and no pattern is catastrophic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from saaskit_core.features.regex_classes import CharacterClass, is_word
from saaskit_core.features.regex_syntax import (
    Anchor,
    Choice,
    Node,
    One,
    Parser,
    PatternRefused,
    Repeat,
    Sequence,
)

LONGEST_TEXT = 512
LARGEST_PROGRAM = 500
_MOST_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class _Take:
    """Go on with the next instruction when the character belongs to the class."""

    of: CharacterClass


@dataclass(frozen=True, slots=True)
class _Check:
    """Go on with the next instruction at a certain place only."""

    at: str


@dataclass(slots=True)
class _Fork:
    """Go on at each of these."""

    to: tuple[int, ...]


_Instruction: TypeAlias = _Take | _Check | _Fork


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; the last instruction falls off the end, which is a match."""

    program: tuple[_Instruction, ...]

    def is_found_in(self, text: str) -> bool | None:
        """Tell whether it occurs anywhere in the text; None for a text that is too long."""
        if len(text) > LONGEST_TEXT:
            return None
        states: set[int] = set()
        for at in range(len(text) + 1):
            states = self._reached(states | {0}, text, at)
            if len(self.program) in states:
                return True
            if at < len(text):
                states = self._advanced(states, text[at])
        return False

    def _advanced(self, states: set[int], character: str) -> set[int]:
        fits: dict[CharacterClass, bool] = {}
        after = set()
        for state in states:
            instruction = self.program[state]
            if isinstance(instruction, _Take):
                kind = instruction.of
                if kind not in fits:
                    fits[kind] = kind.contains(character)
                if fits[kind]:
                    after.add(state + 1)
        return after

    def _reached(self, states: set[int], text: str, at: int) -> set[int]:
        """Return the states with all that can be reached from them without a character."""
        reached, waiting = set(states), list(states)
        while waiting:
            state = waiting.pop()
            if state == len(self.program):
                continue
            match self.program[state]:
                case _Fork(to):
                    targets = to
                case _Check(place) if _is_at(place, text, at):
                    targets = (state + 1,)
                case _:
                    continue
            fresh = [target for target in targets if target not in reached]
            reached.update(fresh)
            waiting.extend(fresh)
        return reached


def compiled(pattern: str, *, ignores_case: bool = False) -> Pattern:
    """Return the pattern ready to match. Raises PatternRefused, also for one that is too large."""
    compiler = _Compiler()
    compiler.emit(Parser(pattern, ignores_case=ignores_case).parse())
    return Pattern(tuple(compiler.program))


class _Compiler:
    def __init__(self) -> None:
        self.program: list[_Instruction] = []
        self._steps = 0

    def emit(self, node: Node) -> None:
        """Append the instructions of a node."""
        self._steps += 1
        if len(self.program) > LARGEST_PROGRAM or self._steps > _MOST_STEPS:
            raise PatternRefused("too large")
        match node:
            case One(of):
                self.program.append(_Take(of))
            case Anchor(at):
                self.program.append(_Check(at))
            case Sequence(parts):
                for part in parts:
                    self.emit(part)
            case Choice(of):
                self._emit_choice(of)
            case Repeat():
                self._emit_repeat(node)

    def _emit_choice(self, branches: tuple[Node, ...]) -> None:
        fork = self._fork()
        starts, ends = [], []
        for branch in branches:
            starts.append(len(self.program))
            self.emit(branch)
            ends.append(self._fork())
        fork.to = tuple(starts)
        for end in ends:
            end.to = (len(self.program),)

    def _emit_repeat(self, node: Repeat) -> None:
        for _ in range(node.least):
            self.emit(node.what)
        if node.most is None:
            fork = self._fork()
            start = len(self.program)
            self.emit(node.what)
            self.program.append(_Fork((start - 1,)))
            fork.to = (start, len(self.program))
            return
        forks = []
        for _ in range(node.most - node.least):
            forks.append(self._fork())
            forks[-1].to = (len(self.program),)
            self.emit(node.what)
        for fork in forks:
            fork.to = (*fork.to, len(self.program))

    def _fork(self) -> _Fork:
        fork = _Fork(())
        self.program.append(fork)
        return fork


def _is_at(place: str, text: str, at: int) -> bool:
    before, after = text[at - 1 : at] if at else "", text[at : at + 1]
    match place:
        case "start":
            return not before
        case "end":
            return not after
        case "line_start":
            return before in ("", "\n")
        case "line_end":
            return after in ("", "\n")
        case _:
            return (is_word(before) is not is_word(after)) is (place == "word")
