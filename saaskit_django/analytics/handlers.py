"""What analytics does when something happened to a subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.subscriptions.events import SubscriptionEvent
from saaskit_django.analytics.services import record_revenue

if TYPE_CHECKING:
    from saaskit_django.outbox.messages import Message


def follow_revenue(message: Message) -> None:
    """Note what the subscription brings from now on."""
    event = message.event()
    if isinstance(event, SubscriptionEvent):
        record_revenue(event)


HANDLERS = {"subscription.*": [follow_revenue]}
