"""The capability Webhooks, and the log of events from which deliveries are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.providers import ProviderEvent, WebhookRequest, WebhookVerificationError
from saaskit_providers.sandbox import books
from saaskit_providers.sandbox.account import SandboxAccount
from saaskit_providers.sandbox.signatures import HEADER, problem_with, sign
from saaskit_providers.sandbox.wire import provider_event

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDelivery:
    """One webhook ready to be posted. Post it again, or in another order, as providers do."""

    sequence: int
    event_id: str
    headers: Mapping[str, str]
    body: bytes


class SandboxWebhooks(SandboxAccount):
    """Sign what happened and verify what comes in."""

    def parse_webhook(self, request: WebhookRequest) -> ProviderEvent:
        """Verify the raw bytes and return the fact.

        Raises WebhookVerificationError, WebhookPayloadError.
        """
        header = request.headers.get(HEADER)
        if not header:
            raise WebhookVerificationError(provider=self.name, provider_code="missing_header")
        problem = problem_with(
            header, body=request.body, secrets=self._secrets(), now=request.received_at
        )
        if problem:
            raise WebhookVerificationError(provider=self.name, provider_code=problem)
        return provider_event(request.body, provider=self.name)

    def signed_deliveries(
        self, *, since: int = 0, signed_at: datetime | None = None
    ) -> tuple[SignedDelivery, ...]:
        """Return the deliveries of all events after the sequence number `since`, freshly signed.

        `signed_at` (default: now) is the signature's instant. The bodies never change.
        """
        secret = self._secrets()[0]
        at = signed_at or self._clock()
        with self._reading() as db:
            logged = books.events_since(db, since)
        return tuple(
            SignedDelivery(
                sequence=event.sequence,
                event_id=event.id,
                headers={
                    "content-type": "application/json",
                    HEADER: sign(event.body, secret=secret, at=at),
                },
                body=event.body,
            )
            for event in logged
        )

    def _secrets(self) -> tuple[str, ...]:
        given = tuple(secret.get_secret_value() for secret in self._settings.webhook_secrets)
        return given or (self._stored_secret(),)
