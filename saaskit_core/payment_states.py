"""The payment state machine: one table for core, providers, rows and wire."""

from __future__ import annotations

from enum import StrEnum


class PaymentState(StrEnum):
    """Where a payment stands. Refunds and disputes are amounts and flags beside it, not states."""

    CREATED = "created"
    SUBMITTING = "submitting"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    UNKNOWN = "unknown"
    AUTHORIZED = "authorized"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing can change it any more."""
        return self in TERMINAL


class PaymentStatus(StrEnum):
    """The contract's exact wire values."""

    PENDING = "Pending"
    PROCESSING = "Processing"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    REFUNDED = "Refunded"
    PARTIAL = "Partial"


TERMINAL = frozenset({PaymentState.SUCCEEDED, PaymentState.FAILED, PaymentState.CANCELLED})
OPEN = frozenset(PaymentState) - TERMINAL
"""States that may still move; an invoice has at most one payment in one of them."""

_ADVANCING = OPEN - {PaymentState.CREATED, PaymentState.SUBMITTING}

ALLOWED: dict[PaymentState, frozenset[PaymentState]] = {
    PaymentState.CREATED: frozenset(PaymentState) - {PaymentState.CREATED},
    PaymentState.SUBMITTING: (_ADVANCING | TERMINAL),
    PaymentState.REQUIRES_ACTION: _ADVANCING | TERMINAL | {PaymentState.SUBMITTING},
    PaymentState.PROCESSING: _ADVANCING | TERMINAL,
    PaymentState.UNKNOWN: _ADVANCING | TERMINAL,
    PaymentState.AUTHORIZED: TERMINAL | {PaymentState.UNKNOWN, PaymentState.PROCESSING},
    PaymentState.SUCCEEDED: frozenset(),
    PaymentState.FAILED: frozenset(),
    PaymentState.CANCELLED: frozenset(),
}
"""State → states it may move to. Staying where one is always is allowed."""


def is_allowed(current: PaymentState, target: PaymentState) -> bool:
    """Tell whether a payment may move from `current` to `target`."""
    return target == current or target in ALLOWED[current]


def wire_status(
    state: PaymentState, *, received_minor: int = 0, refunded_minor: int = 0
) -> PaymentStatus:
    """Return the contract's status for a state and the minor units received and given back.

    A transfer of which only a part has arrived is Pending.
    """
    if state is PaymentState.SUCCEEDED and refunded_minor > 0:
        is_all = refunded_minor >= received_minor
        return PaymentStatus.REFUNDED if is_all else PaymentStatus.PARTIAL
    if state in OPEN and received_minor > 0:
        return PaymentStatus.PENDING
    return _WIRE[state]


_WIRE: dict[PaymentState, PaymentStatus] = {
    PaymentState.CREATED: PaymentStatus.PENDING,
    PaymentState.SUBMITTING: PaymentStatus.PROCESSING,
    PaymentState.REQUIRES_ACTION: PaymentStatus.PENDING,
    PaymentState.PROCESSING: PaymentStatus.PROCESSING,
    PaymentState.UNKNOWN: PaymentStatus.PROCESSING,
    PaymentState.AUTHORIZED: PaymentStatus.PROCESSING,
    PaymentState.SUCCEEDED: PaymentStatus.COMPLETED,
    PaymentState.FAILED: PaymentStatus.FAILED,
    PaymentState.CANCELLED: PaymentStatus.CANCELLED,
}
