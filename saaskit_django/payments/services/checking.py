"""When a payment that hasn't ended is asked about, and what happens when asking is no use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.billing.invariants import BrokenInvariant
from saaskit_core.payments.decisions import janitor_at
from saaskit_core.payments.states import PaymentState
from saaskit_django.customers.services import park

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_django.payments.models import Payment

UNANSWERED = (PaymentState.CREATED, PaymentState.SUBMITTING, PaymentState.UNKNOWN)
"""States of what may not have reached the provider at all."""


class PaymentUnresolved(BrokenInvariant):
    """A payment's outcome could not be found out however often the provider was asked."""

    code = "payment_unresolved"
    template = "The outcome of a payment can't be found out; a person must look."


def schedule_check(payment: Payment, *, now: datetime) -> None:
    """Set when to ask about the payment next, by its state and the questions asked so far.

    Inside a transaction with the customer locked; the caller saves the row. Once the schedule is
    used up without an answer the customer is parked.
    """
    payment.check_at = _next_check(PaymentState(payment.state), payment.checks, now)
    if payment.check_at is None and payment.state in UNANSWERED:
        park(payment.customer, PaymentUnresolved.code, now=now)


def _next_check(state: PaymentState, asked: int, now: datetime) -> datetime | None:
    schedule = PaymentState.SUBMITTING if state is PaymentState.CREATED else state
    due = janitor_at(schedule, attempts=asked, since=now)
    before = janitor_at(schedule, attempts=asked - 1, since=now) if asked else now
    return now + (due - before) if due is not None and before is not None else None
