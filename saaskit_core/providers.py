"""The one file a provider author reads: what a payment provider is, and what it is asked.

A provider is a class with a `settings_model` (pydantic) and any of the capability Protocols below;
what it implements is what it can do. It is built as `Class(settings, name=alias)`. Every write
carries an `idempotency_key`: the same key again means the same operation, never a second one. A
refusal is raised as a `ProviderError` subclass (provider_errors.py, all importable from here);
`outcome` says whether money may have moved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from saaskit_core.notifiers import (
    Channel,
    DeliveryFailure,
    DeliveryResult,
    DeliveryState,
    Message,
    Notifier,
)
from saaskit_core.payment_states import PaymentState
from saaskit_core.provider_errors import (
    HARD_DECLINES,
    Advice,
    DeclineReason,
    IdempotencyConflict,
    InvalidProviderRequest,
    InvalidProviderState,
    Outcome,
    PaymentDeclined,
    ProviderConfigurationError,
    ProviderError,
    ProviderObjectNotFound,
    ProviderRateLimited,
    ProviderUnavailable,
    ReconciliationRequired,
    UnsupportedOperation,
    WebhookPayloadError,
    WebhookVerificationError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pydantic import BaseModel

    from saaskit_core.money import Money
from saaskit_core.provider_requests import (
    ConfirmRequest,
    IntentRequest,
    NextAction,
    NextActionKind,
    RefundRequest,
    SavedChargeRequest,
)

__all__ = [
    "CAPABILITIES",
    "HARD_DECLINES",
    "Advice",
    "Channel",
    "ConfirmRequest",
    "DeclineReason",
    "DeliveryFailure",
    "DeliveryResult",
    "DeliveryState",
    "EventKind",
    "IdempotencyConflict",
    "IntentRequest",
    "InvalidProviderRequest",
    "InvalidProviderState",
    "Limits",
    "Message",
    "NextAction",
    "NextActionKind",
    "Notifier",
    "Outcome",
    "PaymentDeclined",
    "PaymentProvider",
    "PaymentResult",
    "Payments",
    "ProviderConfigurationError",
    "ProviderError",
    "ProviderEvent",
    "ProviderObjectNotFound",
    "ProviderRateLimited",
    "ProviderUnavailable",
    "ReconciliationRequired",
    "RefundRequest",
    "RefundResult",
    "RefundState",
    "Refunds",
    "SavedChargeRequest",
    "SavedMethod",
    "SavedMethods",
    "UnsupportedOperation",
    "WebhookPayloadError",
    "WebhookRequest",
    "WebhookVerificationError",
    "Webhooks",
    "capabilities",
    "methods_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentResult:
    """What the provider says of a payment now.

    `state` is one of our payment states; `amount` is what was asked, `received` what was captured,
    `refunded` what went back. A payment is paid only in state succeeded; `accepted` merely says
    that the provider took the request.
    """

    provider: str
    transaction_id: str
    reference: str
    state: PaymentState
    amount: Money
    received: Money
    refunded: Money
    occurred_at: datetime
    version: int = 0
    next_action: NextAction | None = None
    decline: DeclineReason | None = None
    customer_ref: str = ""
    method_ref: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the provider took it: not failed and not cancelled."""
        return self.state not in (PaymentState.FAILED, PaymentState.CANCELLED)


