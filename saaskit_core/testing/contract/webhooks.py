"""A webhook counts only when it is genuine, fresh and whole, and always means the same."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import (
    EventKind,
    ProviderEvent,
    WebhookPayloadError,
    WebhookRequest,
    WebhookVerificationError,
)
from saaskit_core.testing.contract.harness import (
    USD,
    ProviderHarness,
    confirmation,
    intent,
    provider_with,
)

OLD = timedelta(hours=1)


class WebhooksContract:
    """The capability Webhooks."""

    @pytest.fixture
    def body(self, harness: ProviderHarness) -> bytes:
        """What is delivered last after a payment was registered and then paid."""
        provider = provider_with(harness, "webhooks")
        registered = provider.create_payment(intent())
        provider.confirm_payment(confirmation(registered, method=harness.ok_method))
        return harness.webhook_bodies()[-1]

    def test_a_genuine_delivery_is_a_fact(self, harness: ProviderHarness, body: bytes) -> None:
        """It names our payment and carries the state it was sent with."""
        event = harness.provider().parse_webhook(harness.sign(body))
        assert event.kind is EventKind.PAYMENT_CHANGED
        assert event.reference == "payment-1"
        assert event.provider_type == harness.provider_class.type_name
        assert event.livemode is False
        assert event.event_id
        assert event.occurred_at.tzinfo is not None
        if event.payment is not None:
            assert (event.payment.state, event.payment.received) == (PaymentState.SUCCEEDED, USD)

    def test_delivered_twice_it_is_the_same_fact(
        self, harness: ProviderHarness, body: bytes
    ) -> None:
        """Also when it was signed anew."""
        provider = harness.provider()
        later = harness.now() - timedelta(seconds=5)
        first = provider.parse_webhook(harness.sign(body))
        assert provider.parse_webhook(harness.sign(body, at=later)) == first

    @pytest.mark.usefixtures("body")
    def test_versions_tell_the_order(self, harness: ProviderHarness) -> None:
        """Of two facts about one payment, the later one has the higher version."""
        provider = harness.provider()
        events: list[ProviderEvent] = [
            provider.parse_webhook(harness.sign(each)) for each in harness.webhook_bodies()
        ]
        about = [event for event in events if event.kind is EventKind.PAYMENT_CHANGED]
        versions = [event.version for event in about]
        assert versions == sorted(set(versions))
        assert len({event.event_id for event in events}) == len(events)

    def test_one_changed_byte_is_refused(self, harness: ProviderHarness, body: bytes) -> None:
        """Wherever it is."""
        genuine = harness.sign(body)
        for place in (0, len(body) // 2, len(body) - 1):
            changed = bytearray(body)
            changed[place] ^= 1
            with pytest.raises(WebhookVerificationError):
                harness.provider().parse_webhook(dataclasses.replace(genuine, body=bytes(changed)))

    def test_another_key_is_refused(self, harness: ProviderHarness, body: bytes) -> None:
        """A signature of somebody else."""
        with pytest.raises(WebhookVerificationError):
            harness.provider().parse_webhook(harness.sign(body, with_wrong_key=True))

    @pytest.mark.parametrize("away", [-OLD, OLD], ids=["stale", "from the future"])
    def test_only_fresh_deliveries_count(
        self, harness: ProviderHarness, body: bytes, away: timedelta
    ) -> None:
        """An old one may be a replay, a future one comes from a wrong clock or from nowhere."""
        with pytest.raises(WebhookVerificationError):
            harness.provider().parse_webhook(harness.sign(body, at=harness.now() + away))

    @pytest.mark.parametrize("spoil", ["", "garbage", "t=1", "v1=00", "t=x,v1=00", "\u00e9"])
    def test_without_a_proper_signature_it_is_refused(
        self, harness: ProviderHarness, body: bytes, spoil: str
    ) -> None:
        """Every header but the content type is spoiled, then all are missing."""
        genuine = harness.sign(body)
        spoiled = {name: spoil for name in genuine.headers if name != "content-type"}
        for headers in (spoiled, {}):
            with pytest.raises(WebhookVerificationError):
                harness.provider().parse_webhook(dataclasses.replace(genuine, headers=headers))

    @pytest.mark.parametrize("nonsense", [b"", b"[]", b"null", b"{", b'{"id": 1}', b"\xff\xfe"])
    @pytest.mark.usefixtures("body")
    def test_signed_nonsense_is_refused(self, harness: ProviderHarness, nonsense: bytes) -> None:
        """By its name, not by whatever the parser would raise."""
        with pytest.raises((WebhookPayloadError, WebhookVerificationError)):
            harness.provider().parse_webhook(harness.sign(nonsense))

    def test_it_needs_no_more_than_the_delivery(
        self, harness: ProviderHarness, body: bytes
    ) -> None:
        """Another process that has seen nothing reads the same fact."""
        genuine: WebhookRequest = harness.sign(body)
        first = harness.provider().parse_webhook(genuine)
        assert harness.provider().parse_webhook(genuine) == first
