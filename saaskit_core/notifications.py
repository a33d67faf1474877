"""What people are told: the kinds of notifications, and the event that one is to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from saaskit_core.events import Event


class NotificationType(StrEnum):
    """The contract's exact wire values."""

    EXPIRY = "Expiry"
    RENEWAL = "Renewal"
    SYSTEM = "System"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationQueued(Event):
    """A notification is to be sent on one more channel than the in-product list."""

    topic: ClassVar[str] = "notification.queued"

    delivery_id: int
    channel: str
