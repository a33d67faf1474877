"""Campaigns: what several coupons may cost together, and when they run in their own time zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from saaskit_core.coupons.codes import normalise_code
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import Money
from saaskit_core.periods import OutsideCalendar, utc, zone

if TYPE_CHECKING:
    from collections.abc import Mapping


class InvalidCampaign(SaasKitError):
    code = "invalid_campaign"
    kind = ErrorKind.INVALID
    template = "The campaign %(key)s is not possible: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What coupons share: `budgets` are the minor units that all may take off, per currency.

    No budgets means no limit. With budgets, a currency that has none can't be spent. `key` is kept
    in the spelling of a code, so that `combines_with` may name campaigns and codes alike.
    """

    key: str
    budgets: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a key that is none, and a budget that isn't more than zero."""
        object.__setattr__(self, "key", normalise_code(self.key))
        for currency, minor in self.budgets.items():
            budget = Money(minor, currency)
            if budget.minor <= 0:
                raise InvalidCampaign(
                    key=self.key, problem=f"a budget is more than zero, not {budget}"
                )


def starts_of(day: date | datetime, *, tz: str) -> datetime:
    """Return the instant from which `day` counts: a date from its first moment in the zone.

    A wall time without an offset is read in `tz`; one that a DST change skips moves forward by the
    gap, one that occurs twice is its first. An aware instant stays what it is. In UTC. Raises
    UnknownTimeZone, OutsideCalendar.
    """
    if not isinstance(day, datetime):
        day = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - gets its zone below
    return utc(day if day.tzinfo else day.replace(tzinfo=zone(tz), fold=0))


def ends_of(day: date | datetime, *, tz: str) -> datetime:
    """Return the instant at which `day` is over, excluded itself: a date ends with its last moment.

    So "2026-07-06" is valid all through that day in the campaign's zone. Wall times as in
    `starts_of`. Raises UnknownTimeZone, OutsideCalendar.
    """
    if isinstance(day, datetime):
        return starts_of(day, tz=tz)
    try:
        after = day + timedelta(days=1)
    except OverflowError:
        raise OutsideCalendar(value=day.isoformat()) from None
    return starts_of(after, tz=tz)
