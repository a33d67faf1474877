"""The invoice as a document for people: one HTML page that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.template.loader import render_to_string

from saaskit_core.money import Money

if TYPE_CHECKING:
    from saaskit_django.billing.models import Invoice

TEMPLATE = "saaskit/billing/invoice.html"


def invoice_html(invoice: Invoice) -> str:
    """Return the invoice as an HTML page; every text in it is escaped. Needs `lines` prefetched."""
    rows = [
        {
            "line": line,
            "unit": Money(line.unit_minor, invoice.currency),
            "amount": Money(line.amount_minor, invoice.currency),
            "discount": Money(line.discount_minor, invoice.currency),
        }
        for line in invoice.lines.all()
    ]
    sums = {
        name: Money(getattr(invoice, f"{name}_minor"), invoice.currency)
        for name in ("subtotal", "discount", "tax", "total", "credit", "amount_due")
    }
    notes = [
        {"number": str(note), "amount": Money(note.amount_minor, note.currency), "note": note}
        for note in invoice.credit_notes.all()
    ]
    context = {"invoice": invoice, "rows": rows, "sums": sums, "credit_notes": notes}
    return render_to_string(TEMPLATE, context)