class RefundState(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundResult:
    provider: str
    refund_id: str
    transaction_id: str
    reference: str
    state: RefundState
    amount: Money
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedMethod:
    """A payment method kept by the provider for later charges; never card data."""

    method_ref: str
    customer_ref: str
    kind: str = "card"
    brand: str = ""
    last4: str = ""
    expires: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """A delivery exactly as it came: lower-cased header names, raw bytes, when it was received."""

    headers: Mapping[str, str]
    body: bytes
    url: str
    received_at: datetime


class EventKind(StrEnum):
    """The closed set of facts a provider can report."""

    PAYMENT_CHANGED = "payment.changed"
    REFUND_CHANGED = "refund.changed"
    DISPUTE_CHANGED = "dispute.changed"
    SUBSCRIPTION_CHANGED = "subscription.changed"
    SUBSCRIPTION_CHARGED = "subscription.charged"
    SUBSCRIPTION_CHARGE_FAILED = "subscription.charge_failed"
    METHOD_CHANGED = "method.changed"
    PURCHASE_CHANGED = "purchase.changed"
    TRANSFER_RECEIVED = "transfer.received"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """One verified delivery: which fact about which object. It carries no orders.

    `version` grows with the object at the provider; `payment` or `refund` hold the state the
    delivery itself carried, when it carried one. `endpoint` names the account at the provider that
    it is of, when one alias hears from several: an `event_id` is unique within it.
    """

    event_id: str
    kind: EventKind
    provider_type: str
    object_ref: str
    occurred_at: datetime
    livemode: bool
    reference: str = ""
    version: int = 0
    payment: PaymentResult | None = None
    refund: RefundResult | None = None
    endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a provider accepts: None is any currency; `minimum` per currency in minor units."""

    currencies: frozenset[str] | None = None
    minimum: Mapping[str, int] = field(default_factory=dict)


class PaymentProvider(Protocol):
    """What every payment provider has. `name` is the alias it was configured under."""

    type_name: ClassVar[str]
    display_name: ClassVar[str]
    settings_model: ClassVar[type[BaseModel]]
    is_production_ready: ClassVar[bool]
    limits: Limits

    def __init__(self, settings: Any, *, name: str) -> None:
        """Keep an instance of `settings_model` and the alias; touch neither network nor disk."""
        ...

    @property
    def name(self) -> str:
        """Return the alias this instance was configured under."""
        ...

    def check_configuration(self) -> None:
        """Ask the provider whether the credentials work.

        Raises ProviderConfigurationError or ProviderUnavailable.
        """
        ...


@runtime_checkable
class Payments(Protocol):
    """Charge a payer who is present."""

    def create_payment(self, request: IntentRequest) -> PaymentResult:
        """Register the payment; with a `method_ref` also try to charge it. Raises ProviderError."""
        ...

    def confirm_payment(self, request: ConfirmRequest) -> PaymentResult:
        """Charge a registered payment with a method. Raises PaymentDeclined and others."""
        ...

    def get_payment(self, transaction_id: str) -> PaymentResult:
        """Return what the provider says now. Raises ProviderObjectNotFound."""
        ...

    def find_payment(self, reference: str) -> PaymentResult | None:
        """Return the payment made for our `reference`, or None. Settles an unknown outcome."""
        ...

    def cancel_payment(self, transaction_id: str, *, idempotency_key: str) -> PaymentResult:
        """Give up a payment that isn't paid. Raises InvalidProviderState when it is."""
        ...


@runtime_checkable
class Refunds(Protocol):
    """Give money back."""

    def refund(self, request: RefundRequest) -> RefundResult:
        """Return part or all of a payment. Raises InvalidProviderState over what was received."""
        ...

    def get_refund(self, refund_id: str) -> RefundResult:
        """Return what the provider says of a refund now."""
        ...

    def find_refund(self, reference: str) -> RefundResult | None:
        """Return the refund made for our `reference`, or None."""
        ...


@runtime_checkable
class SavedMethods(Protocol):
    """Keep a payment method and charge it while the payer is away."""

    def ensure_customer(self, *, reference: str, email: str, idempotency_key: str) -> str:
        """Return the provider's id for our customer `reference`, made on first need."""
        ...

    def save_method(
        self, *, customer_ref: str, method_ref: str, idempotency_key: str
    ) -> SavedMethod:
        """Attach a method the payer's browser made. Raises PaymentDeclined."""
        ...

    def charge_saved(self, request: SavedChargeRequest) -> PaymentResult:
        """Charge a saved method. A needed authentication is a state, not an error."""
        ...

    def detach_method(self, *, method_ref: str, idempotency_key: str) -> None:
        """Forget a method."""
        ...


@runtime_checkable
class Webhooks(Protocol):
    """Report facts by signed deliveries."""

    def parse_webhook(self, request: WebhookRequest) -> ProviderEvent:
        """Verify the raw bytes and return the fact.

        Raises WebhookVerificationError, WebhookPayloadError.
        """
        ...


CAPABILITIES: dict[str, type] = {
    "payments": Payments,
    "refunds": Refunds,
    "saved_methods": SavedMethods,
    "webhooks": Webhooks,
}
"""Capability name → the Protocol that is its proof."""


def capabilities(provider: object) -> tuple[str, ...]:
    """Return the names of the capabilities that `provider` (an instance or a class) implements."""
    return tuple(name for name, protocol in CAPABILITIES.items() if _implements(provider, protocol))


def methods_of(protocol: type) -> tuple[str, ...]:
    """Return the names of the methods that a capability Protocol asks for."""
    return tuple(
        name
        for name, value in vars(protocol).items()
        if not name.startswith("_") and callable(value)
    )


def _implements(provider: object, protocol: type) -> bool:
    return all(callable(getattr(provider, name, None)) for name in methods_of(protocol))
