"""How a subscription is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_django.rest.fields import instant_text, money_text, user_id

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_django.subscriptions.models import Subscription


def subscription_data(row: Subscription) -> dict[str, object]:
    """Render one subscription. Needs its plan and prices loaded."""
    return {
        "id": row.pk,
        "reference": row.reference,
        "customer": row.customer_id,
        "user": user_id(row.user_id) if row.user_id is not None else None,
        "subscription_plan": {
            "id": row.subscription_plan_id,
            "key": row.subscription_plan.key,
            "name": row.subscription_plan.name,
        },
        "price": money_text(row.price.amount),
        "currency": row.price.currency,
        "quantity": row.quantity,
        "billing_frequency": row.price.frequency,
        "start_date": instant_text(row.start_date),
        "period_start": optional_instant(row.period_start),
        "end_date": optional_instant(row.end_date),
        "auto_renew": row.auto_renew,
        "status": row.status,
        "status_reason": row.status_reason or None,
        "renewal_count": row.renewal_count,
        "last_renewed_at": optional_instant(row.last_renewed_at),
        "trial_end": optional_instant(row.trial_end),
        "cancel_at": optional_instant(row.cancel_at),
        "cancel_requested_at": optional_instant(row.cancel_requested_at),
        "pause": _pause(row),
        "grace_until": optional_instant(row.grace_until),
        "pending_change": _pending(row),
        "billed_by": row.billed_by,
        "provider_subscription_id": row.provider_subscription_id or None,
        "created_at": instant_text(row.created_at),
        "updated_at": instant_text(row.updated_at),
    }


def optional_instant(value: datetime | None) -> str | None:
    """Write an instant, or nothing."""
    return instant_text(value) if value is not None else None


def _pause(row: Subscription) -> dict[str, object] | None:
    if row.pause_starts_at is None:
        return None
    return {
        "starts_at": instant_text(row.pause_starts_at),
        "resumes_at": optional_instant(row.pause_resumes_at),
    }


def _pending(row: Subscription) -> dict[str, object] | None:
    if row.pending_price is None:
        return None
    return {
        "plan_id": row.pending_price.plan_id,
        "billing_frequency": row.pending_price.frequency,
        "quantity": row.pending_quantity,
        "effective_at": optional_instant(row.pending_at),
    }
