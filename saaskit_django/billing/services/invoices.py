"""Issuing, numbering, settling and voiding invoices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import F

from saaskit_core.billing.events import InvoiceIssued, InvoicePaid, InvoiceVoided
from saaskit_core.billing.invoices import LineKind
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import Money
from saaskit_core.subscriptions.policies import UnusedTime
from saaskit_django.billing.models import (
    CreditNote,
    Invoice,
    InvoiceLine,
    InvoiceSeries,
)
from saaskit_django.billing.selectors import carrying_invoices
from saaskit_django.billing.services.wallet import credit, give_back, pay_from_wallet
from saaskit_django.conf import conf
from saaskit_django.identifiers import new_uuid
from saaskit_django.outbox.services import record

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saaskit_core.billing.quotes import InvoiceDraft, InvoiceKind, LineDraft
    from saaskit_core.periods import Period
    from saaskit_django.customers.models import Customer
    from saaskit_django.subscriptions.models import Subscription

_NUMBER = ("series", "number", "issued_at")
_UNPAID = (Invoice.Status.DRAFT, Invoice.Status.OPEN)


class InvoiceNotPayable(SaasKitError):
    code = "invoice_not_payable"
    kind = ErrorKind.CONFLICT
    template = "This invoice can't be paid any more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What to issue: for whom, for what, for which span, and the key that makes it unique."""

    customer: Customer
    subscription: Subscription | None
    kind: InvoiceKind
    key: str
    draft: InvoiceDraft
    period: Period | None = None
    surplus_to: UnusedTime = UnusedTime.WALLET


def issue(bill: Bill, *, now: datetime, final: bool) -> Invoice:
    """Write the invoice and its lines and take the wallet's share, inside a transaction.

    Call it with the customer locked. The same key again returns the invoice that stands, unless
    that was voided. `final` takes the number at once; an invoice for a purchase that may be
    abandoned stays a draft until it is paid.
    """
    standing = Invoice.objects.filter(key=bill.key).exclude(status=Invoice.Status.VOID).first()
    if standing is not None:
        return standing
    invoice = Invoice.objects.create(
        public_id=new_uuid(),
        customer=bill.customer,
        subscription=bill.subscription,
        kind=bill.kind,
        key=bill.key,
        status=Invoice.Status.DRAFT,
        period_start=bill.period.starts_at if bill.period else None,
        period_end=bill.period.ends_at if bill.period else None,
        issued_at=now,
        due_at=now,
        seller=conf().seller.model_dump(),
        buyer=_buyer(bill.customer),
        surplus_to=bill.surplus_to,
        **_amounts(bill.draft),
    )
    InvoiceLine.objects.bulk_create(_lines(invoice, bill.draft.lines))
    if any(line.kind is LineKind.CARRIED_IN for line in bill.draft.lines):
        carrying_invoices(bill.customer, invoice.currency).update(carried_into=invoice)
    pay_from_wallet(
        customer=bill.customer,
        amount=bill.draft.credit_applied,
        transaction=f"invoice:{invoice.pk}:credit",
        now=now,
        invoice=invoice,
    )
    if final:
        finalise(invoice, now=now)
    return invoice


def finalise(invoice: Invoice, *, now: datetime) -> None:
    """Give the invoice its number and open it, inside a transaction. Again does nothing."""
    if not _take_number(invoice, now=now):
        return
    invoice.status = Invoice.Status.OPEN
    invoice.save(update_fields=[*_NUMBER, "status", "updated_at"])
    record(InvoiceIssued(**_event(invoice, now=now)))


def _take_number(invoice: Invoice, *, now: datetime) -> bool:
    """Give it its number unless it has one, to be saved; tells whether it took one."""
    if invoice.number is not None:
        return False
    invoice.series = conf().invoice_series
    invoice.number = next_number(invoice.series)
    invoice.issued_at = now
    return True


def _reread(invoice: Invoice) -> None:
    """Bring it up to what the database has, with whom and what it is for, in one query."""
    fresh = Invoice.objects.select_related("customer", "subscription").get(pk=invoice.pk)
    for field in Invoice._meta.concrete_fields:
        setattr(invoice, field.attname, getattr(fresh, field.attname))
    invoice.customer, invoice.subscription = fresh.customer, fresh.subscription


def next_number(series: str) -> int:
    """Return the next number of a series, gap-free and unique, inside a transaction.

    The counter's row stays locked until the commit, so a rolled-back number is given out again.
    """
    moved = InvoiceSeries.objects.filter(name=series).update(last_number=F("last_number") + 1)
    if not moved:
        InvoiceSeries.objects.bulk_create([InvoiceSeries(name=series)], ignore_conflicts=True)
        InvoiceSeries.objects.filter(name=series).update(last_number=F("last_number") + 1)
    return InvoiceSeries.objects.values_list("last_number", flat=True).get(name=series)


