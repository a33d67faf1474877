"""A notifier sends what it is given, and a failure is an answer, never an exception."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from saaskit_core.notifiers import Channel, DeliveryFailure, DeliveryState, Message
from saaskit_core.provider_errors import ProviderConfigurationError
from saaskit_core.provider_setup import build, notifier_problem

if TYPE_CHECKING:
    from saaskit_core.testing.contract.harness import NotifierHarness

ADDRESSES = {
    Channel.EMAIL: "ada@example.com",
    Channel.SMS: "+4915112345678",
    Channel.PUSH: "push-token-1",
}
SENT = frozenset({DeliveryState.SENT, DeliveryState.QUEUED})


class NotifierContract:
    """Everything a notifier promises. Subclass it and give a `harness` fixture."""

    def test_a_plugin_may_register_it(self, harness: NotifierHarness) -> None:
        """The loader finds nothing to complain about."""
        assert notifier_problem(type(harness.notifier())) == ""

    def test_a_misspelt_setting_is_refused_by_name(self, harness: NotifierHarness) -> None:
        """Nothing is silently left out."""
        settings = {**harness.settings(), "surely_not_a_setting": 1}
        with pytest.raises(ProviderConfigurationError, match="surely_not_a_setting"):
            build(type(harness.notifier()), name="contract", settings=settings)

    @pytest.mark.parametrize("channel", list(Channel))
    def test_a_message_goes_out_on_each_channel(
        self, harness: NotifierHarness, channel: Channel
    ) -> None:
        """With its address and its text, whatever the alphabet."""
        notifier = harness.notifier()
        if channel not in notifier.channels:
            pytest.skip(f"{notifier.type_name} has no {channel}")
        result = notifier.send(_message(channel))
        assert result.state in SENT
        assert result.provider_message_id
        assert result.failure is None
        assert ADDRESSES[channel] in harness.sent()
        assert "Grüße 你好" in harness.sent()

    def test_no_address_is_a_permanent_failure(self, harness: NotifierHarness) -> None:
        """And says to forget the address."""
        notifier = harness.notifier()
        message = dataclasses.replace(_message(_any_channel(harness)), address="")
        result = notifier.send(message)
        assert (result.state, result.failure) == (DeliveryState.FAILED, DeliveryFailure.PERMANENT)
        assert result.forget_address

    def test_a_breakdown_is_an_answer(self, harness: NotifierHarness) -> None:
        """It may be tried again later."""
        notifier = harness.notifier()
        harness.break_down()
        result = notifier.send(_message(_any_channel(harness)))
        assert (result.state, result.failure) == (DeliveryState.FAILED, DeliveryFailure.RETRYABLE)
        assert not result.forget_address

    def test_a_line_break_in_the_subject_harms_nobody(self, harness: NotifierHarness) -> None:
        """No header can be smuggled in, and nothing is raised."""
        message = dataclasses.replace(
            _message(_any_channel(harness)), subject="Hello\r\nBcc: eve@example.com"
        )
        harness.notifier().send(message)
        assert "\nBcc: eve@example.com" not in harness.sent()


def _any_channel(harness: NotifierHarness) -> Channel:
    return min(harness.notifier().channels)


def _message(channel: Channel) -> Message:
    return Message(
        idempotency_key=f"contract:{channel}:1",
        channel=channel,
        address=ADDRESSES[channel],
        subject="Your invoice",
        text="Grüße 你好",
        html="<p>Grüße 你好</p>",
    )
