"""What people are told: the kinds of notifications, and the event that one is to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from saaskit_core.errors import SaasKitError
from saaskit_core.events import Event


class InvalidKind(SaasKitError):
    code = "invalid_notification_kind"
    template = "The notification kind %(name)s is not possible: %(problem)s."


class NotificationType(StrEnum):
    """The contract's exact wire values."""

    EXPIRY = "Expiry"
    RENEWAL = "Renewal"
    SYSTEM = "System"


class NotificationChannel(StrEnum):
    """Every way to a user: what a notifier sends, and what the product itself shows."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    IN_APP = "in_app"
    WEBSOCKET = "websocket"

    @property
    def is_in_product(self) -> bool:
        """Whether it waits in the product: it needs no address and disturbs nobody."""
        return self in (NotificationChannel.IN_APP, NotificationChannel.WEBSOCKET)


Channels = frozenset[NotificationChannel]
_DEFAULT = frozenset({NotificationChannel.IN_APP, NotificationChannel.EMAIL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of notification: what a user's preferences are about.

    On `mandatory_on` it can't be switched off: the law or safety wants it told. What is urgent
    waits neither for the morning nor for a digest.
    """

    name: str
    type: NotificationType = NotificationType.SYSTEM
    channels: Channels = _DEFAULT
    mandatory_on: Channels = frozenset()
    is_urgent: bool = False

    def __post_init__(self) -> None:
        """Refuse a kind that is mandatory where it isn't sent."""
        if not self.mandatory_on <= self.channels:
            problem = "it is mandatory on a channel that it isn't sent on"
            raise InvalidKind(name=self.name[:64], problem=problem)

    @property
    def is_mandatory(self) -> bool:
        """Whether it always reaches the user somewhere."""
        return bool(self.mandatory_on)


SECURITY = Kind(name="security", mandatory_on=_DEFAULT, is_urgent=True)
BILLING = Kind(name="billing", type=NotificationType.RENEWAL, mandatory_on=_DEFAULT)
EXPIRY = Kind(name="expiry", type=NotificationType.EXPIRY)
REMINDER = Kind(name="reminder", channels=_DEFAULT | {NotificationChannel.PUSH}, is_urgent=True)
SYSTEM = Kind(name="system")
KINDS = {kind.name: kind for kind in (SECURITY, BILLING, EXPIRY, REMINDER, SYSTEM)}
"""The kinds of our own, by name; a host has more of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationQueued(Event):
    """A notification is to be sent on one more channel than the in-product list."""

    topic: ClassVar[str] = "notification.queued"

    delivery_id: int
    channel: str
