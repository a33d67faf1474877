"""What a customer asks of his subscription beside another plan, and how it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from saaskit_core.subscriptions.facts import CancelWhen
from saaskit_core.subscriptions.terms import MAX_QUANTITY
from saaskit_django.checkout.serializers.purchases import CodeField
from saaskit_django.payments.serializers import payment_data
from saaskit_django.rest.fields import InstantField
from saaskit_django.rest.serializers import InputSerializer
from saaskit_django.subscriptions.serializers import subscription_data

if TYPE_CHECKING:
    from saaskit_django.checkout.services.lifecycle import Moved


class GroupInput(InputSerializer):
    """Which of the customer's subscriptions: he has one per product group."""

    group = serializers.SlugField(max_length=64, required=False, default="main")


class CancelInput(GroupInput):
    """When to end; `at` is given when it is to be on a date, and only then."""

    when = serializers.ChoiceField(
        choices=[each.value for each in CancelWhen],
        required=False,
        default=CancelWhen.PERIOD_END.value,
    )
    at = InstantField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a date without `when`, and the other way round."""
        if (attrs["when"] == CancelWhen.AT) != ("at" in attrs):
            raise serializers.ValidationError({"at": _("Give `at` together with `when`: at.")})
        return attrs


class PauseInput(GroupInput):
    """From when to when: by default from the end of the paid period until somebody resumes."""

    starts_at = InstantField(required=False)
    resumes_at = InstantField(required=False)


class QuantityInput(GroupInput):
    """How many of it; `preview` only says what that would come to."""

    quantity = serializers.IntegerField(min_value=1, max_value=MAX_QUANTITY)
    coupon_code = CodeField()
    preview = serializers.BooleanField(required=False, default=False)


def moved_data(moved: Moved) -> dict[str, object]:
    """Render where a subscription stands after something was asked of it."""
    return {
        "subscription": subscription_data(moved.subscription),
        "payment": payment_data(moved.payment) if moved.payment else None,
    }
