"""A saved method belongs to one customer and is charged while he is away."""

from __future__ import annotations

import pytest

from saaskit_core.money import Money
from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import (
    DeclineReason,
    IdempotencyConflict,
    Outcome,
    PaymentDeclined,
    ProviderError,
    ProviderUnavailable,
    SavedChargeRequest,
    SavedMethod,
)
from saaskit_core.testing.behaviours import decline, require_action, time_out_after
from saaskit_core.testing.contract.harness import USD, ProviderHarness, provider_with


class SavedMethodsContract:
    """The capability SavedMethods."""

    @pytest.fixture
    def saved(self, harness: ProviderHarness) -> SavedMethod:
        """A customer with one saved method."""
        provider = provider_with(harness, "saved_methods")
        customer = _customer(provider, 1)
        method: SavedMethod = provider.save_method(
            customer_ref=customer, method_ref=harness.ok_method, idempotency_key="save:1"
        )
        return method

    def test_a_customer_is_made_once(self, harness: ProviderHarness) -> None:
        """Whatever the key: the reference is ours and unique."""
        provider = provider_with(harness, "saved_methods")
        first = _customer(provider, 1)
        assert first
        assert _customer(provider, 1) == first
        again = provider.ensure_customer(
            reference="customer-1", email="1@example.com", idempotency_key="customer:1:2"
        )
        assert again == first
        assert _customer(provider, 2) != first

    def test_saving_twice_with_one_key_saves_once(
        self, harness: ProviderHarness, saved: SavedMethod
    ) -> None:
        """The method comes back the same."""
        again = harness.provider().save_method(
            customer_ref=saved.customer_ref, method_ref=harness.ok_method, idempotency_key="save:1"
        )
        assert again == saved

    def test_it_is_charged_while_the_payer_is_away(
        self, harness: ProviderHarness, saved: SavedMethod
    ) -> None:
        """Once per key, and never with another amount."""
        provider = harness.provider()
        paid = provider.charge_saved(_charge(saved))
        assert (paid.state, paid.received) == (PaymentState.SUCCEEDED, USD)
        assert provider.charge_saved(_charge(saved)) == paid
        with pytest.raises(IdempotencyConflict):
            provider.charge_saved(_charge(saved, amount=Money(1, "USD")))

    def test_a_declined_renewal(self, harness: ProviderHarness, saved: SavedMethod) -> None:
        """The reason is a closed one, and the payment can be found."""
        provider = harness.provider()
        harness.script(decline(DeclineReason.INSUFFICIENT_FUNDS))
        with pytest.raises(PaymentDeclined) as raised:
            provider.charge_saved(_charge(saved))
        assert raised.value.reason is DeclineReason.INSUFFICIENT_FUNDS
        assert provider.find_payment("renewal-1").state is PaymentState.FAILED

    def test_a_renewal_that_needs_the_payer(
        self, harness: ProviderHarness, saved: SavedMethod
    ) -> None:
        """A needed authentication is a state, not an error."""
        harness.script(require_action())
        waiting = harness.provider().charge_saved(_charge(saved))
        assert waiting.state is PaymentState.REQUIRES_ACTION

    def test_a_renewal_whose_answer_is_lost(
        self, harness: ProviderHarness, saved: SavedMethod
    ) -> None:
        """The charge was made: asking finds it, and the same key doesn't make another."""
        provider = harness.provider()
        harness.script(time_out_after())
        with pytest.raises(ProviderUnavailable) as raised:
            provider.charge_saved(_charge(saved))
        assert raised.value.outcome is Outcome.UNKNOWN
        found = provider.find_payment("renewal-1")
        assert provider.charge_saved(_charge(saved)).transaction_id == found.transaction_id

    def test_nobody_pays_with_anothers_method(
        self, harness: ProviderHarness, saved: SavedMethod
    ) -> None:
        """And nothing is charged."""
        provider = harness.provider()
        stranger = _customer(provider, 2)
        with pytest.raises(ProviderError) as raised:
            provider.charge_saved(_charge(saved, customer_ref=stranger))
        assert raised.value.outcome is Outcome.REJECTED
        assert provider.find_payment("renewal-1") is None

    def test_a_forgotten_method_is_not_charged(
        self, harness: ProviderHarness, saved: SavedMethod
    ) -> None:
        """Forgetting it twice with one key is no error."""
        provider = harness.provider()
        for _ in range(2):
            provider.detach_method(method_ref=saved.method_ref, idempotency_key="detach:1")
        with pytest.raises(ProviderError):
            provider.charge_saved(_charge(saved))
        assert provider.find_payment("renewal-1") is None


def _customer(provider: object, number: int) -> str:
    ensured: str = provider.ensure_customer(  # type: ignore[attr-defined]
        reference=f"customer-{number}",
        email=f"{number}@example.com",
        idempotency_key=f"customer:{number}:1",
    )
    return ensured


def _charge(
    saved: SavedMethod, *, amount: Money = USD, customer_ref: str | None = None
) -> SavedChargeRequest:
    return SavedChargeRequest(
        idempotency_key="contract:renewal:1:1",
        reference="renewal-1",
        amount=amount,
        customer_ref=customer_ref or saved.customer_ref,
        method_ref=saved.method_ref,
    )
