"""Limits on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework import serializers

from saaskit_django.rest.fields import instant_text
from saaskit_django.rest.serializers import InputSerializer

if TYPE_CHECKING:
    from saaskit_core.limits import PolicyState
    from saaskit_django.limits.selectors import Usage

API_LIMIT = "api_limit"
OPERATION_LIMIT = "operation_limit"
ALL = "all"
Data = dict[str, object]


class LimitsQuery(InputSerializer):
    """Which limits are wanted."""

    check_type = serializers.ChoiceField(choices=[API_LIMIT, OPERATION_LIMIT, ALL], default=ALL)


def limits_data(usage: Usage, *, check_type: str = ALL) -> Data:
    """Return where the limits stand; null stands for no limit."""
    found = {
        API_LIMIT: limit_data(usage.calls, can="can_make_call", most="max_calls_per_hour"),
        OPERATION_LIMIT: limit_data(
            usage.operations, can="can_perform_operation", most="max_operations"
        ),
    }
    return {name: data for name, data in found.items() if check_type in (ALL, name)}


def limit_data(state: PolicyState | None, *, can: str, most: str) -> Data:
    """Return where one limit stands."""
    if state is None:
        return {can: True, most: None, "current_usage": None, "remaining": None, "resets_at": None}
    return {
        can: state.remaining > 0,
        most: state.policy.quota,
        "current_usage": state.used,
        "remaining": state.remaining,
        "resets_at": instant_text(state.resets_at),
    }
