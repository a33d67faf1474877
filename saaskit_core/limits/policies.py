"""Limit policies: how much per which window."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from saaskit_core.errors import SaasKitError
from saaskit_core.periods import Interval, Period, Unit, period_start, utc, zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RATE = re.compile(r"(?P<quota>[1-9][0-9]{0,8})/(?P<many>[1-9][0-9]{0,3})?(?P<unit>[smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class InvalidPolicy(SaasKitError):
    code = "invalid_limit_policy"
    template = "The limit %(name)s is not possible: %(problem)s."


class OnBackendError(StrEnum):
    """What a policy does when its counters can't be reached: let through, refuse, or count here."""

    OPEN = "open"
    CLOSED = "closed"
    LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """At most `quota` per window. A zero quota refuses always: it isn't in the plan.

    A `window` in seconds slides (two counters, the older one weighted by what still overlaps); a
    `calendar` one (day or month of the zone `tz`) starts anew at midnight.
    """

    name: str
    quota: int
    window: timedelta | None = None
    calendar: Unit | None = None
    tz: str = "UTC"
    on_backend_error: OnBackendError = OnBackendError.OPEN

    def __post_init__(self) -> None:
        """Refuse a negative quota, no window or two, and a zone that doesn't exist."""
        if type(self.quota) is not int or self.quota < 0:
            raise InvalidPolicy(name=self.name, problem="a quota is a whole number from 0 up")
        if (self.window is None) == (self.calendar is None):
            raise InvalidPolicy(name=self.name, problem="it has a window or a calendar unit")
        if self.window is not None and (
            self.window < timedelta(seconds=1) or self.window.microseconds
        ):
            raise InvalidPolicy(name=self.name, problem="a window is whole seconds")
        if self.calendar not in (None, Unit.DAY, Unit.MONTH):
            raise InvalidPolicy(name=self.name, problem="a calendar window is a day or a month")
        zone(self.tz)

    @classmethod
    def of_rate(cls, name: str, rate: str, *, on_backend_error: OnBackendError) -> Policy:
        """Build one from a rate such as "10/m" or "5/15m": so many per so many s, m, h or d.

        Raises InvalidPolicy.
        """
        written = _RATE.fullmatch(rate)
        if written is None:
            raise InvalidPolicy(name=name, problem=f'{rate[:20]!r} is no rate such as "10/m"')
        seconds = int(written["many"] or 1) * _SECONDS[written["unit"]]
        return cls(
            name=name,
            quota=int(written["quota"]),
            window=timedelta(seconds=seconds),
            on_backend_error=on_backend_error,
        )

    @property
    def is_sliding(self) -> bool:
        """Whether what was used before the window still counts in part."""
        return self.window is not None

    def window_at(self, now: datetime) -> Period:
        """Return the window that contains `now`."""
        if self.window is not None:
            return _sliding(self.window, (utc(now) - _EPOCH) // self.window)
        local = utc(now).astimezone(zone(self.tz))
        return _calendar(self.calendar or Unit.DAY, self.tz, local.date())

    def previous_start(self, now: datetime) -> datetime | None:
        """Return the start of the window before, if it still counts."""
        return self.window_at(now).starts_at - self.window if self.window else None


@lru_cache(maxsize=1024)
def _sliding(window: timedelta, index: int) -> Period:
    starts_at = _EPOCH + index * window
    return Period(starts_at, starts_at + window)


@lru_cache(maxsize=1024)
def _calendar(unit: Unit, tz: str, day: date) -> Period:
    """A midnight that a change of the clocks skips or repeats is settled as for periods."""
    first = day.replace(day=1) if unit is Unit.MONTH else day
    midnight = datetime(first.year, first.month, first.day, tzinfo=zone(tz))
    return Period(midnight, period_start(midnight, Interval(unit), 1, tz))
