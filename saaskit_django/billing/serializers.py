"""How invoices and drafts of them are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.money import Money
from saaskit_django.rest.fields import instant_text, money_text

if TYPE_CHECKING:
    from saaskit_core.billing.quotes import InvoiceDraft, LineDraft
    from saaskit_django.billing.models import Invoice, InvoiceLine


def draft_data(draft: InvoiceDraft) -> dict[str, object]:
    """Render a computed invoice that may never be issued."""
    return {
        "currency": draft.currency,
        "lines": [_draft_line(line) for line in draft.lines],
        "subtotal": money_text(draft.subtotal),
        "discount": money_text(draft.discount),
        "tax": money_text(draft.tax),
        "total": money_text(draft.total),
        "credit_applied": money_text(draft.credit_applied),
        "amount_due": money_text(draft.amount_due),
        "to_wallet": money_text(draft.to_wallet),
    }


def invoice_data(row: Invoice) -> dict[str, object]:
    """Render one invoice with its lines. Needs `lines` prefetched."""
    return {
        "id": row.pk,
        "public_id": str(row.public_id),
        "number": row.number_text or None,
        "kind": row.kind,
        "status": row.status,
        "subscription_id": row.subscription_id,
        "currency": row.currency,
        "subtotal": _money(row.subtotal_minor, row),
        "discount": _money(row.discount_minor, row),
        "tax": _money(row.tax_minor, row),
        "total": money_text(row.total),
        "credit_applied": _money(row.credit_minor, row),
        "amount_due": money_text(row.amount_due),
        "issued_at": instant_text(row.issued_at),
        "due_at": instant_text(row.due_at),
        "paid_at": instant_text(row.paid_at) if row.paid_at else None,
        "lines": [_line(line, row) for line in row.lines.all()],
    }


def _line(line: InvoiceLine, invoice: Invoice) -> dict[str, object]:
    return {
        "kind": line.kind,
        "description": line.description,
        "quantity": line.quantity,
        "unit": _money(line.unit_minor, invoice),
        "amount": _money(line.amount_minor, invoice),
        "discount": _money(line.discount_minor, invoice),
        "tax": _money(line.tax_minor, invoice),
        "period_start": instant_text(line.period_start) if line.period_start else None,
        "period_end": instant_text(line.period_end) if line.period_end else None,
        "explanation": line.explanation,
    }


def _draft_line(line: LineDraft) -> dict[str, object]:
    return {
        "kind": line.kind.value,
        "description": line.description,
        "quantity": line.quantity,
        "unit": money_text(line.unit),
        "amount": money_text(line.amount),
        "discount": money_text(line.discount),
        "tax": money_text(line.tax),
        "period_start": instant_text(line.period.starts_at) if line.period else None,
        "period_end": instant_text(line.period.ends_at) if line.period else None,
        "explanation": line.explanation,
    }


def _money(minor: int, invoice: Invoice) -> str:
    return money_text(Money(minor, invoice.currency))
