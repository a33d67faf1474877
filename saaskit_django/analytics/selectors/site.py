"""Users and the money that came in."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import Count, F, Sum

from saaskit_core.payments.states import PaymentState
from saaskit_django.customers.models import Customer
from saaskit_django.payments.models import Payment
from saaskit_django.payments.selectors import PaymentFilter, payments_within, totals

if TYPE_CHECKING:
    from datetime import datetime

JOINED = ("date_joined", "created_at")
"""What user models call the instant at which somebody came."""


def total_users() -> int:
    """Count the users."""
    return get_user_model()._default_manager.count()


def new_users(*, since: datetime) -> int:
    """Count who came since then; where users don't say it, who first became a customer."""
    model = get_user_model()
    known = {field.name for field in model._meta.get_fields()}
    for name in JOINED:
        if name in known:
            return model._default_manager.filter(**{f"{name}__gte": since}).count()
    return Customer.objects.filter(user__isnull=False, created_at__gte=since).count()


def received(*, since: datetime | None = None) -> dict[str, int]:
    """Return what payments brought less what went back, in minor units by currency."""
    return totals(payments_within(PaymentFilter(starts_at=since)))


def average_payments() -> dict[str, Fraction]:
    """Return what a payment that arrived brought on average, by currency, exact."""
    rows = Payment.objects.filter(state=PaymentState.SUCCEEDED).order_by()
    sums = rows.values("currency").annotate(
        minor=Sum(F("received_minor") - F("refunded_minor")), count=Count("pk")
    )
    return {row["currency"]: Fraction(row["minor"], row["count"]) for row in sums}
