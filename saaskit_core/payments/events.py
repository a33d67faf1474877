"""What became of a payment, for everybody who wants to react."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from saaskit_core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentEvent(Event):
    """Base: names the payment and its amounts in minor units."""

    topic: ClassVar[str] = "payment"

    payment_id: str
    customer_id: str
    invoice_id: str
    provider: str
    currency: str
    amount_minor: int
    received_minor: int
    refunded_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSucceeded(PaymentEvent):
    topic: ClassVar[str] = "payment.succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailed(PaymentEvent):
    topic: ClassVar[str] = "payment.failed"

    reason: str
    is_hard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCancelled(PaymentEvent):
    topic: ClassVar[str] = "payment.cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentActionRequired(PaymentEvent):
    topic: ClassVar[str] = "payment.action_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRefunded(PaymentEvent):
    topic: ClassVar[str] = "payment.refunded"

    refund_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDisputed(PaymentEvent):
    topic: ClassVar[str] = "payment.disputed"

    is_disputed: bool
