"""What a transition asks the shell to do. Each carries a key: doing it twice must do it once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.periods import Period
    from saaskit_core.plans import Price
    from saaskit_core.subscriptions.policies import UnusedTime
    from saaskit_core.subscriptions.terms import AddOn


class InvoiceKind(StrEnum):
    FIRST = "first"
    RENEWAL = "renewal"
    CHANGE = "change"
    ONE_OFF = "one_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueInvoice:
    """Bill `price` × `quantity` and the add-ons for `period`.

    When nothing is due, report PaymentSucceeded at once.

    A change's invoice is computed by `billing.quotes.quote_change`, and that nothing of it is left
    to pay is reported as ChangePaid.
    """

    key: str
    kind: InvoiceKind
    price: Price
    quantity: int
    period: Period | None
    add_ons: tuple[AddOn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeInvoice:
    """Charge the saved method for the invoice; without one report PaymentFailed(is_hard=True)."""

    key: str
    invoice_key: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidInvoice:
    """Void the invoice; money that still arrives for it goes to the wallet."""

    key: str
    invoice_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffInvoice:
    """Mark the invoice uncollectible."""

    key: str
    invoice_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHolds:
    """Release the coupon and referral reservations that the first payment held."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditUnused:
    """Give back the part of `period` after `at`, as `how` says (`proration.unused_credit`)."""

    key: str
    period: Period
    at: datetime
    how: UnusedTime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFreeStretch:
    """Record a zero-priced line for `period`, with its reason, for the audit."""

    key: str
    period: Period
    reason: str


Command = (
    IssueInvoice
    | ChargeInvoice
    | VoidInvoice
    | WriteOffInvoice
    | ReleaseHolds
    | CreditUnused
    | RecordFreeStretch
)
