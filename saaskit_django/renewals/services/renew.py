"""A renewal that staff ask for: what is due is charged now, or the next period is granted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.payments.states import PaymentState
from saaskit_core.periods import period, period_index
from saaskit_core.subscriptions.changes import in_force
from saaskit_core.subscriptions.commands import RecordFreeStretch
from saaskit_core.subscriptions.facts import Extended, MethodChanged
from saaskit_core.subscriptions.model import next_index
from saaskit_core.subscriptions.states import StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.transitions import InvalidTransition
from saaskit_django.audit.services import record as audit
from saaskit_django.audit.services import reference
from saaskit_django.billing.models import Invoice
from saaskit_django.customers.selectors import CustomerNotFound
from saaskit_django.customers.services import billing_now, lock_customer_of, refuse_parked
from saaskit_django.payments.models import Payment
from saaskit_django.payments.selectors import latest_payment_of
from saaskit_django.payments.services.charge import submit
from saaskit_django.payments.services.collect import Work, carry_out
from saaskit_django.renewals.models import Renewal
from saaskit_django.renewals.services.history import record_renewal
from saaskit_django.renewals.services.sweep import sweep
from saaskit_django.subscriptions.models import Subscription
from saaskit_django.subscriptions.selectors import SubscriptionNotFound, with_prices
from saaskit_django.subscriptions.services import advance, count_renewal, reread

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.subscriptions.model import Subscription as CoreSubscription
    from saaskit_core.subscriptions.transitions import Transition


class RenewalNotDue(SaasKitError):
    """The period is paid for and still runs: charging the next one now would charge it twice."""

    code = "renewal_not_due"
    kind = ErrorKind.CONFLICT
    template = (
        "Nothing is due before the end of the period; the next one can be granted without a charge."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """The subscription as it is now, the line of its history, and the payment if one was made."""

    subscription: Subscription
    renewal: Renewal | None
    payment: Payment | None


def renew(*, subscription_id: int, notes: str, actor: Any, now: datetime) -> Renewed:
    """Collect now what a subscription owes for its next period, by its invoice and provider.

    That is a period that has ended, or a renewal whose charge failed. A charge that is on its way
    is not doubled. Without a payment so far the answer has no renewal. Raises
    SubscriptionNotFound, RenewalNotDue, InvalidTransition, CustomerParked and ProviderError.
    """
    customer_id = _customer_id(subscription_id)
    before = _paid_renewals(subscription_id)
    latest = _latest_payment(subscription_id)
    sweep(now=now, customer_id=customer_id)
    if _latest_payment(subscription_id) == latest:
        for payment_id in _collect(subscription_id, before, actor=actor, now=now):
            submit(payment_id, now=now)
    row = with_prices().get(pk=subscription_id)
    renewal = _sign(row, before, notes=notes, actor=actor)
    return Renewed(subscription=row, renewal=renewal, payment=latest_payment_of(row))


@transaction.atomic(durable=True)
def grant(*, subscription_id: int, notes: str, actor: Any, now: datetime) -> Renewed:
    """Give the next period away: a line of zero in the books, a renewal, an entry of the audit.

    Raises SubscriptionNotFound, ManagedByProvider, and InvalidTransition where no period follows.
    """
    row, work = _locked(subscription_id, now=now)
    to = _granted_until(row.to_core(), at=work.at)
    decision = advance(row, Extended(to=to, reason=notes), now=work.at, actor=reference(actor))
    carry_out(row, decision, work)
    count_renewal(row, now=work.at)
    renewal = Renewal.objects.create(
        subscription=row,
        invoice=_zero_invoice(decision),
        renewed_by=actor,
        renewal_date=work.at,
        renewal_cost_minor=0,
        currency=row.price.currency,
        notes=notes,
    )
    _audit("subscription.renewal_granted", row, notes, actor=actor)
    reread(row)
    return Renewed(subscription=row, renewal=renewal, payment=None)


def _customer_id(subscription_id: int) -> int:
    found = Subscription.objects.filter(pk=subscription_id, deleted_at__isnull=True)
    customer_id = found.values_list("customer_id", flat=True).first()
    if customer_id is None:
        raise SubscriptionNotFound
    return customer_id


@transaction.atomic(durable=True)
def _collect(
    subscription_id: int, before: frozenset[int], *, actor: Any, now: datetime
) -> list[int]:
    """Charge the open renewal again, unless credit has just paid it or a charge runs."""
    row, work = _locked(subscription_id, now=now)
    refuse_parked(row.customer)
    current = row.to_core()
    if _paid_renewals(subscription_id) - before:
        return []
    if _is_owing(current):
        fact = MethodChanged(has_method=True)
        carry_out(row, advance(row, fact, now=work.at, actor=reference(actor)), work)
        return [*work.to_submit, *_unsent(row)]
    if current.status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIAL):
        raise RenewalNotDue
    raise InvalidTransition(action="A renewal", status=current.status.value)


def _unsent(row: Subscription) -> list[int]:
    """Return the charge that somebody else has reserved and not sent, such as with a new method."""
    reserved = Payment.objects.filter(
        subscription=row, invoice__key=row.awaiting_key, state=PaymentState.CREATED
    )
    return list(reserved.values_list("pk", flat=True))


def _is_owing(subscription: CoreSubscription) -> bool:
    is_unpaid = subscription.status_reason is StatusReason.PAYMENT
    return subscription.status is SubscriptionStatus.RENEWAL_PENDING or is_unpaid


@transaction.atomic(durable=True)
def _sign(row: Subscription, before: frozenset[int], *, notes: str, actor: Any) -> Renewal | None:
    """Write who asked for the renewal, whose line the engine may have written already."""
    _audit("subscription.renewal_requested", row, notes, actor=actor)
    record_renewal(reference=row.reference, renewed_by=actor)
    newest: Renewal | None = row.renewals.exclude(invoice_id__in=before).order_by("-pk").first()
    if newest is not None:
        newest.renewed_by, newest.notes = actor, notes
        newest.save(update_fields=["renewed_by", "notes", "updated_at"])
    return newest


def _latest_payment(subscription_id: int) -> int | None:
    paid = Payment.objects.filter(subscription_id=subscription_id)
    return paid.order_by("-pk").values_list("pk", flat=True).first()


def _paid_renewals(subscription_id: int) -> frozenset[int]:
    """Return the ids of its renewal invoices that are paid."""
    paid = Invoice.objects.filter(
        subscription_id=subscription_id, kind="renewal", status=Invoice.Status.PAID
    )
    return frozenset(paid.values_list("pk", flat=True))


def _locked(subscription_id: int, *, now: datetime) -> tuple[Subscription, Work]:
    rows = Subscription.objects.filter(pk=subscription_id, deleted_at__isnull=True)
    try:
        customer = lock_customer_of(rows)
    except CustomerNotFound:
        raise SubscriptionNotFound from None
    row = with_prices().get(pk=subscription_id)
    return row, Work(now=now, at=billing_now(customer, now))


def _granted_until(subscription: CoreSubscription, *, at: datetime) -> datetime:
    """Return the end of the next period, or of the first one after it that isn't over."""
    is_running = subscription.status is SubscriptionStatus.ACTIVE or _is_owing(subscription)
    terms = in_force(subscription)
    interval = terms.price.interval
    if not is_running or subscription.period is None or interval is None:
        raise InvalidTransition(action="A renewal", status=subscription.status.value)
    reached = period_index(terms.anchor, interval, max(at, terms.anchor), terms.zone)
    index = max(next_index(terms), reached)
    return period(terms.anchor, interval, index, terms.zone).ends_at


def _zero_invoice(decision: Transition) -> Invoice:
    key = next(each.key for each in decision.commands if isinstance(each, RecordFreeStretch))
    return Invoice.objects.get(key=key)


def _audit(action: str, row: Subscription, notes: str, *, actor: Any) -> None:
    audit(
        action=action,
        table="subscription",
        record_id=row.pk,
        after={
            "end_date": row.end_date.isoformat() if row.end_date else None,
            "status": row.status,
            "notes": notes,
        },
        actor=actor,
    )
