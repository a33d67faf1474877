"""What requests of customers contain, and how they are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from rest_framework import serializers

from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_core.subscriptions.policies import ChangeTiming
from saaskit_django.billing.serializers import draft_data
from saaskit_django.checkout.selectors import Health
from saaskit_django.features.serializers import entitlements_data
from saaskit_django.limits.serializers import limits_data
from saaskit_django.payments.serializers import PAYMENT_METHODS, intent_data, payment_data
from saaskit_django.plans.serializers import plan_data
from saaskit_django.rest.fields import CurrencyField, IdField, MoneyField, instant_text, money_text
from saaskit_django.rest.serializers import InputSerializer
from saaskit_django.subscriptions.serializers import optional_instant, subscription_data

if TYPE_CHECKING:
    from saaskit_core.coupons import Discount
    from saaskit_django.checkout.selectors import Option, SubscriptionHealth
    from saaskit_django.checkout.services.change_plan import Changed
    from saaskit_django.checkout.services.create_intent import Intent
    from saaskit_django.coupons.models import Coupon, CouponUsage
    from saaskit_django.features.selectors import Entitlements
    from saaskit_django.limits.selectors import Usage
    from saaskit_django.plans.models import Price
    from saaskit_django.subscriptions.models import Subscription

FREQUENCIES = [frequency.value for frequency in BillingFrequency]


class CodeField(serializers.CharField):
    """A code that people type; leaving it out or empty means none."""

    def __init__(self) -> None:
        """Take none of the usual arguments: it is the same everywhere."""
        super().__init__(max_length=64, required=False, allow_blank=True, default="")


class IntentInput(InputSerializer):
    """What to pay for: a plan or an open invoice. Only an admin names an amount."""

    subscription_plan_id = IdField(required=False)
    invoice_id = IdField(required=False)
    billing_frequency = serializers.ChoiceField(choices=FREQUENCIES, required=False)
    currency = CurrencyField(required=False)
    provider = serializers.CharField(max_length=64, required=False)
    coupon_code = CodeField()
    referral_code = CodeField()
    payment_method = serializers.ChoiceField(choices=PAYMENT_METHODS, required=False, default="")
    description = serializers.CharField(max_length=255, required=False, default="")
    return_url = serializers.URLField(max_length=2000, required=False, default="")
    amount = MoneyField(required=False)


class PlanIntentInput(InputSerializer):
    """Which plan to pay for."""

    subscription_plan_id = IdField()
    billing_frequency = serializers.ChoiceField(choices=FREQUENCIES, required=False)
    currency = CurrencyField(required=False)
    coupon_code = CodeField()


class ChangeInput(InputSerializer):
    """What to change the subscription to."""

    plan_id = IdField()
    billing_frequency = serializers.ChoiceField(choices=FREQUENCIES, required=False)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False)
    coupon_code = CodeField()
    policy = serializers.ChoiceField(choices=[each.value for each in ChangeTiming], required=False)
    preview = serializers.BooleanField(required=False, default=False)


class PlansQuery(InputSerializer):
    """Which plans to compare with."""

    include_current = serializers.BooleanField(required=False, default=True)
    currency = CurrencyField(required=False)


class ValidateInput(InputSerializer):
    """Which coupon, for which plan."""

    code = serializers.CharField(max_length=1000)
    plan_id = IdField(required=False)
    billing_frequency = serializers.ChoiceField(choices=FREQUENCIES, required=False)


class ApplyInput(InputSerializer):
    """Which coupon to hold, for which purchase."""

    code = serializers.CharField(max_length=1000)
    subscription_plan_id = IdField()
    billing_frequency = serializers.ChoiceField(choices=FREQUENCIES, required=False)


def made_intent_data(intent: Intent) -> dict[str, object]:
    """Render a create-intent; without a payment nothing had to be paid."""
    if intent.payment is not None:
        return {**intent_data(intent.payment), "invoice_id": intent.payment.invoice_id}
    nothing = Money.zero(intent.currency)
    return {
        "success": True,
        "transaction_id": None,
        "status": "Completed",
        "amount": money_text(nothing),
        "currency": nothing.currency,
        "provider": None,
        "message": _("Nothing has to be paid now."),
        "failure_reason": None,
        "client_secret": None,
        "redirect_url": None,
        "instructions": None,
        "next_action": None,
        "invoice_id": intent.invoice.pk if intent.invoice else None,
    }


def changed_data(changed: Changed, *, plan_id: int, plan_name: str) -> dict[str, object]:
    """Render a change, previewed or done."""
    quote = changed.quote
    return {
        "change": {
            "change_type": quote.change_type.value,
            "policy": quote.timing.value,
            "current_plan": {"id": changed.previous_plan.pk, "name": changed.previous_plan.name},
            "new_plan": {"id": plan_id, "name": plan_name},
            "proration": draft_data(quote.invoice),
            "amount_due": money_text(quote.invoice.amount_due),
            "currency": quote.invoice.currency,
            "effective_at": instant_text(quote.effective_at),
            "resets_cycle": quote.resets_cycle,
        },
        "payment": payment_data(changed.payment) if changed.payment else None,
    }


def health_data(found: SubscriptionHealth) -> dict[str, object]:
    """Render how a subscription is doing."""
    row, coming = found.subscription, found.next_invoice
    return {
        "subscription_status": found.health.value,
        "is_active": found.health in (Health.ACTIVE, Health.EXPIRING_SOON),
        "plan_name": row.subscription_plan.name if row else None,
        "billing_frequency": row.price.frequency if row else None,
        "start_date": instant_text(row.start_date) if row else None,
        "end_date": optional_instant(row.end_date) if row else None,
        "days_until_renewal": found.days_until_renewal,
        "next_renewal_date": instant_text(coming.due_at) if coming else None,
        "renewal_amount": money_text(coming.draft.amount_due) if coming else None,
        "currency": coming.draft.currency if coming else (row.price.currency if row else None),
        "requires_payment": found.requires_payment,
    }


def option_data(option: Option) -> dict[str, object]:
    """Render a plan one could change to."""
    return {
        **plan_data(option.plan),
        "is_current_plan": option.is_current,
        "change_type": option.change.value,
        "price_difference": money_text(option.difference)
        if option.difference is not None
        else None,
        "is_valid_change": option.is_valid,
    }


def usable_data(coupon: Coupon, discount: Discount, price: Price) -> dict[str, object]:
    """Render what a coupon would take off."""
    minimum = coupon.to_core().minimums.get(price.currency)
    return {
        "valid": True,
        "code": coupon.code,
        "discount_type": coupon.discount_type,
        "percent": f"{coupon.percent.normalize():f}" if coupon.percent is not None else None,
        "amount": None if coupon.percent is not None else money_text(discount.amount),
        "currency": price.currency,
        "min_purchase_amount": money_text(Money(minimum, price.currency)) if minimum else None,
        "discounted_price": money_text(price.amount - discount.amount),
    }


def unusable_data(code: str) -> dict[str, object]:
    """Render the one answer for every coupon that can't be used, whatever the reason."""
    return {
        "valid": False,
        "code": code,
        "discount_type": None,
        "percent": None,
        "amount": None,
        "currency": None,
        "min_purchase_amount": None,
        "discounted_price": None,
        "detail": _("This coupon can't be used."),
    }


