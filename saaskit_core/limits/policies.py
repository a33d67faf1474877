"""Limit policies: how much per which window, and what happens at the limit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.choices import read_choices
from saaskit_core.errors import SaasKitError
from saaskit_core.limits.windows import (
    MICROSECOND,
    Bounds,
    CalendarUnit,
    anchored_bounds,
    calendar_bounds,
    instant,
    micros,
    sliding_bounds,
)
from saaskit_core.periods import Period, Unit, utc, zone

if TYPE_CHECKING:
    from collections.abc import Iterable

UNLIMITED = 2**53 - 1
"""The quota of a policy that limits nothing, the value of an unlimited feature."""

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


class Enforcement(StrEnum):
    """Whether what goes over the quota is refused, or allowed and reported as overage."""

    HARD = "hard"
    SOFT = "soft"


class OnPlanChange(StrEnum):
    """What becomes of a window's use when the plan changes within it.

    `keep` counts it against the new quota, `reset` forgets it, `prorate` keeps it and grants each
    plan's quota for its part of the window.
    """

    KEEP = "keep"
    RESET = "reset"
    PRORATE = "prorate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """At most `quota` per window, as a rate limit or as a quota.

    A **rate limit** has a `window` of whole seconds, which slides (two counters, the older one
    weighted by what still overlaps); with a `burst` it is a token bucket of that many, refilled
    with `quota` per window. A **quota** has a `calendar` unit: the zone's own hour, day, week
    (from Monday), month or year, or, with an `anchor`, one that begins there, the billing anchor.

    A hard quota of 0 refuses always: it isn't in the plan. UNLIMITED is never counted.
    """

    name: str
    quota: int
    window: timedelta | None = None
    burst: int | None = None
    calendar: CalendarUnit | Unit | None = None
    anchor: datetime | None = None
    tz: str = "UTC"
    enforcement: Enforcement = Enforcement.HARD
    on_plan_change: OnPlanChange = OnPlanChange.KEEP
    on_backend_error: OnBackendError | None = None
    width: int = field(init=False, repr=False, compare=False, default=0)
    """The microseconds of a rate limit's window."""
    most: int = field(init=False, repr=False, compare=False, default=0)
    """The most that a hard policy lets in; more than anyone can use for a soft one."""
    counter: str = field(init=False, repr=False, compare=False, default="")
    """What is counted together: the name and the window, never the quota."""

    def __post_init__(self) -> None:
        """Refuse what can't be; work out what every check needs."""
        _read_choices(self)
        problem = _problem(self)
        if problem:
            raise InvalidPolicy(name=self.name, problem=problem)
        zone(self.tz)
        _set(self, "width", self.window // MICROSECOND if self.window else 0)
        _set(self, "most", self.quota if self.is_hard else 2**63)
        if self.calendar is not None:
            _set(self, "calendar", CalendarUnit(self.calendar))
        if self.anchor is not None:
            _set(self, "anchor", utc(self.anchor))
        if self.on_backend_error is None:
            _set(self, "on_backend_error", _FALLBACK[self.is_quota])
        _set(self, "counter", _counter(self))

    @classmethod
    def of_rate(
        cls, name: str, rate: str, *, on_backend_error: OnBackendError | None = None
    ) -> Policy:
        """Build one from a rate such as "10/m" or "5/15m": so many per so many s, m, h or d.

        Raises InvalidPolicy.
        """
        given: object = rate
        written = _RATE.fullmatch(given) if isinstance(given, str) else None
        if written is None:
            raise InvalidPolicy(name=name, problem=f'{rate!r:.22} is no rate such as "10/m"')
        seconds = int(written["many"] or 1) * _SECONDS[written["unit"]]
        return cls(
            name=name,
            quota=int(written["quota"]),
            window=timedelta(seconds=seconds),
            on_backend_error=on_backend_error,
        )

    @property
    def is_quota(self) -> bool:
        """Whether it is what a customer bought, exact, rather than protection against bursts."""
        return self.calendar is not None

    @property
    def is_bucket(self) -> bool:
        """Whether it is a token bucket."""
        return self.burst is not None

    @property
    def is_sliding(self) -> bool:
        """Whether what was used before the window still counts in part."""
        return self.window is not None and self.burst is None

    @property
    def is_hard(self) -> bool:
        """Whether it refuses; a soft one allows and reports the overage."""
        return self.enforcement is Enforcement.HARD

    @property
    def is_unlimited(self) -> bool:
        """Whether it limits nothing, so that nothing is counted."""
        return self.quota >= UNLIMITED

    @property
    def is_in_plan(self) -> bool:
        """Whether there is any of it at all: a hard quota of 0 has none to wait for."""
        return self.quota > 0 or not self.is_hard

    @property
    def capacity(self) -> int:
        """The most that can be used at once."""
        return self.burst if self.burst and self.quota else self.quota

    def bounds(self, at: int) -> Bounds:
        """Return the window that contains `at`, both in microseconds since 1970."""
        if self.width:
            return sliding_bounds(self.width, at)
        unit = CalendarUnit(self.calendar or CalendarUnit.DAY)
        if self.anchor is not None:
            return anchored_bounds(unit, self.anchor, self.tz, at)
        return calendar_bounds(unit, self.tz, at)

    def window_at(self, now: datetime) -> Period:
        """Return the window that contains `now`."""
        start, end = self.bounds(micros(now))
        return Period(instant(start), instant(end))

    def previous_start(self, now: datetime) -> datetime | None:
        """Return the start of the window before, if it still counts."""
        if not self.is_sliding:
            return None
        return instant(self.bounds(micros(now))[0] - self.width)


def limiting(policies: Iterable[Policy]) -> list[Policy]:
    """Return the policies that limit anything: an unlimited one is neither counted nor shown."""
    return [policy for policy in policies if not policy.is_unlimited]


def _read_choices(policy: Policy) -> None:
    kinds = {
        "enforcement": Enforcement,
        "on_plan_change": OnPlanChange,
        "on_backend_error": OnBackendError,
    }
    read_choices(
        policy,
        kinds,
        refused=lambda problem: InvalidPolicy(name=policy.name, problem=problem),
        optional=("on_backend_error",),
    )


_set = object.__setattr__
_FALLBACK = {True: OnBackendError.LOCAL, False: OnBackendError.OPEN}


def _problem(policy: Policy) -> str:
    name: object = policy.name
    if not isinstance(name, str):
        return "its name is a text"
    if not _is_count(policy.quota, least=0):
        return "a quota is a whole number from 0 up"
    if (policy.window is None) == (policy.calendar is None):
        return "it has a window or a calendar unit"
    return _quota_problem(policy) if policy.window is None else _rate_problem(policy, policy.window)


def _rate_problem(policy: Policy, window: object) -> str:
    if not isinstance(window, timedelta) or window < timedelta(seconds=1) or window.microseconds:
        return "a window is whole seconds"
    if policy.burst is not None and not _is_count(policy.burst, least=1):
        return "a burst is a whole number from 1 up"
    return "an anchor belongs to a calendar unit" if policy.anchor else ""


def _quota_problem(policy: Policy) -> str:
    if policy.burst is not None:
        return "a burst belongs to a window of seconds"
    if policy.calendar not in list(CalendarUnit):
        return "a calendar window is an hour, day, week, month or year"
    return ""


def _is_count(value: object, *, least: int) -> bool:
    return type(value) is int and least <= value <= UNLIMITED


def _counter(policy: Policy) -> str:
    if policy.window is not None:
        kind = "bucket" if policy.is_bucket else "sliding"
        return f"{policy.name}|{kind}|{policy.width}"
    anchor = policy.anchor.isoformat() if policy.anchor else ""
    return f"{policy.name}|{policy.calendar}|{policy.tz}|{anchor}"
