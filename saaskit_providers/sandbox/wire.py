"""The sandbox's words and ours."""

from __future__ import annotations

from typing import assert_never

from pydantic import SecretStr

from saaskit_core.money import InvalidAmount, Money, UnknownCurrency
from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import (
    DeclineReason,
    EventKind,
    NextAction,
    NextActionKind,
    PaymentResult,
    ProviderEvent,
    RefundResult,
    RefundState,
    SavedMethod,
    WebhookPayloadError,
)
from saaskit_providers.sandbox.records import (
    EventRecord,
    MethodRecord,
    PaymentRecord,
    PaymentWord,
    RefundRecord,
    RefundWord,
)

TYPE_NAME = "sandbox"

_PAYMENT_STATES = {
    PaymentWord.REQUIRES_METHOD: PaymentState.REQUIRES_ACTION,
    PaymentWord.REQUIRES_ACTION: PaymentState.REQUIRES_ACTION,
    PaymentWord.PROCESSING: PaymentState.PROCESSING,
    PaymentWord.SUCCEEDED: PaymentState.SUCCEEDED,
    PaymentWord.FAILED: PaymentState.FAILED,
    PaymentWord.CANCELED: PaymentState.CANCELLED,
}

_REFUND_STATES = {
    RefundWord.PENDING: RefundState.PENDING,
    RefundWord.SUCCEEDED: RefundState.SUCCEEDED,
    RefundWord.FAILED: RefundState.FAILED,
}


def payment_result(record: PaymentRecord, *, provider: str) -> PaymentResult:
    """Say what a payment record means."""
    return PaymentResult(
        provider=provider,
        transaction_id=record.id,
        reference=record.reference,
        state=_PAYMENT_STATES[record.status],
        amount=Money(record.amount, record.currency),
        received=Money(record.received, record.currency),
        refunded=Money(record.refunded, record.currency),
        occurred_at=record.updated,
        version=record.version,
        next_action=_next_action(record),
        decline=DeclineReason(record.decline_reason) if record.decline_reason else None,
        customer_ref=record.customer,
        method_ref=record.method,
    )


def refund_result(record: RefundRecord, *, provider: str) -> RefundResult:
    """Say what a refund record means."""
    return RefundResult(
        provider=provider,
        refund_id=record.id,
        transaction_id=record.payment,
        reference=record.reference,
        state=_REFUND_STATES[record.status],
        amount=Money(record.amount, record.currency),
        occurred_at=record.updated,
    )


def saved_method(record: MethodRecord) -> SavedMethod:
    """Say what a saved method looks like: every test card ends in 4242."""
    return SavedMethod(
        method_ref=record.id,
        customer_ref=record.reference,
        brand="sandbox",
        last4="4242",
        expires="2099-12",
    )


def provider_event(body: bytes, *, provider: str) -> ProviderEvent:
    """Read a verified delivery; a type that isn't known is ignored. Raises WebhookPayloadError."""
    try:
        event = EventRecord.model_validate_json(body)
        if event.livemode:
            raise WebhookPayloadError(provider=provider, provider_code="livemode")
        return _read(event, provider=provider)
    except (ValueError, InvalidAmount, UnknownCurrency) as exc:
        raise WebhookPayloadError(provider=provider, provider_code="malformed_event") from exc


def _read(event: EventRecord, *, provider: str) -> ProviderEvent:
    kind = _kind(event)
    payment = refund = None
    if kind is EventKind.PAYMENT_CHANGED:
        payment = PaymentRecord.model_validate(event.data)
    if kind is EventKind.REFUND_CHANGED:
        refund = RefundRecord.model_validate(event.data)
    about = payment or refund
    return ProviderEvent(
        event_id=event.id,
        kind=kind,
        provider_type=TYPE_NAME,
        object_ref=about.id if about else str(event.data.get("id", "")),
        occurred_at=event.created,
        livemode=False,
        reference=about.reference if about else "",
        version=about.version if about else 0,
        payment=payment_result(payment, provider=provider) if payment else None,
        refund=refund_result(refund, provider=provider) if refund else None,
    )


def _kind(event: EventRecord) -> EventKind:
    match event.type.partition(".")[0]:
        case "payment":
            return EventKind.PAYMENT_CHANGED
        case "refund":
            return EventKind.REFUND_CHANGED
        case "method":
            return EventKind.METHOD_CHANGED
        case _:
            return EventKind.IGNORED


def _next_action(record: PaymentRecord) -> NextAction | None:
    match record.status:
        case PaymentWord.REQUIRES_METHOD:
            return NextAction(
                kind=NextActionKind.CLIENT_SECRET,
                client_secret=SecretStr(f"{record.id}_secret_sandbox"),
            )
        case PaymentWord.REQUIRES_ACTION:
            return NextAction(
                kind=NextActionKind.REDIRECT,
                url=f"https://sandbox.invalid/authenticate/{record.id}",
            )
        case PaymentWord.PROCESSING:
            return NextAction(kind=NextActionKind.AWAIT)
        case PaymentWord.SUCCEEDED | PaymentWord.FAILED | PaymentWord.CANCELED:
            return None
        case _:
            assert_never(record.status)
