"""The payment states, where the rules of payments look for them.

They stand in saaskit_core/payment_states.py because the provider contract needs them as well, and
the rules of payments need the contract.
"""

from __future__ import annotations

from saaskit_core.payment_states import (
    ALLOWED,
    OPEN,
    TERMINAL,
    PaymentState,
    PaymentStatus,
    is_allowed,
    wire_status,
)

__all__ = [
    "ALLOWED",
    "OPEN",
    "TERMINAL",
    "PaymentState",
    "PaymentStatus",
    "is_allowed",
    "wire_status",
]
