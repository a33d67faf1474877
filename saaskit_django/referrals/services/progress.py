"""What a fact does to a referral: row, history, rewards and events in one transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from saaskit_core.referrals import (
    InvoicePaid,
    MilestoneState,
    PaymentReturned,
    RewardLedger,
    Settled,
    Side,
    next_due_at,
    settle,
    transition,
)
from saaskit_django.customers.services import billing_now, lock_customer
from saaskit_django.outbox.services import record
from saaskit_django.referrals.models import (
    ReferralPayment,
    ReferralStep,
    ReferralTransaction,
)
from saaskit_django.referrals.selectors import full_referrals, ledger_for
from saaskit_django.referrals.services.beneficiaries import beneficiaries_of
from saaskit_django.referrals.services.rewards import write_entries
from saaskit_django.referrals.services.spending import spent_entries

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.referrals import Fact, Programme, Referral
    from saaskit_django.payments.models import Payment

ASK_AGAIN = timedelta(days=1)
"""How often a reward that waits, for a subscription or for a suspension to end, is tried."""


def lock_parties(row: ReferralTransaction) -> ReferralTransaction:
    """Lock both customers, always in one order, and return the row fresh. Inside a transaction."""
    for customer_id in sorted({row.referrer_id, row.referred_id}):
        lock_customer(customer_id)
    return full_referrals().get(pk=row.pk)


def paid_by(payment: Payment) -> InvoicePaid:
    """Return what a payment that arrived means to a referral."""
    return InvoicePaid(
        invoice=str(payment.invoice_id), paid=payment.received, paid_at=payment.payment_date
    )


def returned_of(payment: Payment) -> PaymentReturned:
    """Return what was given back of a payment so far; of a disputed one nothing is left."""
    returned = None if payment.is_disputed else payment.refunded
    return PaymentReturned(invoice=str(payment.invoice_id), returned=returned)


def move(row: ReferralTransaction, fact: Fact, *, now: datetime) -> Referral:
    """Apply a fact and settle the rewards, inside a transaction, both customers locked.

    A fact that is known already changes nothing. Raises ReferralNotFlagged.
    """
    at = billing_now(row.referred, now)
    programme = row.programme.to_core()
    before = row.to_core()
    changed = transition(before, fact, programme=programme, now=at)
    settled, is_waiting = _settled(row, changed.referral, programme, now=now)
    due_at = next_due_at(settled.referral, programme)
    if is_waiting:
        due_at = min(due_at or at + ASK_AGAIN, at + ASK_AGAIN)
    _write(row, before, settled.referral, due_at=due_at)
    record(*changed.events, *settled.events)
    return settled.referral


def _settled(
    row: ReferralTransaction, referral: Referral, programme: Programme, *, now: datetime
) -> tuple[Settled, bool]:
    """Decide and carry out what is due; also tell whether a reward still waits."""
    milestones = referral.milestones
    if all(each.state is MilestoneState.HELD and not each.returned for each in milestones):
        return Settled(referral=referral), False
    at = billing_now(row.referred, now)
    ledger = ledger_for(row, referral, programme=programme, at=at)
    spent = spent_entries(referral, ledger, now=now)
    ledger = ledger.with_entries(spent)
    settled = settle(
        referral,
        programme=programme,
        ledger=ledger,
        beneficiaries=beneficiaries_of(row, now=now),
        now=at,
    )
    write_entries(row, [*spent, *settled.entries], now=now)
    known = ledger.with_entries(settled.entries)
    return settled, _is_waiting(settled.referral, programme, known)


def _is_waiting(referral: Referral, programme: Programme, ledger: RewardLedger) -> bool:
    return not referral.status.is_over and any(
        each.state is MilestoneState.DUE
        and programme.reward_of(side) is not None
        and ledger.decision(referral.id, side, each.number) is None
        for each in referral.milestones
        for side in Side
    )


def _write(
    row: ReferralTransaction, before: Referral, after: Referral, *, due_at: datetime | None
) -> None:
    row.status, row.review_by, row.due_at = after.status, after.review_by, due_at
    row.save(update_fields=["status", "review_by", "due_at", "updated_at"])
    _write_payments(row, before, after)
    known = len(before.history)
    ReferralStep.objects.bulk_create(
        ReferralStep(referral=row, sequence=number, at=step.at, status=step.status, note=step.note)
        for number, step in enumerate(after.history[known:], start=known + 1)
    )
    _forget_prefetched(row)


def _write_payments(row: ReferralTransaction, before: Referral, after: Referral) -> None:
    columns: dict[str, dict[str, Any]] = {}
    for milestone in after.milestones:
        if before.milestone_of(milestone.invoice) != milestone:
            columns.setdefault(milestone.invoice, {}).update(
                number=milestone.number,
                currency=milestone.paid.currency,
                paid_minor=milestone.paid.minor,
                returned_minor=milestone.returned.minor,
                due_at=milestone.due_at,
                state=milestone.state.value,
            )
    for report in after.returns:
        if before.return_of(report.invoice) != report:
            amount = report.amount
            values = columns.setdefault(report.invoice, {})
            values.update(
                is_returned=True, reported_minor=amount.minor if amount is not None else None
            )
            values.update({"currency": amount.currency} if amount is not None else {})
    for invoice, values in columns.items():
        ReferralPayment.objects.update_or_create(referral=row, invoice=invoice, defaults=values)


def _forget_prefetched(row: ReferralTransaction) -> None:
    """Let the next fact of the same transaction read what this one wrote."""
    vars(row).pop("_prefetched_objects_cache", None)
