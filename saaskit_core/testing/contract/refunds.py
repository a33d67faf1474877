"""Refunds go back once per key and never add up to more than came in."""

from __future__ import annotations

import pytest

from saaskit_core.money import Money
from saaskit_core.providers import (
    IdempotencyConflict,
    InvalidProviderState,
    Outcome,
    PaymentResult,
    ProviderError,
    ProviderObjectNotFound,
    ProviderUnavailable,
    RefundRequest,
    RefundState,
)
from saaskit_core.testing.behaviours import Operation, time_out_after
from saaskit_core.testing.contract.harness import (
    THREADS,
    USD,
    ProviderHarness,
    at_once,
    intent,
    provider_with,
    refund_of,
)


class RefundsContract:
    """The capability Refunds."""

    @pytest.fixture
    def paid(self, harness: ProviderHarness) -> PaymentResult:
        """One payment of 19.99 USD."""
        provider = provider_with(harness, "refunds")
        result: PaymentResult = provider.create_payment(intent(method_ref=harness.ok_method))
        return result

    def test_parts_add_up_to_the_whole(self, harness: ProviderHarness, paid: PaymentResult) -> None:
        """And each one can be looked up."""
        provider = harness.provider()
        first = provider.refund(refund_of(paid, 999, number=1))
        second = provider.refund(refund_of(paid, 1000, number=2))
        assert first.state in {RefundState.SUCCEEDED, RefundState.PENDING}
        assert provider.get_refund(first.refund_id) == first
        assert provider.find_refund("refund-2") == second
        assert provider.get_payment(paid.transaction_id).refunded == USD

    def test_more_than_was_received_is_refused(
        self, harness: ProviderHarness, paid: PaymentResult
    ) -> None:
        """At once or by parts; what was given back before stays as it was."""
        provider = harness.provider()
        with pytest.raises(InvalidProviderState):
            provider.refund(refund_of(paid, 2000, number=1))
        provider.refund(refund_of(paid, 1000, number=2))
        with pytest.raises(InvalidProviderState):
            provider.refund(refund_of(paid, 1000, number=3))
        assert provider.get_payment(paid.transaction_id).refunded == Money(1000, "USD")

    def test_the_same_key_is_one_refund(
        self, harness: ProviderHarness, paid: PaymentResult
    ) -> None:
        """And the same key with another amount is a conflict."""
        provider = harness.provider()
        first = provider.refund(refund_of(paid, 500))
        assert harness.provider().refund(refund_of(paid, 500)) == first
        with pytest.raises(IdempotencyConflict):
            provider.refund(refund_of(paid, 501))
        assert provider.get_payment(paid.transaction_id).refunded == Money(500, "USD")

    def test_at_the_same_time_only_one_fits(
        self, harness: ProviderHarness, paid: PaymentResult
    ) -> None:
        """Of many refunds of sixty percent exactly one is made."""
        provider = harness.provider()
        calls = [
            lambda number=number: provider.refund(refund_of(paid, 1200, number=number))
            for number in range(THREADS)
        ]
        refused = [each for each in at_once(calls) if isinstance(each, InvalidProviderState)]
        assert len(refused) == THREADS - 1
        assert provider.get_payment(paid.transaction_id).refunded == Money(1200, "USD")

    def test_another_currency_is_refused(
        self, harness: ProviderHarness, paid: PaymentResult
    ) -> None:
        """Nothing is ever converted."""
        request = RefundRequest(
            idempotency_key="contract:refund:1:1",
            reference="refund-1",
            transaction_id=paid.transaction_id,
            amount=Money(100, "EUR"),
        )
        with pytest.raises(ProviderError) as raised:
            harness.provider().refund(request)
        assert raised.value.outcome is Outcome.REJECTED

    def test_an_unpaid_payment_has_nothing_to_refund(self, harness: ProviderHarness) -> None:
        """Registered is not paid."""
        provider = provider_with(harness, "refunds")
        registered = provider.create_payment(intent())
        with pytest.raises(InvalidProviderState):
            provider.refund(refund_of(registered, 1))

    def test_a_lost_answer_can_be_found(
        self, harness: ProviderHarness, paid: PaymentResult
    ) -> None:
        """The refund was made: asking finds it, and the same key doesn't make another."""
        provider = harness.provider()
        harness.script(time_out_after(), operation=Operation.REFUND)
        with pytest.raises(ProviderUnavailable) as raised:
            provider.refund(refund_of(paid, 500))
        assert raised.value.outcome is Outcome.UNKNOWN
        found = provider.find_refund("refund-1")
        assert found.amount == Money(500, "USD")
        assert provider.refund(refund_of(paid, 500)).refund_id == found.refund_id
        assert provider.get_payment(paid.transaction_id).refunded == Money(500, "USD")

    def test_what_it_does_not_know_of_refunds(self, harness: ProviderHarness) -> None:
        """An unknown id is an error, an unknown reference an answer."""
        provider = provider_with(harness, "refunds")
        with pytest.raises(ProviderObjectNotFound):
            provider.get_refund("no-such-refund")
        assert provider.find_refund("no-such-reference") is None
