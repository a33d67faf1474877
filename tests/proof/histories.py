"""Purchases that only the provider knows the outcome of, each with a history of its own."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_core.providers import ConfirmRequest, RefundRequest
from saaskit_django import clock
from saaskit_django.billing.models import Invoice
from saaskit_django.billing.selectors import ledger_sum
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.customers.models import Customer
from saaskit_django.payments.models import Payment, WebhookEvent
from saaskit_django.subscriptions.models import Subscription, SubscriptionTransition
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import make_customer, make_plan

Step = Callable[[], object]


@dataclass
class Shop:
    """Buyers, and what is going to happen to their payments at the provider, step by step."""

    sandbox: SandboxProvider
    buyers: int
    open: list[Iterator[Step]] = field(default_factory=list)

    def __post_init__(self) -> None:
        plan = make_plan("pro", "30.00")
        for number in range(self.buyers):
            customer = make_customer(f"buyer{number}@example.com")
            purchase = Purchase(user=customer.user, plan=plan, frequency=BillingFrequency.MONTHLY)
            payment = intend_purchase(customer, purchase, now=clock.now()).payment
            assert payment is not None
            self.open.append(self._history(number, payment))

    def go_on(self, rng: random.Random) -> bool:
        """Take one step in each history, in an order drawn by lot; tell whether there was one."""
        rng.shuffle(self.open)
        before, self.open = self.open, []
        for history in before:
            step = next(history, None)
            if step is not None:
                step()
                self.open.append(history)
        return bool(self.open)

    def _history(self, number: int, payment: Payment) -> Iterator[Step]:
        """The payer tries a few times, it is paid or fails, and then some of it may go back."""
        for attempt in range(2 + number % 5):
            yield partial(self._confirm, payment, "pm_card_requires_action", attempt)
        yield partial(self._confirm, payment, "pm_card_processing", 99)
        if number % 5 == 4:
            yield partial(self.sandbox.reject, payment.provider_ref)
            return
        yield partial(self.sandbox.approve, payment.provider_ref)
        for part in range(2 if number % 2 else 0):
            yield partial(self._give_back, payment, part)

    def _confirm(self, payment: Payment, method: str, attempt: int) -> None:
        self.sandbox.confirm_payment(
            ConfirmRequest(
                idempotency_key=f"browser:{payment.pk}:{attempt}",
                transaction_id=payment.provider_ref,
                method_ref=method,
            )
        )

    def _give_back(self, payment: Payment, part: int) -> None:
        """Refund at the provider's own page: we have no row for it, and hear of it all the same."""
        self.sandbox.refund(
            RefundRequest(
                idempotency_key=f"page:{payment.pk}:{part}",
                reference=f"page-{payment.pk}-{part}",
                transaction_id=payment.provider_ref,
                amount=Money(500 + part, "USD"),
                reason="",
            )
        )


def differences(sandbox: SandboxProvider) -> list[str]:
    """Name every payment that stands here otherwise than at the provider."""
    here = {row.provider_ref: _told(row.to_core()) for row in Payment.objects.all()}
    return [
        f"{result.transaction_id}: {here.get(result.transaction_id)} instead of {_told(result)}"
        for result in sandbox.payments()
        if here.get(result.transaction_id) != _told(result)
    ]


def _told(payment: Any) -> tuple[object, ...]:
    return (payment.state, payment.received, payment.refunded)


def state() -> dict[str, Any]:
    """Say what the rows say, without the names and instants that differ from run to run."""
    return {
        "payments": _rows(
            Payment,
            "customer__email",
            "state",
            "amount_minor",
            "received_minor",
            "refunded_minor",
            "refunding_minor",
            "failure_reason",
        ),
        "subscriptions": _rows(Subscription, "customer__email", "status", "renewal_count"),
        "steps": _rows(
            SubscriptionTransition,
            "subscription__customer__email",
            "sequence",
            "event",
            "to_status",
        ),
        "invoices": _rows(Invoice, "customer__email", "status", "total_minor", "kind"),
        "numbers": sorted(Invoice.objects.exclude(number=None).values_list("number", flat=True)),
        "inbox": _rows(WebhookEvent, "kind", "status", "error", "version"),
        "parked": Customer.objects.exclude(parked_at=None).count(),
        "ledger": str(ledger_sum()),
    }


def fingerprint(found: dict[str, Any]) -> str:
    """Return the SHA-256 of a state, shortened."""
    text = json.dumps(found, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _rows(model: Any, *names: str) -> list[tuple[Any, ...]]:
    return sorted(model.objects.values_list(*names))
