"""A progress line on the error stream: a bar with the time left on a terminal, plain lines else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

WIDTH = 30
LINES = 10
"""How many plain lines stand for the whole where there is no terminal."""
REFRESH = 0.1


class Progress:
    """Tells how far a long piece of work is. `clock` answers seconds and never goes back."""

    def __init__(self, err: TextIO, *, clock: Callable[[], float], what: str) -> None:
        """Write to `err`; `what` names the things that are counted."""
        self._err = err
        self._clock = clock
        self._what = what
        self._begun = clock()
        self._shown = self._begun - 1
        self._is_terminal = err.isatty()

    def __call__(self, done: int, total: int) -> None:
        """Tell that so many of all are done."""
        if self._is_terminal:
            self._draw(done, total)
        elif done * LINES // total != (done - 1) * LINES // total:
            self._err.write(f"{self._said(done, total)}\n")

    def _draw(self, done: int, total: int) -> None:
        now = self._clock()
        if done < total and now - self._shown < REFRESH:
            return
        self._shown = now
        full = done * WIDTH // total
        bar = "█" * full + "░" * (WIDTH - full)
        end = "\n" if done == total else ""
        self._err.write(f"\r{bar} {self._said(done, total)}\x1b[K{end}")
        self._err.flush()

    def _said(self, done: int, total: int) -> str:
        taken = self._clock() - self._begun
        if done == total:
            return f"{total:,} {self._what} in {_time(taken)}"
        left = taken * (total - done) / done
        return f"{100 * done // total:3d} %  {done:,} of {total:,} {self._what}, {_time(left)} left"


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}" if minutes else f"{seconds:.1f} s"
