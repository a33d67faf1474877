"""Instants on the command line: ISO 8601, or an age such as 7d, 12h, 30m."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta

_AGE = re.compile(r"(\d{1,5})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}

Moment = datetime | timedelta
"""An instant, or how long ago it was."""


def moment(text: str) -> Moment:
    """Read an instant (without a zone: UTC) or an age. Raises ArgumentTypeError."""
    age = _AGE.fullmatch(text.strip())
    if age is not None:
        return timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        problem = f"{text!r} is neither an ISO 8601 date or instant nor an age such as 7d, 12h, 30m"
        raise argparse.ArgumentTypeError(problem) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def before(given: Moment, *, now: datetime) -> datetime:
    """Return the instant that is meant. A date of the first years is as early as can be."""
    if isinstance(given, datetime):
        return given
    return now - given
