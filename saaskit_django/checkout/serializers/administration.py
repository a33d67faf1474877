"""What an admin's requests about subscriptions contain, and how they are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from saaskit_core.periods import BillingFrequency
from saaskit_core.plans import MAX_TRIAL_DAYS
from saaskit_core.subscriptions.states import SubscriptionStatus
from saaskit_django.payments.serializers import payment_data
from saaskit_django.rest.fields import IdField, InstantField, UserIdField
from saaskit_django.rest.serializers import InputSerializer
from saaskit_django.subscriptions.serializers import subscription_data

if TYPE_CHECKING:
    from saaskit_django.checkout.services.administer import Administered

FREQUENCIES = [frequency.value for frequency in BillingFrequency]
STATUSES = [status.value for status in SubscriptionStatus]


class SubscriptionsQuery(InputSerializer):
    """Which of all subscriptions an admin wants to see."""

    user_id = UserIdField(required=False)
    subscription_plan_id = IdField(required=False)
    subscription_id = IdField(required=False)
    payment_id = IdField(required=False)
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    billing_frequency = serializers.ChoiceField(choices=FREQUENCIES, required=False)
    auto_renew = serializers.BooleanField(required=False)
    expiring_soon = serializers.BooleanField(required=False)


class AdminSubscriptionInput(InputSerializer):
    """A subscription for somebody: a user, or the customer he acts for."""

    user_id = UserIdField(required=False)
    customer_id = IdField(required=False)
    subscription_plan_id = IdField()
    billing_frequency = serializers.ChoiceField(choices=FREQUENCIES)
    start_date = InstantField(required=False)
    auto_renew = serializers.BooleanField(required=False, default=True)
    trial_days = serializers.IntegerField(min_value=0, max_value=MAX_TRIAL_DAYS, required=False)
    charge = serializers.BooleanField(required=False, default=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for exactly one of the two ways to name the customer."""
        if ("user_id" in attrs) == ("customer_id" in attrs):
            problem = ErrorDetail(_("Name either the user or the customer."), code="required")
            raise ValidationError({"user_id": [problem]})
        return attrs


class AdminSubscriptionUpdate(InputSerializer):
    """What to change of a subscription; what is left out stays. `end_date` extends it."""

    billing_frequency = serializers.ChoiceField(choices=FREQUENCIES, required=False)
    auto_renew = serializers.BooleanField(required=False)
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    subscription_plan_id = IdField(required=False)
    end_date = InstantField(required=False)
    note = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)


def administered_data(done: Administered) -> dict[str, object]:
    """Render a subscription, with the payment that was made for it."""
    return {
        **subscription_data(done.subscription),
        "payment": payment_data(done.payment) if done.payment else None,
    }
