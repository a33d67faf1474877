"""What requests about periodic work contain, and how they are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework import serializers

from saaskit_core.money import Money
from saaskit_django.payments.serializers import payment_data
from saaskit_django.rest.fields import instant_text, money_text, user_id
from saaskit_django.rest.serializers import InputSerializer
from saaskit_django.subscriptions.serializers import subscription_data

if TYPE_CHECKING:
    from saaskit_django.renewals.models import Renewal
    from saaskit_django.renewals.services.renew import Renewed
    from saaskit_django.renewals.services.sweep import Swept

LONGEST_DAYS = 800


class AdvanceInput(InputSerializer):
    """How far to move a customer's test clock."""

    days = serializers.IntegerField(min_value=0, max_value=LONGEST_DAYS)
    seconds = serializers.IntegerField(min_value=0, max_value=86_399, required=False, default=0)


class RenewInput(InputSerializer):
    """Whether a renewal is charged, and why it is made."""

    charge = serializers.BooleanField(required=False, default=True)
    notes = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)


def renewed_data(done: Renewed) -> dict[str, object]:
    """Render a renewal that staff asked for; without a payment so far there is no renewal yet."""
    return {
        "subscription": subscription_data(done.subscription),
        "renewal": renewal_data(done.renewal) if done.renewal else None,
        "payment": payment_data(done.payment) if done.payment else None,
    }


def renewal_data(row: Renewal) -> dict[str, object]:
    """Render a line of the history of renewals; `renewed_by` is None for the engine."""
    return {
        "id": row.pk,
        "subscription": row.subscription_id,
        "invoice": row.invoice_id,
        "renewed_by": user_id(row.renewed_by_id) if row.renewed_by_id is not None else None,
        "renewal_date": instant_text(row.renewal_date),
        "renewal_cost": money_text(Money(row.renewal_cost_minor, row.currency)),
        "currency": row.currency,
        "payment": row.payment_id,
        "notes": row.notes or None,
    }


def swept_data(swept: Swept) -> dict[str, object]:
    """Render what a sweep did."""
    return {
        "subscriptions_renewed": swept.renewed,
        "subscriptions_expired": swept.expired,
        "failed": swept.failed,
        "processed_at": instant_text(swept.processed_at),
        "errors": swept.errors,
    }
