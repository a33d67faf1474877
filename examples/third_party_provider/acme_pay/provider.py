"""The provider: two capabilities, so that is what it can do."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from acme_pay.client import Client
from acme_pay.wire import payment_result
from saaskit_core.errors import SaasKitError
from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import (
    ConfirmRequest,
    EventKind,
    IntentRequest,
    Limits,
    PaymentDeclined,
    PaymentResult,
    ProviderEvent,
    WebhookPayloadError,
    WebhookRequest,
    WebhookVerificationError,
)

HEADER = "acme-signature"
TOLERANCE_SECONDS = 300


class AcmeSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: SecretStr
    webhook_secret: SecretStr = Field(min_length=16)
    base_url: str = Field(default="https://api.acme.example", pattern="^https?://")


class AcmePay:
    type_name: ClassVar[str] = "acme_pay"
    display_name: ClassVar[str] = "Acme Pay"
    settings_model: ClassVar[type[AcmeSettings]] = AcmeSettings
    is_production_ready: ClassVar[bool] = True

    def __init__(self, settings: AcmeSettings, *, name: str) -> None:
        self.limits = Limits()
        self._name = name
        self._secret = settings.webhook_secret
        self._client = Client(
            provider=name,
            base_url=settings.base_url,
            api_key=settings.api_key.get_secret_value(),
        )

    @property
    def name(self) -> str:
        return self._name

    def check_configuration(self) -> None:
        self._client.get("account")

    def create_payment(self, request: IntentRequest) -> PaymentResult:
        body = {
            "order": request.reference,
            "amount": f"{request.amount.decimal:f}",
            "currency": request.amount.currency,
            "text": request.description,
            "card": request.method_ref,
        }
        return self._answer(self._client.post("charges", body, key=request.idempotency_key))

    def confirm_payment(self, request: ConfirmRequest) -> PaymentResult:
        path = f"charges/{request.transaction_id}/pay"
        body = {"card": request.method_ref}
        return self._answer(self._client.post(path, body, key=request.idempotency_key))

    def get_payment(self, transaction_id: str) -> PaymentResult:
        return self._result(self._client.get(f"charges/{transaction_id}"))

    def find_payment(self, reference: str) -> PaymentResult | None:
        found = self._client.get("charges", order=reference)["charges"]
        return self._result(found[-1]) if found else None

    def cancel_payment(self, transaction_id: str, *, idempotency_key: str) -> PaymentResult:
        path = f"charges/{transaction_id}/void"
        return self._result(self._client.post(path, {}, key=idempotency_key))

    def parse_webhook(self, request: WebhookRequest) -> ProviderEvent:
        self._verify(request)
        try:
            note = json.loads(request.body)
            payment = self._result(note["charge"])
            event_id = str(note["id"])
        except (ValueError, KeyError, TypeError, SaasKitError):
            raise WebhookPayloadError(provider=self._name) from None
        return ProviderEvent(
            event_id=event_id,
            kind=EventKind.PAYMENT_CHANGED,
            provider_type=self.type_name,
            object_ref=payment.transaction_id,
            occurred_at=payment.occurred_at,
            livemode=False,
            reference=payment.reference,
            version=payment.version,
            payment=payment,
        )

    def _verify(self, request: WebhookRequest) -> None:
        stamp, _, given = request.headers.get(HEADER, "").partition(":")
        if not (stamp.isascii() and stamp.isdigit() and given.isascii()):
            raise WebhookVerificationError(provider=self._name)
        secret = self._secret.get_secret_value()
        expected = signature(request.body, secret=secret, stamp=stamp)
        age = abs(request.received_at.timestamp() - int(stamp))
        if not hmac.compare_digest(expected, given) or age > TOLERANCE_SECONDS:
            raise WebhookVerificationError(provider=self._name)

    def _answer(self, charge: dict[str, Any]) -> PaymentResult:
        result = self._result(charge)
        if result.state is PaymentState.FAILED and result.decline is not None:
            raise PaymentDeclined(
                provider=self._name,
                provider_code=charge["refusal"],
                reason=result.decline,
                transaction_id=result.transaction_id,
            )
        return result

    def _result(self, charge: dict[str, Any]) -> PaymentResult:
        return payment_result(charge, provider=self._name)


def signature(body: bytes, *, secret: str, stamp: str) -> str:
    """Acme signs "stamp.body" with HMAC-SHA256, in hex."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
