"""A clock that only moves when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class Clock:
    """Callable like every clock of SaaSKit: `clock()` is the present instant, in UTC."""

    def __init__(self, now: datetime = START) -> None:
        """Start at `now`. Raises ValueError for a naive datetime."""
        self._lock = Lock()
        self._now = _aware(now)

    def __call__(self) -> datetime:
        """Return the present instant."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move on and return the new instant. Raises ValueError for a negative duration."""
        if by < timedelta(0):
            raise ValueError("a clock does not run backwards; use move_to()")
        with self._lock:
            self._now += by
            return self._now

    def move_to(self, now: datetime) -> datetime:
        """Jump to `now`, also into the past, as real clocks do when they are corrected."""
        with self._lock:
            self._now = _aware(now)
            return self._now


def _aware(now: datetime) -> datetime:
    if now.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return now.astimezone(UTC)
