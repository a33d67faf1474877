"""What the charts show, read from the rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from examples.demo.report.charts import Bar, Mark, Point
from examples.demo.revenue import revenue_lines
from saaskit_core.analytics.movements import Movement, changes_of, movements
from saaskit_core.analytics.mrr import as_money
from saaskit_django.billing.models import Invoice
from saaskit_django.customers.models import Customer
from saaskit_django.payments.models import Payment


@dataclass(frozen=True, slots=True, kw_only=True)
class Revenue:
    """How the recurring revenue of one currency went."""

    currency: str
    points: tuple[Point, ...]


def revenue() -> list[Revenue]:
    """Return the recurring revenue over time, by currency."""
    moved = list(movements(changes_of(revenue_lines())))
    currencies = sorted({each.currency for each in moved})
    return [Revenue(currency=each, points=_points(moved, each)) for each in currencies]


def _points(moved: list[Movement], currency: str) -> tuple[Point, ...]:
    total, points = Fraction(0), []
    for each in moved:
        if each.currency == currency:
            total += each.monthly
            amount = as_money(total, currency)
            points.append(
                Point(
                    at=each.at,
                    amount=float(amount.decimal),
                    label=f"{each.at:%d %B %Y}, {each.kind}: {amount}",
                )
            )
    return tuple(points)


def invoice_bars() -> list[Bar]:
    """Return the numbered invoices with their payments, in the order of their numbers."""
    customers = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
    rows = (
        Invoice.objects.filter(number__isnull=False)
        .select_related("customer")
        .prefetch_related("lines")
    )
    return [
        _bar(row, series=customers.index(row.customer_id) % 3 + 1)
        for row in rows.order_by("number")
    ]


def _bar(row: Invoice, *, series: int) -> Bar:
    spans = [line for line in row.lines.all() if line.period_start and line.amount_minor > 0]
    starts_at = spans[0].period_start if spans else row.period_start or row.issued_at
    payments = Payment.objects.filter(invoice=row).order_by("pk")
    return Bar(
        label=f"{row.number_text} · {row.customer.name.split()[0]}",
        detail=f"{row.total} · {row.kind} · {row.status}",
        starts_at=starts_at,
        ends_at=row.period_end or starts_at + timedelta(days=1),
        series=series,
        marks=tuple(_mark(each) for each in payments),
    )


def _mark(payment: Payment) -> Mark:
    is_good = bool(payment.received_minor)
    how = f"paid {payment.received}" if is_good else f"{payment.status}: {payment.failure_reason}"
    return Mark(
        at=payment.payment_date, is_good=is_good, label=f"{payment.payment_date:%d %B}: {how}"
    )
