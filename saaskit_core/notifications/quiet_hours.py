"""Quiet hours: when a user doesn't want to be disturbed, on the wall clock of his zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from saaskit_core.errors import SaasKitError
from saaskit_core.notifications.kinds import Channels, NotificationChannel
from saaskit_core.periods import utc, zone

_LOUD = frozenset({NotificationChannel.SMS, NotificationChannel.PUSH})


class InvalidQuietHours(SaasKitError):
    code = "invalid_quiet_hours"
    template = "Quiet hours from %(starts)s to %(ends)s are not possible: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From `starts` until before `ends` every day, over midnight where that is earlier.

    They hold for `channels`: the loud ones unless said otherwise.
    """

    starts: time
    ends: time
    channels: Channels = _LOUD

    def __post_init__(self) -> None:
        """Refuse an empty span, which could mean never or always, and times with a zone."""
        problem = "they begin and end at the same time" if self.starts == self.ends else ""
        if self.starts.tzinfo or self.ends.tzinfo:
            problem = "they are times of the user's own clock, without a zone"
        if problem:
            raise InvalidQuietHours(starts=self.starts, ends=self.ends, problem=problem)

    def contain(self, at: datetime, *, tz: str) -> bool:
        """Tell whether the instant is a quiet one in the zone `tz`."""
        clock = utc(at).astimezone(zone(tz)).time()
        if self.starts < self.ends:
            return self.starts <= clock < self.ends
        return clock >= self.starts or clock < self.ends

    def end_after(self, at: datetime, *, tz: str) -> datetime:
        """Return when the user may be disturbed: `at` itself when it isn't quiet."""
        if not self.contain(at, tz=tz):
            return utc(at)
        return next_clock(self.ends, after=at, tz=tz)


def next_clock(clock: time, *, after: datetime, tz: str) -> datetime:
    """Return the first instant after `after` at which the clocks of `tz` show `clock`.

    Where they skip it that day, as much later as they jump.
    """
    after, local = utc(after), zone(tz)
    today = after.astimezone(local).date()
    walls = (
        datetime.combine(today + timedelta(days=days), clock.replace(fold=fold), tzinfo=local)
        for days in (-1, 0, 1, 2)
        for fold in (0, 1)
    )
    return min(at for wall in walls if (at := utc(wall)) > after)
