"""What falls due: the schedule up to a target date, less what has been invoiced already."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING

from saaskit_core.billing.invariants import PeriodBilledTwice, TooManyItems
from saaskit_core.periods import OutsidePeriod, Period, period, utc
from saaskit_core.subscriptions.commands import InvoiceKind

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from datetime import datetime

    from saaskit_core.plans import Price


MAX_ITEMS_PER_DAY = 15
"""More items for one subscription on one day are a fault (Kill Bill's safety bound)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueItem:
    """One thing to bill, unique by subscription, price, period and kind."""

    subscription_id: str
    price_id: str
    kind: InvoiceKind
    period: Period | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A recurring price from an anchor on, in a zone, until `ends_at` (None: for ever)."""

    subscription_id: str
    price: Price
    anchor: datetime
    zone: str = "UTC"
    ends_at: datetime | None = None


def due_items(
    schedule: Schedule, *, until: datetime, invoiced: Container[DueItem] = frozenset()
) -> tuple[DueItem, ...]:
    """List what is due in advance by `until` (a period falls due when it begins), oldest first.

    Raises OutsidePeriod for a target before the start, InvalidPeriod for an end before it, and
    TooManyItems rather than a flood of bills.
    """
    start, until = utc(schedule.anchor), utc(until)
    if schedule.ends_at is not None:
        Period(start, schedule.ends_at)
    if until < start:
        raise OutsidePeriod(at=until, starts_at=start, ends_at=schedule.ends_at or "no end")
    items = (item for item in _items(schedule, until) if item not in invoiced)
    found = tuple(islice(items, MAX_ITEMS_PER_DAY + 1))
    check_items(found)
    return found


def check_items(items: Iterable[DueItem]) -> None:
    """Raise PeriodBilledTwice or TooManyItems when one day's items can't all be meant."""
    items = tuple(items)
    for item, times in Counter(items).items():
        if times > 1:
            starts_at = item.period.starts_at.isoformat() if item.period else "its purchase"
            raise PeriodBilledTwice(count=times, kind=item.kind.value, starts_at=starts_at)
    for number in Counter(item.subscription_id for item in items).values():
        if number > MAX_ITEMS_PER_DAY:
            raise TooManyItems(count=number, limit=MAX_ITEMS_PER_DAY)


def _items(schedule: Schedule, until: datetime) -> Iterator[DueItem]:
    interval = schedule.price.interval
    if interval is None:
        yield _item(schedule, InvoiceKind.ONE_OFF, None)
        return
    for index in count():
        span = period(schedule.anchor, interval, index, schedule.zone)
        if span.starts_at > until or _is_over(schedule, span):
            return
        yield _item(schedule, InvoiceKind.RENEWAL if index else InvoiceKind.FIRST, span)


def _is_over(schedule: Schedule, span: Period) -> bool:
    return schedule.ends_at is not None and span.starts_at >= schedule.ends_at


def _item(schedule: Schedule, kind: InvoiceKind, span: Period | None) -> DueItem:
    return DueItem(
        subscription_id=schedule.subscription_id,
        price_id=schedule.price.id,
        kind=kind,
        period=span,
    )
