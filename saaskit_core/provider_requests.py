"""What a payment provider is asked for, and what it may ask of the payer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from saaskit_core.money import Money


class NextActionKind(StrEnum):
    REDIRECT = "redirect"
    CLIENT_SECRET = "client_secret"  # noqa: S105 (the name of a kind)
    BANK_TRANSFER = "bank_transfer"
    STORE_PURCHASE = "store_purchase"
    AWAIT = "await"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAction:
    """What the payer has to do. `client_secret` goes to the payer's browser only."""

    kind: NextActionKind
    url: str = ""
    client_secret: SecretStr | None = None
    instructions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRequest:
    """Ask for one payment. `reference` is our payment's id; webhooks must carry it back."""

    idempotency_key: str
    reference: str
    amount: Money
    description: str = ""
    customer_ref: str = ""
    customer_email: str = ""
    method_ref: str = ""
    save_method: bool = False
    return_url: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRequest:
    idempotency_key: str
    transaction_id: str
    method_ref: str = ""
    return_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Ask to give back `amount` of a payment that succeeded. `reference` is our refund's id."""

    idempotency_key: str
    reference: str
    transaction_id: str
    amount: Money
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedChargeRequest:
    """Charge a saved method while the payer is away (renewals, upgrades)."""

    idempotency_key: str
    reference: str
    amount: Money
    customer_ref: str
    method_ref: str
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