def held_data(usage: CouponUsage) -> dict[str, object]:
    """Render a use that is held for a purchase to come."""
    return {
        "original_amount": money_text(usage.original_amount),
        "discount_applied": money_text(usage.discount_applied),
        "final_amount": money_text(usage.final_amount),
        "currency": usage.currency,
        "coupon_code": usage.coupon.code,
        "reservation_id": usage.pk,
        "expires_at": optional_instant(usage.expires_at),
    }


def overview_data(row: Subscription | None, found: Entitlements, usage: Usage) -> dict[str, object]:
    """Render what a customer has; without a subscription the default plan's features count."""
    return {
        "subscription": subscription_data(row) if row else None,
        **entitlements_data(found),
        "usage": _usage(usage),
    }


def stats_data(row: Subscription | None, found: Entitlements, usage: Usage) -> dict[str, object]:
    """Render a subscription in figures."""
    limits = limits_data(usage)
    return {
        "subscription": subscription_data(row) if row else None,
        "api_limits": limits["api_limit"],
        "operation_limits": limits["operation_limit"],
        "features_available": found.features.document(),
        "usage": _usage(usage),
    }


def _usage(usage: Usage) -> dict[str, object]:
    states = (usage.calls, usage.operations, usage.operations_per_month)
    return {
        state.policy.name: {"used": state.used, "limit": state.policy.quota}
        for state in states
        if state is not None
    }
