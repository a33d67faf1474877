"""How a subscription's history and the invoices to come are asked for and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework import serializers

from saaskit_django.billing.serializers import draft_data
from saaskit_django.checkout.forecasts import MOST
from saaskit_django.checkout.serializers.lifecycle import GroupInput
from saaskit_django.rest.fields import instant_text
from saaskit_django.subscriptions.serializers import optional_instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from saaskit_core.billing.previews import UpcomingInvoice
    from saaskit_django.subscriptions.history import History, Line
    from saaskit_django.subscriptions.models import Subscription


class HistoryQuery(GroupInput):
    """Whose history."""


class UpcomingQuery(GroupInput):
    """How many invoices of which subscription."""

    count = serializers.IntegerField(min_value=1, max_value=MOST, required=False, default=12)


def line_data(line: Line) -> dict[str, object]:
    """Render one line of a history."""
    row = line.transition
    return {
        "sequence": row.sequence,
        "at": instant_text(row.occurred_at),
        "event": row.event,
        "text": line.text,
        "from_status": row.from_status or None,
        "to_status": row.to_status,
        "reason": row.reason or None,
        "actor": row.actor,
    }


def reasons_data(row: Subscription | None, history: History) -> dict[str, object]:
    """Render why the customer gets in or doesn't, as far as the log says it."""
    found = history.explanation
    return {
        "subscription_id": row.pk if row is not None else None,
        "has_access": found.access.is_open if found else None,
        "access_until": optional_instant(found.access.until) if found else None,
        "why": found.why if found else None,
        "remedy": (found.remedy or None) if found else None,
    }


def upcoming_data(row: Subscription | None, coming: Iterable[UpcomingInvoice]) -> dict[str, object]:
    """Render the invoices to come, soonest first."""
    return {
        "subscription_id": row.pk if row is not None else None,
        "invoices": [
            {
                "due_at": instant_text(each.due_at),
                "kind": each.kind.value,
                **draft_data(each.draft),
            }
            for each in coming
        ],
    }
