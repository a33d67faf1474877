"""What the sandbox keeps, in its own words: payments, refunds, customers, methods, events."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class PaymentWord(StrEnum):
    """The sandbox's payment statuses."""

    REQUIRES_METHOD = "requires_payment_method"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class RefundWord(StrEnum):
    """The sandbox's refund statuses."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Record(BaseModel):
    """Something with an id that is kept as JSON."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    kind: ClassVar[str]

    id: str
    reference: str = ""


class PaymentRecord(Record):
    """A payment; amounts are minor units, and `version` counts its changes."""

    kind: ClassVar[str] = "payment"

    amount: int
    currency: str
    status: PaymentWord
    received: int = 0
    refunded: int = 0
    version: int = 1
    customer: str = ""
    method: str = ""
    token: str = ""
    decline_reason: str = ""
    save_method: bool = False
    created: datetime
    updated: datetime


class RefundRecord(Record):
    """A refund of a payment."""

    kind: ClassVar[str] = "refund"

    payment: str
    amount: int
    currency: str
    status: RefundWord
    version: int = 1
    created: datetime
    updated: datetime


class CustomerRecord(Record):
    """A customer; `reference` is the caller's own."""

    kind: ClassVar[str] = "customer"

    email: str = ""


class MethodRecord(Record):
    """A saved method: `token` says how it behaves, `reference` is the customer's id."""

    kind: ClassVar[str] = "method"

    token: str
    is_detached: bool = False


class EventRecord(BaseModel):
    """The body of a delivery. What it holds of the object is read according to `type`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: str
    type: str
    created: datetime
    livemode: bool
    data: dict[str, Any]
