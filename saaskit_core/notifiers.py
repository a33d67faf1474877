"""What a notifier is: it sends one message on one channel and says what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from pydantic import BaseModel


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message on one channel.

    `address` is what the channel needs: an e-mail address, an E.164 number, a push token.
    """

    idempotency_key: str
    channel: Channel
    address: str
    subject: str
    text: str
    html: str = ""
    language: str = "en"


class DeliveryState(StrEnum):
    SENT = "sent"
    QUEUED = "queued"
    FAILED = "failed"


class DeliveryFailure(StrEnum):
    PERMANENT = "permanent"
    RETRYABLE = "retryable"
    CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """What became of a message. `forget_address` tells that it will never work again."""

    state: DeliveryState
    provider_message_id: str = ""
    failure: DeliveryFailure | None = None
    forget_address: bool = False


class Notifier(Protocol):
    """Sends messages on one or more channels."""

    type_name: ClassVar[str]
    settings_model: ClassVar[type[BaseModel]]
    is_production_ready: ClassVar[bool]
    channels: ClassVar[frozenset[Channel]]

    def __init__(self, settings: Any, *, name: str) -> None:
        """Keep an instance of `settings_model` and the alias; touch neither network nor disk."""
        ...

    @property
    def name(self) -> str:
        """Return the alias this instance was configured under."""
        ...

    def send(self, message: Message) -> DeliveryResult:
        """Send one message; a failure is a result, never an exception."""
        ...
