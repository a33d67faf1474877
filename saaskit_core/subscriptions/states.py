"""The seven public states of a subscription and the reasons that explain each."""

from __future__ import annotations

from enum import StrEnum


class SubscriptionStatus(StrEnum):
    """The contract's exact wire values."""

    PENDING = "Pending"
    TRIAL = "Trial"
    ACTIVE = "Active"
    RENEWAL_PENDING = "RenewalPending"
    SUSPENDED = "Suspended"
    CANCELLED = "Cancelled"
    EXPIRED = "Expired"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing leaves it: coming back is a new subscription."""
        return self in TERMINAL

    @property
    def is_live(self) -> bool:
        """Whether it counts against "one live subscription per customer and product group"."""
        return self not in TERMINAL


class StatusReason(StrEnum):
    """Why a subscription is where it is. Active needs no reason."""

    NONE = ""
    AWAITING_PAYMENT = "awaiting_payment"
    AWAITING_TRANSFER = "awaiting_transfer"
    SCHEDULED = "scheduled"
    REQUIRES_ACTION = "requires_action"
    WITH_METHOD = "with_method"
    WITHOUT_METHOD = "without_method"
    RETRYING = "retrying"
    PAYMENT = "payment"
    PAUSED = "paused"
    ADMIN = "admin"
    DISPUTE = "dispute"
    CUSTOMER = "customer"
    MERCHANT = "merchant"
    DUNNING = "dunning"
    FRAUD = "fraud"
    REPLACED = "replaced"
    TERM_END = "term_end"
    TRIAL_END = "trial_end"
    PAYMENT_TIMEOUT = "payment_timeout"


class BilledBy(StrEnum):
    """Who charges: our engine, or the provider (an app store). Fixed at the creation."""

    ENGINE = "engine"
    PROVIDER = "provider"


class Collection(StrEnum):
    """How the engine collects: it charges a saved method, or it waits for the payer's transfer."""

    AUTOMATIC = "automatic"
    TRANSFER = "transfer"


TERMINAL = frozenset({SubscriptionStatus.CANCELLED, SubscriptionStatus.EXPIRED})
LIVE = frozenset(SubscriptionStatus) - TERMINAL

REASONS: dict[SubscriptionStatus, frozenset[StatusReason]] = {
    SubscriptionStatus.PENDING: frozenset(
        {
            StatusReason.AWAITING_PAYMENT,
            StatusReason.AWAITING_TRANSFER,
            StatusReason.SCHEDULED,
            StatusReason.REQUIRES_ACTION,
        }
    ),
    SubscriptionStatus.TRIAL: frozenset({StatusReason.WITH_METHOD, StatusReason.WITHOUT_METHOD}),
    SubscriptionStatus.ACTIVE: frozenset({StatusReason.NONE}),
    SubscriptionStatus.RENEWAL_PENDING: frozenset(
        {StatusReason.RETRYING, StatusReason.REQUIRES_ACTION, StatusReason.AWAITING_TRANSFER}
    ),
    SubscriptionStatus.SUSPENDED: frozenset(
        {StatusReason.PAYMENT, StatusReason.PAUSED, StatusReason.ADMIN, StatusReason.DISPUTE}
    ),
    SubscriptionStatus.CANCELLED: frozenset(
        {
            StatusReason.CUSTOMER,
            StatusReason.MERCHANT,
            StatusReason.DUNNING,
            StatusReason.FRAUD,
            StatusReason.REPLACED,
        }
    ),
    SubscriptionStatus.EXPIRED: frozenset(
        {StatusReason.TERM_END, StatusReason.TRIAL_END, StatusReason.PAYMENT_TIMEOUT}
    ),
}
"""State → the reasons it may carry."""
