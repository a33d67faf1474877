"""When something is in force: within [starts_at, ends_at), both ends optional."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime


class Windowed(Protocol):
    """What has a window."""

    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def ends_at(self) -> datetime | None: ...


def bring_to_utc(windowed: Windowed) -> None:
    """Set both instants of a new value in UTC. Raises NaiveDatetime."""
    for name in ("starts_at", "ends_at"):
        moment = getattr(windowed, name)
        if moment is not None:
            object.__setattr__(windowed, name, utc(moment))


def is_in_force(windowed: Windowed, now: datetime) -> bool:
    """Tell whether `now` (UTC) lies in the half-open window."""
    has_begun = windowed.starts_at is None or windowed.starts_at <= now
    return has_begun and (windowed.ends_at is None or now < windowed.ends_at)


def next_boundary(windows: Iterable[Windowed], now: datetime) -> datetime | None:
    """Return the first instant after `now` at which one of them begins or ends."""
    return min((moment for moment in _moments(windows) if moment > now), default=None)


def _moments(windows: Iterable[Windowed]) -> Iterator[datetime]:
    for window in windows:
        if window.starts_at is not None:
            yield window.starts_at
        if window.ends_at is not None:
            yield window.ends_at
