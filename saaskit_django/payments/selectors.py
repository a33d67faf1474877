"""Reads of payments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q, Sum

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.payments.states import OPEN, PaymentState, PaymentStatus
from saaskit_django.billing.models import Invoice
from saaskit_django.payments.models import Payment, PaymentMethod, RefundRequest

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from saaskit_django.customers.models import Customer
    from saaskit_django.subscriptions.models import Subscription

_BY_STATUS: dict[PaymentStatus, Q] = {
    PaymentStatus.PENDING: Q(state__in=[PaymentState.CREATED, PaymentState.REQUIRES_ACTION]),
    PaymentStatus.PROCESSING: Q(
        state__in=[
            PaymentState.SUBMITTING,
            PaymentState.PROCESSING,
            PaymentState.UNKNOWN,
            PaymentState.AUTHORIZED,
        ]
    ),
    PaymentStatus.COMPLETED: Q(state=PaymentState.SUCCEEDED, refunded_minor=0),
    PaymentStatus.FAILED: Q(state=PaymentState.FAILED),
    PaymentStatus.CANCELLED: Q(state=PaymentState.CANCELLED),
    PaymentStatus.REFUNDED: Q(
        state=PaymentState.SUCCEEDED, received_minor__gt=0, refunded_minor__gte=F("received_minor")
    ),
    PaymentStatus.PARTIAL: Q(
        state=PaymentState.SUCCEEDED,
        refunded_minor__gt=0,
        refunded_minor__lt=F("received_minor"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """What to list; None leaves a condition out. Dates are instants, the end excluded."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    status: PaymentStatus | None = None
    payment_method: str | None = None
    user_id: Any = None
    subscription_id: int | None = None
    payment_id: int | None = None
    plan_id: int | None = None


class PaymentNotFound(SaasKitError):
    """There is no such payment, or it is somebody else's."""

    code = "payment_not_found"
    kind = ErrorKind.NOT_FOUND
    template = "There is no such payment."


def payment_of(customer: Customer, transaction_id: str) -> Payment:
    """Return the customer's payment of that reference. Raises PaymentNotFound."""
    return _found(_full().filter(customer_id=customer.pk), transaction_id)


def any_payment(transaction_id: str) -> Payment:
    """Return the payment whoever's it is, for admins. Raises PaymentNotFound."""
    return _found(_full(), transaction_id)


def latest_payment_of(subscription: Subscription) -> Payment | None:
    """Return the subscription's newest payment, or None."""
    return _full().filter(subscription=subscription).order_by("-pk").first()


def payments_of(customer: Customer, wanted: PaymentFilter) -> QuerySet[Payment]:
    """Return the customer's payments, newest first."""
    rows = _full().filter(customer=customer) if customer.pk else _full().none()
    return _narrowed(rows, wanted)


def payments_within(wanted: PaymentFilter) -> QuerySet[Payment]:
    """Return everybody's payments, newest first; only for admins to ask.

    A user's are those he made and those of his personal customer.
    """
    return _narrowed(_full(), wanted)


def _narrowed(rows: QuerySet[Payment], wanted: PaymentFilter) -> QuerySet[Payment]:
    columns = {
        "payment_method": wanted.payment_method,
        "subscription_id": wanted.subscription_id,
        "pk": wanted.payment_id,
        "subscription__subscription_plan_id": wanted.plan_id,
    }
    rows = rows.filter(**{name: value for name, value in columns.items() if value is not None})
    if wanted.user_id is not None:
        rows = rows.filter(Q(user_id=wanted.user_id) | Q(customer__user_id=wanted.user_id))
    if wanted.starts_at is not None:
        rows = rows.filter(payment_date__gte=wanted.starts_at)
    if wanted.ends_at is not None:
        rows = rows.filter(payment_date__lt=wanted.ends_at)
    if wanted.status is not None:
        rows = rows.filter(_BY_STATUS[wanted.status])
    return rows.order_by("-pk")


def totals(rows: QuerySet[Payment]) -> dict[str, int]:
    """Return per currency what was received minus what went back, in minor units."""
    sums = (
        rows.filter(state=PaymentState.SUCCEEDED)
        .order_by()
        .values("currency")
        .annotate(total=Sum(F("received_minor") - F("refunded_minor")))
    )
    return {row["currency"]: row["total"] for row in sums}


def default_method(customer: Customer) -> PaymentMethod | None:
    """Return the method that renewals are charged to, or None."""
    return methods_of(customer).filter(is_default=True).first()


def methods_of(customer: Customer) -> QuerySet[PaymentMethod]:
    """Return the customer's kept methods, newest first."""
    rows = PaymentMethod.objects.filter(customer_id=customer.pk, removed_at__isnull=True)
    return rows.order_by("-pk")


def is_being_charged(subscription: Subscription) -> bool:
    """Tell whether the outcome of a charge that the subscription waits for isn't known yet.

    One that waits for the payer is no such charge: dunning goes on meanwhile.
    """
    return Payment.objects.filter(
        subscription=subscription,
        invoice__key=subscription.awaiting_key,
        state__in=sorted(OPEN - {PaymentState.REQUIRES_ACTION}),
    ).exists()


def refundable_payments(subscription: Subscription) -> QuerySet[Payment]:
    """Return what the subscription was paid with and is not wholly given back, newest first."""
    return Payment.objects.filter(
        subscription=subscription,
        invoice__status=Invoice.Status.PAID,
        state=PaymentState.SUCCEEDED,
        is_disputed=False,
        received_minor__gt=F("refunded_minor") + F("refunding_minor"),
    ).order_by("-pk")


def waiting_charges(customer: Customer) -> QuerySet[Payment]:
    """Return the payments of open invoices that wait for the payer: a charge would be in vain."""
    return Payment.objects.filter(
        customer=customer, invoice__status=Invoice.Status.OPEN, state=PaymentState.REQUIRES_ACTION
    )


def abandoned_payments(subscription_id: int, *, before: datetime) -> QuerySet[Payment]:
    """Return what the payer began before then, to pay an open invoice himself, and left."""
    return Payment.objects.filter(
        subscription_id=subscription_id,
        invoice__status=Invoice.Status.OPEN,
        state=PaymentState.REQUIRES_ACTION,
        is_off_session=False,
        submitted_at__lte=before,
    )


def orphaned_payments(subscription_id: int) -> QuerySet[Payment]:
    """Return the subscription's payments that could still be paid for an invoice given up."""
    return Payment.objects.filter(
        subscription_id=subscription_id,
        invoice__status__in=[Invoice.Status.VOID, Invoice.Status.UNCOLLECTIBLE],
        state__in=sorted(OPEN),
    )


def has_paid_before(customer: Customer) -> bool:
    """Tell whether any payment ever succeeded, refunded or not ("first purchase only")."""
    return Payment.objects.filter(customer_id=customer.pk, state=PaymentState.SUCCEEDED).exists()


def open_refund_request(payment: Payment) -> RefundRequest | None:
    """Return the request that waits for an admin, or None."""
    return payment.refund_requests.filter(status=RefundRequest.Status.REQUESTED).first()


def _full() -> QuerySet[Payment]:
    return Payment.objects.select_related("customer", "invoice", "subscription__subscription_plan")


def find_payment(transaction_id: str) -> Payment | None:
    """Return the payment of that reference, or None."""
    return _full().filter(transaction_id=transaction_id).first()


def _found(rows: QuerySet[Payment], transaction_id: str) -> Payment:
    payment = rows.filter(transaction_id=transaction_id).first()
    if payment is None:
        raise PaymentNotFound
    return payment
