"""Parts of periods as exact fractions, and the money they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.periods import Period, ProrationMode, fraction_left

if TYPE_CHECKING:
    from datetime import datetime
    from fractions import Fraction

    from saaskit_core.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Prorated:
    """A part of an amount: `amount` is `full` × `fraction`, rounded once, half away from zero."""

    full: Money
    fraction: Fraction
    amount: Money


def prorate(
    full: Money,
    period: Period,
    *,
    at: datetime,
    mode: ProrationMode = ProrationMode.SECOND,
    zone: str = "UTC",
) -> Prorated:
    """Work out what the part of `period` from `at` on is worth when the whole is `full`.

    Raises OutsidePeriod when `at` is not within the period.
    """
    fraction = fraction_left(period, at, mode=mode, tz=zone)
    return Prorated(full=full, fraction=fraction, amount=full.scaled(fraction))


def unused_credit(
    paid: Money,
    period: Period,
    *,
    at: datetime,
    mode: ProrationMode = ProrationMode.SECOND,
    zone: str = "UTC",
) -> Money:
    """Work out what to give back of `paid` (net of discounts) when the period is left at `at`.

    After the period's end nothing is unused; before its start everything is.
    """
    if at >= period.ends_at:
        return paid.zero(paid.currency)
    return prorate(paid, period, at=max(at, period.starts_at), mode=mode, zone=zone).amount
