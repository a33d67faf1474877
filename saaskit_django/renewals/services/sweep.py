"""The sweep: whatever time has made happen to subscriptions, however late it is noticed."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from saaskit_core.billing.invariants import BrokenInvariant
from saaskit_core.errors import SaasKitError
from saaskit_core.providers import ProviderError
from saaskit_core.subscriptions.facts import TrialEnded
from saaskit_core.subscriptions.states import TERMINAL, SubscriptionStatus
from saaskit_django.billing.models import Invoice
from saaskit_django.customers.services import billing_now, lock_customer_of, park
from saaskit_django.jobs import UNHURRIED
from saaskit_django.payments.selectors import (
    abandoned_payments,
    default_method,
    is_being_charged,
    orphaned_payments,
)
from saaskit_django.payments.services.cancel import cancel
from saaskit_django.payments.services.charge import submit
from saaskit_django.payments.services.collect import Work, carry_out
from saaskit_django.renewals.selectors import count_due, due_subscriptions
from saaskit_django.renewals.services.claims import claimed_subscriptions
from saaskit_django.subscriptions.models import Subscription
from saaskit_django.subscriptions.selectors import with_prices
from saaskit_django.subscriptions.services import advance, next_fact

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from datetime import datetime

    from saaskit_core.subscriptions.facts import Fact
    from saaskit_django.jobs import Pace
    from saaskit_django.payments.models import Payment

logger = logging.getLogger(__name__)

TIME_TO_PAY = timedelta(hours=1)
"""How long a payer who pays an overdue invoice himself keeps the retries waiting."""
MOST_STEPS = 100
"""More facts than this for one subscription in one sweep means that it isn't moving on."""


@dataclass(slots=True, kw_only=True)
class Swept:
    """What a sweep did. `errors` names what stopped, by subscription id and error code."""

    processed_at: datetime
    looked_at: int = 0
    renewed: int = 0
    expired: int = 0
    failed: int = 0
    errors: list[dict[str, str]]


class SubscriptionStuck(BrokenInvariant):
    code = "subscription_stuck"
    template = "A subscription doesn't come to rest: it is due again and again."


def sweep(*, now: datetime, customer_id: int | None = None, pace: Pace = UNHURRIED) -> Swept:
    """Bring every due subscription up to `now`: trials, renewals, retries, grace, cancellations.

    Each in a transaction of its own, so that one that fails stops nobody else; running it
    twice, or twice at once, does everything once, and several at once share the work. Stopped
    by `pace` or killed, the next sweep goes on where it was. A broken invariant parks the
    customer.
    """
    swept = Swept(processed_at=now, errors=[])
    total = count_due(now=now) if pace.report else 0
    with closing(_due(now=now, customer_id=customer_id)) as due:
        for subscription_id in due:
            swept.looked_at += 1
            _sweep_safely(subscription_id, swept, now=now)
            if pace.report:
                pace.report(swept.looked_at, max(total, swept.looked_at))
            if pace.should_stop():
                break
    return swept


def _due(*, now: datetime, customer_id: int | None) -> Generator[int, None, None]:
    if customer_id is None:
        yield from claimed_subscriptions(now=now)
    else:
        yield from due_subscriptions(now=now, customer_id=customer_id)


def _sweep_safely(subscription_id: int, swept: Swept, *, now: datetime) -> None:
    """Let one that fails stop none of the others."""
    try:
        _sweep_one(subscription_id, swept, now=now)
    except SaasKitError as exc:
        swept.failed += 1
        swept.errors.append({"subscription": str(subscription_id), "code": exc.code})
    except Exception:
        logger.exception("sweeping subscription %s failed", subscription_id)
        swept.failed += 1
        swept.errors.append({"subscription": str(subscription_id), "code": "internal_error"})


def _sweep_one(subscription_id: int, swept: Swept, *, now: datetime) -> None:
    renewals_before = _renewals(subscription_id)
    _cancel(abandoned_payments(subscription_id, before=now - TIME_TO_PAY), now=now)
    try:
        to_submit = _catch_up(subscription_id, now=now)
    except BrokenInvariant as exc:
        _park(subscription_id, exc, now=now)
        raise
    for payment_id in to_submit:
        _submit(payment_id, now=now)
    _cancel(orphaned_payments(subscription_id), now=now)
    after = Subscription.objects.values_list("status", flat=True).get(pk=subscription_id)
    swept.renewed += _renewals(subscription_id) > renewals_before
    swept.expired += SubscriptionStatus(after) in TERMINAL


@transaction.atomic(durable=True)
def _catch_up(subscription_id: int, *, now: datetime) -> list[int]:
    customer = lock_customer_of(Subscription.objects.filter(pk=subscription_id))
    work = Work(now=now, at=billing_now(customer, now))
    row = with_prices().get(pk=subscription_id)
    for _ in range(MOST_STEPS):
        fact = _next(row, at=work.at)
        if fact is None or customer.is_parked:
            return work.to_submit
        carry_out(row, advance(row, fact, now=work.at), work)
        row = with_prices().get(pk=subscription_id)
    raise SubscriptionStuck


def _next(row: Subscription, *, at: datetime) -> Fact | None:
    fact = next_fact(row, now=at, is_charging=is_being_charged(row))
    if isinstance(fact, TrialEnded):
        return replace(fact, has_method=default_method(row.customer) is not None)
    return fact


@transaction.atomic(durable=True)
def _park(subscription_id: int, problem: BrokenInvariant, *, now: datetime) -> None:
    customer = lock_customer_of(Subscription.objects.filter(pk=subscription_id))
    park(customer, problem.code, now=now)


def _submit(payment_id: int, *, now: datetime) -> None:
    try:
        submit(payment_id, now=now)
    except ProviderError:
        return  # Written on the payment; the janitor asks again.


def _cancel(payments: Iterable[Payment], *, now: datetime) -> None:
    """End at the provider what nobody is to pay there any more."""
    for payment in payments:
        try:
            cancel(payment, now=now)
        except SaasKitError:
            continue  # Money that still arrives pays its invoice, or becomes credit.


def _renewals(subscription_id: int) -> int:
    return Invoice.objects.filter(
        subscription_id=subscription_id, kind="renewal", status=Invoice.Status.PAID
    ).count()
