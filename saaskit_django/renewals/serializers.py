"""What requests about periodic work contain, and how they are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework import serializers

from saaskit_django.rest.fields import instant_text
from saaskit_django.rest.serializers import InputSerializer

if TYPE_CHECKING:
    from saaskit_django.renewals.services.sweep import Swept

LONGEST_DAYS = 800


class AdvanceInput(InputSerializer):
    """How far to move a customer's test clock."""

    days = serializers.IntegerField(min_value=0, max_value=LONGEST_DAYS)
    seconds = serializers.IntegerField(min_value=0, max_value=86_399, required=False, default=0)


def swept_data(swept: Swept) -> dict[str, object]:
    """Render what a sweep did."""
    return {
        "subscriptions_renewed": swept.renewed,
        "subscriptions_expired": swept.expired,
        "failed": swept.failed,
        "processed_at": instant_text(swept.processed_at),
        "errors": swept.errors,
    }
