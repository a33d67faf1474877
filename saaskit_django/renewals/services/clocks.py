"""Living through time on a customer's test clock: sandbox sites only."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from saaskit_django.customers.services import advance_clock, billing_now
from saaskit_django.renewals.services.sweep import Swept, sweep

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_django.customers.models import Customer

STEP = timedelta(days=1)


def live_through(
    *, customer_id: int, by: timedelta, now: datetime
) -> tuple[Customer, datetime, Swept]:
    """Move a customer's billing clock forward day by day, doing each day what is due then.

    Returns the customer, the new instant of his clock and what happened on the way. Raises
    TestClockRefused on a production site, CustomerNotFound.
    """
    lived = Swept(processed_at=now, errors=[])
    left = by
    while left > timedelta():
        step = min(left, STEP)
        left -= step
        advance_clock(customer_id=customer_id, by=step)
        _add(lived, sweep(now=now, customer_id=customer_id))
    customer = advance_clock(customer_id=customer_id, by=timedelta())
    return customer, billing_now(customer, now), lived


def _add(total: Swept, more: Swept) -> None:
    total.looked_at += more.looked_at
    total.renewed += more.renewed
    total.expired += more.expired
    total.failed += more.failed
    total.errors += more.errors
