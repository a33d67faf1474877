"""Calendar months of one time zone, and in which of them an instant lies."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from saaskit_core.errors import SaasKitError
from saaskit_core.periods import utc, zone

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_MONTHS = 1200
_TEXT = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


class InvalidMonth(SaasKitError):
    code = "invalid_month"
    template = "%(month)s is not possible: %(problem)s."


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, such as Month(2024, 2), in whatever zone it is asked about."""

    year: int
    number: int

    def __post_init__(self) -> None:
        """Refuse what isn't a month of the years 1 to 9998. Raises InvalidMonth."""
        if not (1 <= self.year <= 9998 and 1 <= self.number <= 12):
            raise InvalidMonth(
                month=f"{self.year}-{self.number}", problem="months are 0001-01 to 9998-12"
            )

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read "2024-02". Raises InvalidMonth."""
        found = _TEXT.fullmatch(text)
        if not found:
            raise InvalidMonth(month=repr(text[:20]), problem="a month is written 2024-02")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, at: datetime, tz: str = "UTC") -> Month:
        """Return the month in which an instant lies on the calendar of `tz`."""
        local = utc(at).astimezone(zone(tz))
        return cls(local.year, local.month)

    def __str__(self) -> str:
        """Write it as ISO 8601 does: 2024-02."""
        return f"{self.year:04}-{self.number:02}"

    def plus(self, months: int) -> Month:
        """Return the month so many months later, or earlier."""
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)

    def starts_at(self, tz: str = "UTC") -> datetime:
        """Return its first instant in `tz`, in UTC: midnight, or what a DST change makes of it."""
        return utc(datetime(self.year, self.number, 1, tzinfo=zone(tz)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The months from `first` to `last`, both included, in one zone; at most a hundred years.

    Places count from 1: 0 is before the first month, one more than there are is after the last.
    """

    first: Month
    last: Month
    tz: str = "UTC"
    months: tuple[Month, ...] = field(init=False)
    bounds: Sequence[datetime] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Work out the boundaries. Raises InvalidMonth, UnknownTimeZone."""
        count = (self.last.year - self.first.year) * 12 + self.last.number - self.first.number + 1
        if not 1 <= count <= MAX_MONTHS:
            problem = f"a calendar has 1 to {MAX_MONTHS} months"
            raise InvalidMonth(month=f"{self.first} to {self.last}", problem=problem)
        months = tuple(self.first.plus(step) for step in range(count))
        bounds = [month.starts_at(self.tz) for month in (*months, self.last.plus(1))]
        object.__setattr__(self, "months", months)
        object.__setattr__(self, "bounds", tuple(bounds))

    @classmethod
    def until(cls, at: datetime, *, months: int = 12, tz: str = "UTC") -> Calendar:
        """Return the months up to and with the one in which an instant lies."""
        last = Month.of(at, tz)
        return cls(first=last.plus(1 - months), last=last, tz=tz)

    def place(self, at: datetime) -> int:
        """Return the place of the month in which an instant lies; boundaries are half-open."""
        return bisect_right(self.bounds, at)
