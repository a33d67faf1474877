"""What renewals does when something happened elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_django.renewals.services.history import record_renewal

if TYPE_CHECKING:
    from saaskit_django.outbox.messages import Message


def on_renewed(message: Message) -> None:
    """Write the history line of a renewal."""
    record_renewal(reference=str(message.payload["subscription_id"]))


HANDLERS = {
    "subscription.renewed": [on_renewed],
    "subscription.recovered": [on_renewed],
}
