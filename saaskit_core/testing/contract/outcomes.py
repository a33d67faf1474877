"""When it goes wrong: a no is definite, and an unknown outcome can be found out."""

from __future__ import annotations

import pickle

import pytest

from saaskit_core.money import Money
from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import (
    DeclineReason,
    Outcome,
    PaymentDeclined,
    ProviderRateLimited,
    ProviderUnavailable,
)
from saaskit_core.testing.behaviours import (
    decline,
    rate_limit,
    time_out_after,
    time_out_before,
    unreachable,
)
from saaskit_core.testing.contract.harness import USD, ProviderHarness, intent, provider_with


class OutcomesContract:
    """Declines, timeouts, refusals."""

    @pytest.mark.parametrize(
        "reason",
        [
            DeclineReason.INSUFFICIENT_FUNDS,
            DeclineReason.EXPIRED_CARD,
            DeclineReason.GENERIC_DECLINE,
        ],
    )
    def test_a_decline_has_a_closed_reason(
        self, harness: ProviderHarness, reason: DeclineReason
    ) -> None:
        """It is an error that pickles, the same for the same key, and nothing was received."""
        provider = provider_with(harness, "payments")
        harness.script(decline(reason))
        request = intent(method_ref=harness.ok_method)
        for _ in range(2):
            with pytest.raises(PaymentDeclined) as raised:
                provider.create_payment(request)
            assert raised.value.reason is reason
            assert raised.value.outcome is Outcome.REJECTED
            assert pickle.loads(pickle.dumps(raised.value)).reason is reason  # noqa: S301
        failed = provider.find_payment("payment-1")
        assert (failed.state, failed.decline) == (PaymentState.FAILED, reason)
        assert failed.received == Money.zero("USD")
        assert not failed.accepted

    def test_a_new_attempt_after_a_decline_is_a_new_charge(self, harness: ProviderHarness) -> None:
        """It has a key of its own."""
        provider = provider_with(harness, "payments")
        harness.script(decline())
        with pytest.raises(PaymentDeclined):
            provider.create_payment(intent(1, method_ref=harness.ok_method))
        paid = provider.create_payment(intent(2, method_ref=harness.ok_method))
        assert paid.state is PaymentState.SUCCEEDED

    def test_a_lost_answer_is_unknown_and_can_be_found(self, harness: ProviderHarness) -> None:
        """The charge was made: asking finds it, and the same key doesn't make another."""
        provider = provider_with(harness, "payments")
        harness.script(time_out_after())
        request = intent(method_ref=harness.ok_method)
        with pytest.raises(ProviderUnavailable) as raised:
            provider.create_payment(request)
        assert raised.value.outcome is Outcome.UNKNOWN
        found = provider.find_payment("payment-1")
        assert (found.state, found.received) == (PaymentState.SUCCEEDED, USD)
        assert provider.create_payment(request).transaction_id == found.transaction_id

    def test_a_lost_request_is_unknown_and_can_be_sent_again(
        self, harness: ProviderHarness
    ) -> None:
        """Nothing was charged: asking says so, and the same key then makes the one charge."""
        provider = provider_with(harness, "payments")
        harness.script(time_out_before())
        request = intent(method_ref=harness.ok_method)
        with pytest.raises(ProviderUnavailable) as raised:
            provider.create_payment(request)
        assert raised.value.outcome is Outcome.UNKNOWN
        assert provider.find_payment("payment-1") is None
        assert provider.create_payment(request).state is PaymentState.SUCCEEDED

    def test_what_was_never_sent_is_known_to_be(self, harness: ProviderHarness) -> None:
        """A refused connection has charged nothing."""
        provider = provider_with(harness, "payments")
        harness.script(unreachable())
        with pytest.raises(ProviderUnavailable) as raised:
            provider.create_payment(intent(method_ref=harness.ok_method))
        assert raised.value.outcome is Outcome.NOT_SENT
        assert raised.value.retryable
        assert provider.find_payment("payment-1") is None

    def test_too_many_requests_may_be_sent_again(self, harness: ProviderHarness) -> None:
        """Nothing was charged."""
        provider = provider_with(harness, "payments")
        harness.script(rate_limit())
        with pytest.raises(ProviderRateLimited) as raised:
            provider.create_payment(intent(method_ref=harness.ok_method))
        assert raised.value.outcome is Outcome.NOT_SENT
        assert raised.value.retryable
        assert provider.find_payment("payment-1") is None
