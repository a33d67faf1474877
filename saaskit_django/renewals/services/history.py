"""The history of renewals: one line per renewal invoice that was paid."""

from __future__ import annotations

from typing import Any

from saaskit_core.billing.quotes import InvoiceKind
from saaskit_core.payments.states import PaymentState
from saaskit_django.billing.models import Invoice
from saaskit_django.payments.models import Payment
from saaskit_django.renewals.models import Renewal


def record_renewal(*, reference: str, renewed_by: Any = None) -> None:
    """Write the lines that a subscription's paid renewal invoices lack, inside a transaction."""
    unwritten = Invoice.objects.filter(
        subscription__reference=reference,
        kind=InvoiceKind.RENEWAL,
        status=Invoice.Status.PAID,
        renewal__isnull=True,
    )
    for invoice in unwritten:
        Renewal.objects.get_or_create(
            invoice=invoice, defaults=_line(invoice, renewed_by=renewed_by)
        )


def _line(invoice: Invoice, *, renewed_by: Any) -> dict[str, object]:
    payment = Payment.objects.filter(invoice=invoice, state=PaymentState.SUCCEEDED).first()
    return {
        "subscription_id": invoice.subscription_id,
        "renewed_by": renewed_by,
        "renewal_date": invoice.paid_at or invoice.issued_at,
        "renewal_cost_minor": invoice.total_minor,
        "currency": invoice.currency,
        "payment": payment,
    }
