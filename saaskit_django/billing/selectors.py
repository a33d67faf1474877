"""Reads of billing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Sum

from saaskit_core.billing.invoices import Settlement
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import Money
from saaskit_django.billing.models import AppliedCoupon, Invoice, WalletBalance, WalletEntry

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from saaskit_core.coupons import AppliedCoupon as CoreAppliedCoupon
    from saaskit_core.providers import Limits
    from saaskit_django.customers.models import Customer
    from saaskit_django.subscriptions.models import Subscription


class InvoiceNotFound(SaasKitError):
    """There is no such invoice, or it is somebody else's."""

    code = "invoice_not_found"
    kind = ErrorKind.NOT_FOUND
    template = "There is no such invoice."


def wallet_balance(customer: Customer, currency: str) -> Money:
    """Return what the customer's wallet holds in a currency."""
    minor = (
        WalletBalance.objects.filter(customer_id=customer.pk, currency=currency)
        .values_list("balance_minor", flat=True)
        .first()
    )
    return Money(minor or 0, currency)


def wallet_balances(customer: Customer) -> tuple[Money, ...]:
    """Return what the customer's wallet holds, in each currency it ever held."""
    rows = WalletBalance.objects.filter(customer_id=customer.pk).order_by("currency")
    return tuple(Money(row.balance_minor, row.currency) for row in rows)


def ledger_sum() -> dict[str, int]:
    """Return the sum of all ledger legs per currency in minor units: zero, always."""
    sums = WalletEntry.objects.values("currency").annotate(total=Sum("amount_minor"))
    return {row["currency"]: row["total"] for row in sums}


def carrying_invoices(customer: Customer, currency: str) -> QuerySet[Invoice]:
    """Return the settled invoices whose carried amount no later invoice has taken in."""
    return Invoice.objects.filter(
        customer=customer,
        currency=currency,
        status=Invoice.Status.PAID,
        carried_minor__gt=0,
        carried_into__isnull=True,
    )


def carried_amount(customer: Customer, currency: str) -> Money:
    """Return what earlier invoices left uncollected because it was under the provider's minimum."""
    carried = carrying_invoices(customer, currency).aggregate(total=Sum("carried_minor"))["total"]
    return Money(carried or 0, currency)


def settlement(customer: Customer, currency: str, *, limits: Limits | None) -> Settlement:
    """Return what stands beside an invoice's lines for this customer, as the core wants it."""
    minimum = limits.minimum.get(currency) if limits else None
    return Settlement(
        wallet=wallet_balance(customer, currency),
        minimum=Money(minimum, currency) if minimum else None,
        carried=carried_amount(customer, currency),
    )


def applied_coupons(
    subscription: Subscription, *, is_paid: bool = False
) -> tuple[CoreAppliedCoupon, ...]:
    """Return the coupons on a subscription, in the order they were applied.

    `is_paid` leaves out those that no paid invoice was discounted by yet.
    """
    rows = AppliedCoupon.objects.filter(subscription=subscription, is_released=False)
    if is_paid:
        rows = rows.filter(first_period_start__isnull=False)
    return tuple(row.to_core() for row in rows.select_related("coupon").order_by("pk"))


def invoices_of(customer: Customer) -> QuerySet[Invoice]:
    """Return the customer's numbered invoices with their lines, newest first, none of them void."""
    shown = (Invoice.Status.OPEN, Invoice.Status.PAID, Invoice.Status.UNCOLLECTIBLE)
    return (
        Invoice.objects.filter(customer_id=customer.pk, status__in=shown)
        .prefetch_related("lines")
        .order_by("-pk")
    )


def invoice_of(customer: Customer, public_id: UUID) -> Invoice:
    """Return one numbered invoice of the customer. Raises InvoiceNotFound for anybody else's."""
    invoice = invoices_of(customer).filter(public_id=public_id).first()
    if invoice is None:
        raise InvoiceNotFound
    return invoice
