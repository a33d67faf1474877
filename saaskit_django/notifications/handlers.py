"""Send notifications on their channels once the transaction that made them has committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.notifications import NotificationQueued
from saaskit_django.notifications.services import deliver
from saaskit_django.outbox.reactions import outside_transaction

if TYPE_CHECKING:
    from saaskit_django.outbox.messages import Message


@outside_transaction
def send_on_channel(message: Message) -> None:
    """Send one notification on one channel; the outbox tries again when it failed for now."""
    deliver(delivery_id=message.payload["delivery_id"])


HANDLERS = {NotificationQueued: [send_on_channel]}
