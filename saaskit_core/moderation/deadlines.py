"""Until when an appeal is possible, counted in the site's calendar days."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from saaskit_core.periods import OutsideCalendar, add_months, utc, zone

if TYPE_CHECKING:
    from saaskit_core.moderation.policies import ModerationPolicy


def appeal_window_ends_at(informed_at: datetime, *, policy: ModerationPolicy) -> datetime:
    """Return the first instant at which an appeal is too late, in UTC.

    The months begin on the day on which the person was informed and the last day counts in full
    (Regulation 2022/2065, Art. 20(2); Regulation 1182/71, Art. 3(2)(c)): informed on 15 January,
    one may appeal until the end of 15 July. Raises NaiveDatetime, OutsideCalendar.
    """
    last = add_months(informed_at, policy.appeal_months, policy.tz)
    local = zone(policy.tz)
    next_day = last.astimezone(local).date() + timedelta(days=1)
    return utc(datetime.combine(next_day, time(), tzinfo=local))


def days_after(at: datetime, days: int) -> datetime:
    """Return the instant so many times 24 hours later, in UTC. Raises OutsideCalendar."""
    try:
        return utc(at) + timedelta(days=days)
    except OverflowError:
        raise OutsideCalendar(value=f"{days} days after {at.isoformat()}") from None
