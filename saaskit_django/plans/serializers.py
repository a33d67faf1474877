"""Plans on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_django.rest.fields import CurrencyField, instant_text, money_text
from saaskit_django.rest.serializers import InputSerializer

if TYPE_CHECKING:
    from saaskit_core.money import Money
    from saaskit_django.plans.models import Price, SubscriptionPlan

Data = dict[str, object]


class PlanFilter(InputSerializer):
    """Which plans are wanted."""

    currency = CurrencyField(required=False)


def plan_data(plan: SubscriptionPlan) -> Data:
    """Return a plan with its current prices and features."""
    flags = getattr(plan, "feature_flags", None)
    return {
        "id": plan.pk,
        "key": plan.key,
        "name": plan.name,
        "description": plan.description,
        "group": plan.group,
        "currency": plan.currency,
        "monthly_price": _text(plan.monthly_price),
        "yearly_price": _text(plan.yearly_price),
        "prices": [price_data(price) for price in plan.current_prices],
        "max_operations": flags.max_operations if flags else None,
        "max_api_calls_per_hour": flags.max_api_calls_per_hour if flags else None,
        "feature_details": plan.feature_details,
        "features": plan.features,
        "trial_days": plan.trial_days,
        "is_active": plan.is_active,
        "is_public": plan.is_public,
        "created_at": instant_text(plan.created_at),
        "updated_at": instant_text(plan.updated_at),
    }


def price_data(price: Price) -> Data:
    """Return one price."""
    return {
        "id": price.pk,
        "billing_frequency": price.frequency or None,
        "interval_unit": price.interval_unit or None,
        "interval_count": price.interval_count or None,
        "amount": money_text(price.amount),
        "currency": price.currency,
        "version": price.version,
    }


def _text(amount: Money | None) -> str | None:
    return None if amount is None else money_text(amount)
