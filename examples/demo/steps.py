"""The steps of the story, what each of them checked, and how they are told while they happen."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

GREEN, RED, DIM, BOLD, PLAIN = "\033[32m", "\033[31m", "\033[2m", "\033[1m", "\033[0m"


class State(StrEnum):
    """How a step went."""

    DONE = "done"
    FAILED = "failed"
    LEFT_OUT = "left_out"


class CheckFailed(Exception):
    """Raised by a check that doesn't hold; the story ends there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was expected and what was found."""

    what: str
    expected: str
    found: str

    @property
    def holds(self) -> bool:
        """Whether they are the same."""
        return self.expected == self.found


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its answer, as they went over the wire, secrets taken out."""

    method: str
    path: str
    status: int
    request: str
    answer: str
    headers: tuple[tuple[str, str], ...]
    milliseconds: float


@dataclass(slots=True, kw_only=True)
class Step:
    """One line of the story."""

    chapter: str
    title: str
    number: int
    state: State = State.DONE
    said: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    seconds: float = 0.0

    def say(self, text: str) -> None:
        """Add a short explanation to the line."""
        self.said.append(text)

    def check(self, what: str, found: object, expected: object) -> None:
        """Note whether both read the same. Raises CheckFailed."""
        made = Check(what=what, expected=str(expected), found=str(found))
        self.checks.append(made)
        if not made.holds:
            raise CheckFailed(f"{what}: expected {made.expected}, found {made.found}")

    def check_that(self, what: str, holds: object) -> None:
        """Note something that is so or isn't. Raises CheckFailed."""
        self.check(what, "yes" if holds else "no", "yes")


class Story:
    """Tells the steps to `out` as they happen and remembers them for the report."""

    def __init__(self, out: TextIO | None) -> None:
        self.steps: list[Step] = []
        self._out = out
        self._chapter = ""
        self._is_colourful = out is sys.stdout and sys.stdout.isatty() and not _wants_no_colour()

    @property
    def checks(self) -> int:
        """How many checks were made."""
        return sum(len(step.checks) for step in self.steps)

    @property
    def failed(self) -> Step | None:
        """The step at which the story ended, if it did."""
        return next((step for step in self.steps if step.state is State.FAILED), None)

    def chapter(self, name: str) -> None:
        """Begin a chapter."""
        self._chapter = name
        self._write(f"\n{self._coloured(BOLD, name)}")

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Tell one step. What goes wrong in it is noted and raised again."""
        step = Step(chapter=self._chapter, title=title, number=len(self.steps) + 1)
        self.steps.append(step)
        started = time.perf_counter()
        try:
            yield step
        except BaseException as exc:
            step.state = State.FAILED
            step.say(str(exc) or type(exc).__name__)
            raise
        finally:
            step.seconds = time.perf_counter() - started
            self._tell(step)

    def leave_out(self, title: str, why: str) -> None:
        """Tell that a step can't be shown, and why."""
        step = Step(chapter=self._chapter, title=title, number=len(self.steps) + 1)
        step.state = State.LEFT_OUT
        step.say(f"left out: {why}")
        self.steps.append(step)
        self._tell(step)

    def _tell(self, step: Step) -> None:
        marks = {
            State.DONE: self._coloured(GREEN, "✓"),
            State.FAILED: self._coloured(RED, "✗"),
            State.LEFT_OUT: self._coloured(DIM, "–"),
        }
        self._write(f"  {marks[step.state]} {step.title}")
        if step.said:
            self._write(self._coloured(DIM, f"      {'; '.join(step.said)}"))

    def _coloured(self, colour: str, text: str) -> str:
        return f"{colour}{text}{PLAIN}" if self._is_colourful else text

    def _write(self, text: str) -> None:
        if self._out is not None:
            self._out.write(f"{text}\n")
            self._out.flush()


def _wants_no_colour() -> bool:
    return bool(os.environ.get("NO_COLOR"))
