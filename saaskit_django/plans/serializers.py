"""Plans on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from saaskit_core.features import UNLIMITED_WORD, Feature, with_leaf
from saaskit_core.periods import BillingFrequency
from saaskit_core.plans import MAX_TRIAL_DAYS
from saaskit_django.plans.selectors import PlanFilter
from saaskit_django.plans.services.editing import PlanTerms, Tariff
from saaskit_django.rest.fields import (
    CurrencyField,
    IdField,
    MoneyField,
    instant_text,
    money_text,
)
from saaskit_django.rest.serializers import MAX_INT, InputSerializer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from saaskit_core.money import Money
    from saaskit_django.plans.models import Price, SubscriptionPlan
    from saaskit_django.plans.services.editing import PlanChanged

Data = dict[str, object]
ALIASES = {
    "max_operations": Feature.API_DAILY_LIMIT,
    "max_api_calls_per_hour": Feature.API_CALLS_PER_HOUR,
}
"""Fields of a plan that are features by another name: one value."""
SAME_NAMED = ("name", "description", "feature_details", "trial_days", "currency")


class LimitField(serializers.Field[Any, Any, Any, Any]):
    """A number of calls, or the word "unlimited"."""

    default_error_messages = {"invalid_limit": _('Write a whole number, or "unlimited".')}

    def to_internal_value(self, data: Any) -> int | str:
        """Return the limit as features keep it."""
        if data == UNLIMITED_WORD:
            return UNLIMITED_WORD
        if type(data) is not int or not 0 <= data <= MAX_INT:
            self.fail("invalid_limit")
        return data

    def to_representation(self, value: Any) -> Any:
        """Write it as it is kept."""
        return value


USUAL = (BillingFrequency.MONTHLY, BillingFrequency.YEARLY)
MOST_PRICES = 100


class SaleQuery(InputSerializer):
    """Which plans are wanted."""

    currency = CurrencyField(required=False)


class AdminQuery(InputSerializer):
    """Which of all plans an admin wants to see."""

    subscription_plan_id = IdField(required=False)
    active_only = serializers.BooleanField(required=False, default=False)
    min_price = MoneyField(required=False)
    max_price = MoneyField(required=False)


class TariffInput(InputSerializer):
    """A price beside the monthly and the yearly one."""

    billing_frequency = serializers.ChoiceField(choices=[each.value for each in BillingFrequency])
    amount = MoneyField()
    currency = CurrencyField(required=False, default="")


class PlanChangeInput(InputSerializer):
    """What to change of a plan; what is left out stays."""

    name = serializers.CharField(max_length=255, required=False)
    monthly_price = MoneyField(required=False)
    yearly_price = MoneyField(required=False)
    currency = CurrencyField(required=False)
    description = serializers.CharField(required=False, allow_blank=True)
    feature_details = serializers.CharField(required=False, allow_blank=True)
    max_operations = LimitField(required=False)
    max_api_calls_per_hour = LimitField(required=False)
    features = serializers.DictField(required=False)
    prices = serializers.ListField(child=TariffInput(), required=False, max_length=MOST_PRICES)
    trial_days = serializers.IntegerField(min_value=0, max_value=MAX_TRIAL_DAYS, required=False)


class PlanInput(PlanChangeInput):
    """A new plan."""

    name = serializers.CharField(max_length=255)
    monthly_price = MoneyField()
    yearly_price = MoneyField()


def plan_filter(wanted: Mapping[str, Any]) -> PlanFilter:
    """Turn validated query parameters into a filter."""
    return PlanFilter(
        plan_id=wanted.get("subscription_plan_id"),
        is_active_only=wanted["active_only"],
        min_price=wanted.get("min_price"),
        max_price=wanted.get("max_price"),
    )


def plan_terms(given: Mapping[str, Any]) -> PlanTerms:
    """Turn a validated body into what an admin says of a plan."""
    amounts = zip(USUAL, (given.get("monthly_price"), given.get("yearly_price")), strict=True)
    features = dict(given.get("features", {}))
    for name, path in ALIASES.items():
        if name in given:
            features = with_leaf(features, path, given[name])
    return PlanTerms(
        **{name: given.get(name) for name in SAME_NAMED},
        usual=tuple(
            Tariff(frequency=frequency, amount=amount)
            for frequency, amount in amounts
            if amount is not None
        ),
        others=_tariffs(given["prices"]) if "prices" in given else None,
        features=features,
    )


def changed_data(changed: PlanChanged) -> Data:
    """Return a plan with how many live subscriptions its new prices concern."""
    return {
        **plan_data(changed.plan),
        "affected_subscriptions": changed.affected_subscriptions,
    }


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


def _tariffs(given: Iterable[Mapping[str, Any]]) -> tuple[Tariff, ...]:
    return tuple(
        Tariff(
            frequency=BillingFrequency(each["billing_frequency"]),
            amount=each["amount"],
            currency=each["currency"],
        )
        for each in given
    )


def _text(amount: Money | None) -> str | None:
    return None if amount is None else money_text(amount)
