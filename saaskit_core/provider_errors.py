"""What a provider may raise, and the closed lists of reasons.

ProviderError
├── ProviderConfigurationError   wrong or missing credentials, package not installed
├── InvalidProviderRequest       the provider refuses what we sent
├── PaymentDeclined              the payer's bank or the provider said no (closed reasons)
├── IdempotencyConflict          a key used again with other parameters
├── ProviderObjectNotFound       it does not know that reference
├── InvalidProviderState         not possible in the object's present state
├── ProviderRateLimited          asked too often
├── ProviderUnavailable          no answer or a server error; `outcome` is not_sent or unknown
├── UnsupportedOperation         it can't do that at all
├── WebhookVerificationError     signature, age or endpoint is wrong
├── WebhookPayloadError          signed, but not understandable
└── ReconciliationRequired       what it did differs from what was asked
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from saaskit_core.errors import ErrorKind, SaasKitError

if TYPE_CHECKING:
    from datetime import timedelta


class Outcome(StrEnum):
    """What is known of an operation that raised. Ask about `unknown`, never try it anew."""

    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


class DeclineReason(StrEnum):
    """The closed list of reasons for a declined payment."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED_CARD = "expired_card"
    INCORRECT_CVC = "incorrect_cvc"
    INCORRECT_NUMBER = "incorrect_number"
    AUTHENTICATION_REQUIRED = "authentication_required"
    CARD_NOT_SUPPORTED = "card_not_supported"
    CURRENCY_NOT_SUPPORTED = "currency_not_supported"
    LIMIT_EXCEEDED = "limit_exceeded"
    FRAUD_SUSPECTED = "fraud_suspected"
    LOST_OR_STOLEN = "lost_or_stolen"
    GENERIC_DECLINE = "generic_decline"
    PROCESSING_ERROR = "processing_error"
    PAYER_CANCELED = "payer_canceled"
    UNKNOWN = "unknown"


HARD_DECLINES = frozenset(
    {
        DeclineReason.EXPIRED_CARD,
        DeclineReason.INCORRECT_NUMBER,
        DeclineReason.CARD_NOT_SUPPORTED,
        DeclineReason.FRAUD_SUSPECTED,
        DeclineReason.LOST_OR_STOLEN,
    }
)
"""Declines that no retry with the same method will cure: wait for a new one."""


class Advice(StrEnum):
    RETRY_LATER = "retry_later"
    NEW_METHOD = "new_method"
    AUTHENTICATE = "authenticate"
    CONTACT_ISSUER = "contact_issuer"
    NONE = "none"


class ProviderError(SaasKitError):
    """Base of what a provider may raise. No SDK texts: `provider_code` is enough to look it up."""

    code = "provider_error"
    kind = ErrorKind.UNAVAILABLE
    template = "The payment provider %(provider)s could not do that."
    outcome: Outcome = Outcome.REJECTED
    retryable: ClassVar[bool] = False

    def __init__(
        self, *, provider: str, provider_code: str = "", request_id: str = "", **params: object
    ) -> None:
        """`request_id` is the provider's own, for its support desk."""
        super().__init__(
            provider=provider, provider_code=provider_code, request_id=request_id, **params
        )
        self.provider = provider
        self.provider_code = provider_code
        self.request_id = request_id


class ProviderConfigurationError(ProviderError):
    code = "provider_not_configured"
    template = "The payment provider %(provider)s is not set up correctly: %(problem)s."

    def __init__(self, *, problem: str, **params: str) -> None:
        """`problem` is for the site's operators: name the setting, never its value."""
        super().__init__(problem=problem, **params)


class InvalidProviderRequest(ProviderError):
    code = "provider_refused_request"
    kind = ErrorKind.INVALID
    template = "The payment provider %(provider)s does not accept this request."


class PaymentDeclined(ProviderError):
    """Raised for a definite no. `reason` is one of the closed list; `advice` says what may help."""

    code = "payment_declined"
    kind = ErrorKind.DECLINED
    template = "The payment was declined: %(reason)s."

    def __init__(
        self,
        *,
        reason: DeclineReason,
        advice: Advice = Advice.NONE,
        transaction_id: str = "",
        **params: str,
    ) -> None:
        """`transaction_id` is the provider's reference of the attempt, when it made one."""
        super().__init__(
            reason=DeclineReason(reason).value,
            advice=Advice(advice).value,
            transaction_id=transaction_id,
            **params,
        )
        self.reason = DeclineReason(reason)
        self.advice = Advice(advice)
        self.transaction_id = transaction_id

    @property
    def is_hard(self) -> bool:
        """Whether a retry with the same method is pointless."""
        return self.reason in HARD_DECLINES


class IdempotencyConflict(ProviderError):
    code = "provider_idempotency_conflict"
    kind = ErrorKind.CONFLICT
    template = "The payment provider %(provider)s has seen this key with other parameters."


class ProviderObjectNotFound(ProviderError):
    code = "provider_object_not_found"
    kind = ErrorKind.NOT_FOUND
    template = "The payment provider %(provider)s does not know this reference."


class InvalidProviderState(ProviderError):
    code = "provider_invalid_state"
    kind = ErrorKind.CONFLICT
    template = "The payment provider %(provider)s can't do that in the payment's present state."


class ProviderRateLimited(ProviderError):
    code = "provider_rate_limited"
    template = "The payment provider %(provider)s is busy; try again later."
    outcome = Outcome.NOT_SENT
    retryable = True

    def __init__(self, *, retry_after: timedelta | None = None, **params: str) -> None:
        """`retry_after` is how long the provider asks us to wait."""
        super().__init__(**params)
        self.retry_after = retry_after
        self.params["retry_after"] = retry_after


class ProviderUnavailable(ProviderError):
    """No answer. With `outcome` unknown the money may have moved: ask, never charge again."""

    code = "provider_unavailable"
    template = "The payment provider %(provider)s is not available right now."
    retryable = True

    def __init__(self, *, outcome: Outcome, **params: str) -> None:
        """`outcome` is not_sent when the request surely never left, unknown otherwise."""
        super().__init__(outcome=Outcome(outcome).value, **params)
        self.outcome = Outcome(outcome)


class UnsupportedOperation(ProviderError):
    code = "provider_unsupported"
    kind = ErrorKind.INVALID
    template = "The payment provider %(provider)s can't do %(operation)s."

    def __init__(self, *, operation: str, **params: str) -> None:
        """`operation` is the capability that is missing."""
        super().__init__(operation=operation, **params)


class WebhookVerificationError(ProviderError):
    code = "webhook_not_verified"
    kind = ErrorKind.INVALID
    template = "The webhook's signature does not verify."


class WebhookPayloadError(ProviderError):
    code = "webhook_not_understood"
    kind = ErrorKind.INVALID
    template = "The webhook's content can't be understood."


class ReconciliationRequired(ProviderError):
    code = "reconciliation_required"
    kind = ErrorKind.CONFLICT
    template = "The payment provider %(provider)s did something else than asked: please look."
    outcome = Outcome.UNKNOWN
