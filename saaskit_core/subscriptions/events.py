"""What became of a subscription, for everybody who wants to react."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from saaskit_core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEvent(Event):
    """Base: names the subscription, its customer, and where it stands after the event.

    `add_ons` name a price and how many of it each: "storage-monthly-500 × 2".
    """

    topic: ClassVar[str] = "subscription"

    subscription_id: str
    customer_id: str
    plan: str
    price_id: str
    quantity: int
    status: str
    status_reason: str
    period_starts_at: str | None
    period_ends_at: str | None
    add_ons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionCreated(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.created"

    previous_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionTrialStarted(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.trial_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionActivated(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.activated"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRenewed(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.renewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRenewalDue(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.renewal_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionPastDue(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.past_due"

    attempt: int
    is_hard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionActionRequired(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.action_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRecovered(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionSuspended(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionResumed(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionPauseScheduled(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.pause_scheduled"

    starts_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionCancelScheduled(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.cancel_scheduled"

    cancel_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionUncancelled(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.uncancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionChangeScheduled(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.change_scheduled"

    new_price_id: str
    new_quantity: int
    effective_at: str | None
    new_add_ons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionChangeDropped(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.change_dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionChanged(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.changed"

    old_plan: str
    old_price_id: str
    old_quantity: int
    old_add_ons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionExtended(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.extended"

    to: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEnded(SubscriptionEvent):
    topic: ClassVar[str] = "subscription.ended"
