"""What moved the recurring revenue: new, expansion, contraction, churn, reactivation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from saaskit_core.errors import SaasKitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from saaskit_core.analytics.revenue import RevenueLine


class UnsortedChanges(SaasKitError):
    code = "unsorted_changes"
    template = "The revenue changes are not in the order of time: %(at)s comes after %(before)s."


class MovementKind(StrEnum):
    NEW = "new"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REACTIVATION = "reactivation"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueChange:
    """From `at` on the subscription brings `monthly` minor units per month more (or less)."""

    at: datetime
    customer_id: str
    currency: str
    monthly: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """How one customer's revenue in one currency moved; `monthly` is signed, in minor units."""

    at: datetime
    customer_id: str
    currency: str
    kind: MovementKind
    monthly: Fraction


def changes_of(lines: Iterable[RevenueLine]) -> list[RevenueChange]:
    """Turn lines into what they add and take away, in the order of time."""
    changes: list[RevenueChange] = []
    for line in lines:
        changes.append(_change(line, line.starts_at, line.monthly))
        if line.ends_at is not None:
            changes.append(_change(line, line.ends_at, -line.monthly))
    return sorted(changes, key=attrgetter("at"))


def movements(changes: Iterable[RevenueChange]) -> Iterator[Movement]:
    """Yield how each customer's revenue moved. Their sum is the recurring revenue, always.

    Told per customer: one of several subscriptions that ends is a contraction, the last one churn.
    Changes of one customer at one instant are one movement. Raises UnsortedChanges.
    """
    current: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
    last: datetime | None = None
    for at, group in groupby(changes, key=attrgetter("at")):
        if last is not None and at < last:
            raise UnsortedChanges(at=at, before=last)
        last = at
        for key, delta in _net(group).items():
            is_known = key in current
            before = current[key]
            current[key] = before + delta
            if delta:
                yield _movement(at, key, before, delta, is_known=is_known)
            elif not is_known:
                del current[key]


def totals(moved: Iterable[Movement]) -> dict[str, dict[MovementKind, Fraction]]:
    """Add movements up, by currency and kind."""
    sums: dict[str, dict[MovementKind, Fraction]] = {}
    for movement in moved:
        of_currency = sums.setdefault(movement.currency, dict.fromkeys(MovementKind, Fraction(0)))
        of_currency[movement.kind] += movement.monthly
    return sums


def _change(line: RevenueLine, at: datetime, monthly: Fraction) -> RevenueChange:
    currency = line.amount.currency
    return RevenueChange(at=at, customer_id=line.customer_id, currency=currency, monthly=monthly)


def _net(group: Iterable[RevenueChange]) -> dict[tuple[str, str], Fraction]:
    net: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for change in group:
        net[change.customer_id, change.currency] += change.monthly
    return net


def _movement(
    at: datetime, key: tuple[str, str], before: Fraction, delta: Fraction, *, is_known: bool
) -> Movement:
    kind = _kind(before, before + delta, is_known=is_known)
    return Movement(at=at, customer_id=key[0], currency=key[1], kind=kind, monthly=delta)


def _kind(before: Fraction, after: Fraction, *, is_known: bool) -> MovementKind:
    if not before:
        return MovementKind.REACTIVATION if is_known else MovementKind.NEW
    if not after:
        return MovementKind.CHURN
    return MovementKind.EXPANSION if after > before else MovementKind.CONTRACTION
