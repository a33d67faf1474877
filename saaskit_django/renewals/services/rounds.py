"""What each of our periodic jobs does in one run; the list of them is saaskit_django.jobs."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from saaskit_django.audit.services import seal
from saaskit_django.coupons.services import release_expired
from saaskit_django.limits.services import forget_ended
from saaskit_django.outbox.dispatcher import BATCH, Delivered, deliver_due, purge_delivered
from saaskit_django.payments.services import deliveries
from saaskit_django.payments.services.inbox import process_due
from saaskit_django.payments.services.janitor import check_due
from saaskit_django.renewals.services.slots import purge_slots
from saaskit_django.renewals.services.sweep import sweep
from saaskit_django.rest.idempotency import purge_expired

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from saaskit_django.jobs import Pace, Result

PIECE = 100
MOST_PIECES = 20
"""What fails without being postponed would come again and again: the next slot is soon enough."""
MOST_ERRORS = 20
"""How many failures a slot's result names; the log and the rows name them all."""


def process_webhooks(*, now: datetime, pace: Pace) -> Result:
    """Act on stored webhook deliveries."""
    return {"looked_at": _in_pieces(partial(process_due, now=now, limit=PIECE), pace)}


def check_payments(*, now: datetime, pace: Pace) -> Result:
    """Ask about payments and refunds whose outcome is open."""
    return {"looked_at": _in_pieces(partial(check_due, now=now, limit=PIECE), pace)}


def renew_subscriptions(*, now: datetime, pace: Pace) -> Result:
    """Bring every due subscription up to now."""
    swept = asdict(sweep(now=now, pace=pace))
    del swept["processed_at"]
    return {**swept, "errors": swept["errors"][:MOST_ERRORS]}


def release_coupons(*, now: datetime, pace: Pace) -> Result:
    """Give back uses of coupons that were held too long."""
    return {"released": _in_pieces(partial(release_expired, now=now, limit=PIECE), pace)}


def deliver_messages(*, pace: Pace, **_: object) -> Result:
    """Deliver what the outbox holds; each piece by the time at which it is begun."""
    total = Delivered()
    while not pace.should_stop():
        delivered = deliver_due(limit=BATCH)
        total += delivered
        if not delivered.total:
            break
    return asdict(total)


def seal_audit(*, pace: Pace, **_: object) -> Result:
    """Join waiting audit entries to the chain."""
    return {"sealed": _in_pieces(partial(seal, limit=PIECE), pace)}


def purge(*, now: datetime, **_: object) -> Result:
    """Delete what has served its time."""
    return {"purged": purge_all(now=now)}


def purge_all(*, now: datetime) -> int:
    """Delete rows that have served their time; return how many."""
    ended = purge_expired(now=now) + purge_delivered(now=now) + forget_ended(now=now)
    settled = deliveries.purge(older_than=now - deliveries.KEPT_FOR)
    return ended + settled + purge_slots(now=now)


def _in_pieces(work: Callable[[], int], pace: Pace) -> int:
    """Repeat `work` until it finds nothing more, is told to stop, or has had its share."""
    total = 0
    for _ in range(MOST_PIECES):
        if pace.should_stop():
            break
        done = work()
        total += done
        if not done:
            break
    return total
