"""What a suite needs to drive a provider: a fresh account, a script, its signed webhooks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from saaskit_core.money import Money
from saaskit_core.providers import (
    ConfirmRequest,
    IntentRequest,
    PaymentProvider,
    PaymentResult,
    RefundRequest,
    WebhookRequest,
    capabilities,
)
from saaskit_core.testing.behaviours import Behaviour, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from saaskit_core.notifiers import Notifier

USD = Money(1999, "USD")
THREADS = 8


class ProviderHarness(ABC):
    """One fresh account at one provider (or at a fake of it) for the length of a test."""

    provider_class: ClassVar[type[PaymentProvider]]
    ok_method: ClassVar[str]
    """A method, as the payer's browser would make one, with which every charge works."""

    @abstractmethod
    def settings(self) -> Mapping[str, object]:
        """Return settings that work, for this account."""

    @abstractmethod
    def provider(self) -> Any:
        """Return a new instance for this account: two calls are two processes of one site."""

    @abstractmethod
    def secrets(self) -> Collection[str]:
        """Return the texts within the settings that nobody may see."""

    @abstractmethod
    def script(self, behaviour: Behaviour, *, operation: Operation = Operation.CHARGE) -> None:
        """Let the next operation of the account go as told."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the instant at which webhooks arrive."""

    @abstractmethod
    def sign(
        self, body: bytes, *, at: datetime | None = None, with_wrong_key: bool = False
    ) -> WebhookRequest:
        """Return a delivery of `body`, signed at an instant (default: now)."""

    @abstractmethod
    def webhook_bodies(self) -> Sequence[bytes]:
        """Return what the account would deliver for everything that happened so far, in order."""


class NotifierHarness(ABC):
    """One notifier and a way to see what it sent."""

    @abstractmethod
    def settings(self) -> Mapping[str, object]:
        """Return settings that work."""

    @abstractmethod
    def notifier(self) -> Notifier:
        """Return a new instance."""

    @abstractmethod
    def sent(self) -> str:
        """Return all that was sent so far, as text."""

    @abstractmethod
    def break_down(self) -> None:
        """Make every later attempt to send fail for a passing reason."""


def provider_with(harness: ProviderHarness, capability: str) -> Any:
    """Return an instance, or skip the test for a provider without the capability."""
    if capability not in capabilities(harness.provider_class):
        pytest.skip(f"{harness.provider_class.type_name} does not claim {capability}")
    return harness.provider()


def intent(number: int = 1, *, amount: Money = USD, **more: Any) -> IntentRequest:
    """Return the request for our payment no. `number`."""
    return IntentRequest(
        idempotency_key=f"contract:create:{number}:1",
        reference=f"payment-{number}",
        amount=amount,
        **more,
    )


def confirmation(paid: PaymentResult, *, method: str, attempt: int = 1) -> ConfirmRequest:
    """Return the request to charge a registered payment with a method."""
    return ConfirmRequest(
        idempotency_key=f"contract:confirm:{paid.reference}:{attempt}",
        transaction_id=paid.transaction_id,
        method_ref=method,
    )


def refund_of(paid: PaymentResult, minor: int, *, number: int = 1) -> RefundRequest:
    """Return the request for our refund no. `number`."""
    return RefundRequest(
        idempotency_key=f"contract:refund:{number}:1",
        reference=f"refund-{number}",
        transaction_id=paid.transaction_id,
        amount=Money(minor, paid.amount.currency),
    )


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the calls in threads at the same time; what one raises stands in for its result."""

    def attempt(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as exc:  # noqa: BLE001 (the test looks at it)
            return exc

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(attempt, calls))
