"""Acme's words and ours. Acme writes amounts as decimal strings: "19.99"."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from saaskit_core.money import Money
from saaskit_core.payments.states import PaymentState
from saaskit_core.providers import DeclineReason, NextAction, NextActionKind, PaymentResult

STATES = {
    "new": PaymentState.REQUIRES_ACTION,
    "challenge": PaymentState.REQUIRES_ACTION,
    "booked": PaymentState.SUCCEEDED,
    "refused": PaymentState.FAILED,
    "void": PaymentState.CANCELLED,
}

REASONS = {
    "no_money": DeclineReason.INSUFFICIENT_FUNDS,
    "card_too_old": DeclineReason.EXPIRED_CARD,
    "no": DeclineReason.GENERIC_DECLINE,
}


def payment_result(charge: dict[str, Any], *, provider: str) -> PaymentResult:
    """Say what one of Acme's charges means."""
    state = STATES[charge["status"]]
    amount = Money.of(charge["amount"], charge["currency"])
    nothing = Money.zero(amount.currency)
    return PaymentResult(
        provider=provider,
        transaction_id=charge["id"],
        reference=charge["order"],
        state=state,
        amount=amount,
        received=amount if state is PaymentState.SUCCEEDED else nothing,
        refunded=nothing,
        occurred_at=datetime.fromisoformat(charge["changed_at"]),
        version=charge["revision"],
        next_action=_next_action(charge, state),
        decline=_reason(charge) if state is PaymentState.FAILED else None,
        method_ref=charge["card"],
    )


def _reason(charge: dict[str, Any]) -> DeclineReason:
    return REASONS.get(charge["refusal"], DeclineReason.UNKNOWN)


def _next_action(charge: dict[str, Any], state: PaymentState) -> NextAction | None:
    if state is not PaymentState.REQUIRES_ACTION:
        return None
    return NextAction(kind=NextActionKind.REDIRECT, url=charge["page"])
