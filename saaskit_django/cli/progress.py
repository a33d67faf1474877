"""How far long work is, on one line of a terminal that is written over."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_SECONDS = 0.2


@dataclass(slots=True)
class Progress:
    """Writes done, total, speed and what is left, a few times a second. Call `clear` at the end."""

    out: TextIO
    clock: Callable[[], float] = monotonic
    label: str = ""
    started: float = 0.0
    shown: float = 0.0
    width: int = 0

    def __call__(self, label: str, done: int, total: int) -> None:
        """Show how far the work called `label` is."""
        now = self.clock()
        if label != self.label or done <= 1:
            self.label, self.started = label, now
        if now - self.shown < EVERY_SECONDS and done < total:
            return
        self.shown = now
        line = f"{label}  {done:,} of {total:,}{self._speed(done, total, now - self.started)}"
        self.out.write(f"\r{line:<{self.width}}")
        self.out.flush()
        self.width = len(line)

    def clear(self) -> None:
        """Leave the line empty, for what is printed next."""
        if self.width:
            self.out.write(f"\r{'':<{self.width}}\r")
            self.width = 0

    def _speed(self, done: int, total: int, seconds: float) -> str:
        if done <= 1 or seconds <= 0:
            return ""
        # The first one had been done when the clock was started.
        per_second = (done - 1) / seconds
        left = int((total - done) / per_second)
        return f" · {per_second:,.0f}/s · {left // 60}:{left % 60:02} left"


def progress_on(stream: TextIO | None) -> Progress | None:
    """Return what shows progress on a terminal, None when the stream is something else."""
    return Progress(stream) if stream is not None and stream.isatty() else None
