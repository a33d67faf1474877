"""A payment is made once per key, for the exact amount, and only as far as it says."""

from __future__ import annotations

import pickle

import pytest

from saaskit_core.money import Money
from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import (
    IdempotencyConflict,
    InvalidProviderState,
    PaymentResult,
    ProviderObjectNotFound,
)
from saaskit_core.testing.behaviours import require_action
from saaskit_core.testing.contract.harness import (
    THREADS,
    USD,
    ProviderHarness,
    at_once,
    confirmation,
    intent,
    provider_with,
)


class PaymentsContract:
    """The capability Payments."""

    def test_a_charge_is_paid_in_full(self, harness: ProviderHarness) -> None:
        """It says what was asked and received, for whom and under which name."""
        provider = provider_with(harness, "payments")
        paid = provider.create_payment(intent(method_ref=harness.ok_method))
        assert paid.state is PaymentState.SUCCEEDED
        assert (paid.amount, paid.received, paid.refunded) == (USD, USD, Money.zero("USD"))
        assert (paid.reference, paid.provider) == ("payment-1", provider.name)
        assert provider.get_payment(paid.transaction_id) == paid
        assert provider.find_payment("payment-1") == paid

    def test_the_same_key_is_one_charge(self, harness: ProviderHarness) -> None:
        """Also when it comes from another process."""
        request = intent(method_ref=harness.ok_method)
        first = provider_with(harness, "payments").create_payment(request)
        assert harness.provider().create_payment(request) == first

    def test_one_key_at_the_same_time_is_one_charge(self, harness: ProviderHarness) -> None:
        """However many threads send it."""
        provider = provider_with(harness, "payments")
        request = intent(method_ref=harness.ok_method)
        answers = at_once([lambda: provider.create_payment(request)] * THREADS)
        assert {getattr(each, "transaction_id", each) for each in answers} == {
            provider.find_payment("payment-1").transaction_id
        }

    def test_a_key_with_another_amount_is_a_conflict(self, harness: ProviderHarness) -> None:
        """And changes nothing."""
        provider = provider_with(harness, "payments")
        paid = provider.create_payment(intent(method_ref=harness.ok_method))
        other = intent(amount=Money(2000, "USD"), method_ref=harness.ok_method)
        with pytest.raises(IdempotencyConflict):
            provider.create_payment(other)
        assert provider.find_payment("payment-1") == paid

    @pytest.mark.parametrize(
        "amount", [Money(500, "JPY"), Money(1999, "USD"), Money(5124, "KWD"), Money(10_000, "EUR")]
    )
    def test_amounts_come_back_exact(self, harness: ProviderHarness, amount: Money) -> None:
        """Whatever number of decimals the currency has."""
        provider = provider_with(harness, "payments")
        accepted = provider.limits.currencies
        if accepted is not None and amount.currency not in accepted:
            pytest.skip(f"{provider.type_name} does not take {amount.currency}")
        paid = provider.create_payment(intent(amount=amount, method_ref=harness.ok_method))
        assert provider.get_payment(paid.transaction_id).received == amount

    def test_without_a_method_nothing_is_paid(self, harness: ProviderHarness) -> None:
        """It is accepted, and the payer is told what to do."""
        registered = provider_with(harness, "payments").create_payment(intent())
        assert registered.state is PaymentState.REQUIRES_ACTION
        assert registered.next_action is not None
        assert registered.accepted
        assert registered.received == Money.zero("USD")

    def test_confirming_charges_once(self, harness: ProviderHarness) -> None:
        """The same key again gives the same answer; another one is refused."""
        provider = provider_with(harness, "payments")
        registered = provider.create_payment(intent())
        request = confirmation(registered, method=harness.ok_method)
        paid = provider.confirm_payment(request)
        assert (paid.state, paid.received) == (PaymentState.SUCCEEDED, USD)
        assert paid.transaction_id == registered.transaction_id
        assert provider.confirm_payment(request) == paid
        with pytest.raises(InvalidProviderState):
            provider.confirm_payment(confirmation(registered, method=harness.ok_method, attempt=2))
        assert provider.get_payment(paid.transaction_id) == paid

    def test_a_needed_authentication_is_a_state(self, harness: ProviderHarness) -> None:
        """Nothing is paid before it."""
        provider = provider_with(harness, "payments")
        harness.script(require_action())
        waiting = provider.create_payment(intent(method_ref=harness.ok_method))
        assert waiting.state is PaymentState.REQUIRES_ACTION
        assert waiting.next_action is not None
        assert waiting.received == Money.zero("USD")

    def test_an_unpaid_payment_can_be_cancelled(self, harness: ProviderHarness) -> None:
        """Once and for all."""
        provider = provider_with(harness, "payments")
        registered = provider.create_payment(intent())
        given_up = provider.cancel_payment(registered.transaction_id, idempotency_key="cancel:1")
        assert given_up.state is PaymentState.CANCELLED
        again = provider.cancel_payment(registered.transaction_id, idempotency_key="cancel:1")
        assert again == given_up
        with pytest.raises(InvalidProviderState):
            provider.confirm_payment(confirmation(registered, method=harness.ok_method))

    def test_a_paid_payment_can_not_be_cancelled(self, harness: ProviderHarness) -> None:
        """Money goes back by a refund only."""
        provider = provider_with(harness, "payments")
        paid = provider.create_payment(intent(method_ref=harness.ok_method))
        with pytest.raises(InvalidProviderState):
            provider.cancel_payment(paid.transaction_id, idempotency_key="cancel:1")
        assert provider.get_payment(paid.transaction_id) == paid

    def test_what_it_does_not_know(self, harness: ProviderHarness) -> None:
        """An unknown id is an error, an unknown reference an answer."""
        provider = provider_with(harness, "payments")
        with pytest.raises(ProviderObjectNotFound):
            provider.get_payment("no-such-payment")
        assert provider.find_payment("no-such-reference") is None

    def test_results_travel_between_processes(self, harness: ProviderHarness) -> None:
        """They pickle, and come back equal."""
        paid = provider_with(harness, "payments").create_payment(
            intent(method_ref=harness.ok_method)
        )
        returned: PaymentResult = pickle.loads(pickle.dumps(paid))  # noqa: S301
        assert returned == paid