def settle_paid(invoice: Invoice, *, now: datetime) -> bool:
    """Mark the invoice paid and pass its surplus to the wallet, inside a transaction.

    A surplus that is to be refunded is left to the caller.
    Returns whether it was this call that did it. Raises InvoiceNotPayable when it was voided.
    """
    moved = Invoice.objects.filter(pk=invoice.pk, status__in=_UNPAID).update(paid_at=now)
    _reread(invoice)
    if not moved:
        if invoice.status == Invoice.Status.PAID:
            return False
        raise InvoiceNotPayable
    events = [InvoiceIssued, InvoicePaid] if _take_number(invoice, now=now) else [InvoicePaid]
    invoice.status = Invoice.Status.PAID
    invoice.save(update_fields=[*_NUMBER, "status", "updated_at"])
    record(*(event(**_event(invoice, now=now)) for event in events))
    if invoice.surplus_to == UnusedTime.REFUND:
        return True
    credit(
        customer=invoice.customer,
        amount=Money(invoice.to_wallet_minor, invoice.currency),
        transaction=f"invoice:{invoice.pk}:surplus",
        reason="proration",
        now=now,
        invoice=invoice,
    )
    return True


def void(invoice: Invoice, *, now: datetime) -> None:
    """Void an unpaid invoice and give the wallet back its share, inside a transaction."""
    was_numbered = invoice.number is not None
    moved = Invoice.objects.filter(pk=invoice.pk, status__in=_UNPAID).update(
        status=Invoice.Status.VOID
    )
    if not moved:
        return
    give_back(
        customer=invoice.customer,
        amount=Money(invoice.credit_minor, invoice.currency),
        transaction=f"invoice:{invoice.pk}:void",
        now=now,
        invoice=invoice,
    )
    Invoice.objects.filter(carried_into=invoice).update(carried_into=None)
    invoice.refresh_from_db()
    if was_numbered:
        record(InvoiceVoided(**_event(invoice, now=now)))


def write_off(invoice: Invoice) -> None:
    """Give up collecting an open invoice, inside a transaction; it stays in the books."""
    Invoice.objects.filter(pk=invoice.pk, status__in=_UNPAID).update(
        status=Invoice.Status.UNCOLLECTIBLE
    )


def issue_credit_note(
    *, invoice: Invoice, amount: Money, key: str, reason: str, now: datetime
) -> CreditNote:
    """Take back part of a paid invoice once per `key`, inside a transaction."""
    standing = CreditNote.objects.filter(key=key).first()
    if standing is not None:
        return standing
    series = f"{conf().invoice_series}-CN"
    return CreditNote.objects.create(
        invoice=invoice,
        key=key,
        series=series,
        number=next_number(series),
        currency=amount.currency,
        amount_minor=amount.minor,
        reason=reason,
        issued_at=now,
    )


def _event(invoice: Invoice, *, now: datetime) -> dict[str, Any]:
    return {
        "aggregate": f"invoice:{invoice.pk}",
        "occurred_at": now,
        "invoice_id": str(invoice.pk),
        "customer_id": str(invoice.customer_id),
        "subscription_id": invoice.subscription.reference if invoice.subscription else "",
        "number": invoice.number_text,
        "kind": invoice.kind,
        "currency": invoice.currency,
        "total_minor": invoice.total_minor,
        "amount_due_minor": invoice.amount_due_minor,
    }


def _amounts(draft: InvoiceDraft) -> dict[str, int | str]:
    return {
        "currency": draft.currency,
        "subtotal_minor": draft.subtotal.minor,
        "discount_minor": draft.discount.minor,
        "tax_minor": draft.tax.minor,
        "total_minor": draft.total.minor,
        "credit_minor": draft.credit_applied.minor,
        "amount_due_minor": draft.amount_due.minor,
        "to_wallet_minor": draft.to_wallet.minor,
        "carried_minor": draft.carried_forward.minor,
    }


def _lines(invoice: Invoice, lines: Iterable[LineDraft]) -> list[InvoiceLine]:
    return [
        InvoiceLine(
            invoice=invoice,
            position=position,
            kind=line.kind,
            description=line.description,
            quantity=line.quantity,
            unit_minor=line.unit.minor,
            amount_minor=line.amount.minor,
            discount_minor=line.discount.minor,
            tax_minor=line.tax.minor,
            price_id=int(line.price_id) if line.price_id else None,
            period_start=line.period.starts_at if line.period else None,
            period_end=line.period.ends_at if line.period else None,
            explanation=line.explanation,
        )
        for position, line in enumerate(lines, start=1)
    ]


def _buyer(customer: Customer) -> dict[str, str]:
    return {"name": customer.name, "email": customer.email, "country": customer.country}
