"""The subscription as a value: what a row holds, without the row."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.periods import Period, period
from saaskit_core.subscriptions.states import BilledBy, Collection, StatusReason, SubscriptionStatus
from saaskit_core.subscriptions.terms import AddOn, Item, Terms

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import replace as evolve
    from datetime import datetime
    from fractions import Fraction

    from saaskit_core.money import Money
    from saaskit_core.plans import Price
    from saaskit_core.subscriptions.policies import ChangeTiming

__all__ = [
    "InvalidSubscription",
    "NextPrice",
    "Pause",
    "PendingChange",
    "Subscription",
    "evolve",
    "next_index",
    "next_period",
]


class InvalidSubscription(SaasKitError):
    code = "invalid_subscription"
    kind = ErrorKind.INVALID
    template = "The subscription can't be made: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A pause that is planned or running. Without `resumes_at` it ends when somebody resumes."""

    starts_at: datetime
    resumes_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingChange:
    """A change of price, quantity or add-ons that is not in force yet.

    `effective_at` is None while the change waits for the payment of invoice `key`; otherwise it is
    the instant at which it comes into force by itself. The proration was computed at
    `requested_at`.
    """

    key: str
    price: Price
    quantity: int
    timing: ChangeTiming
    requested_at: datetime
    effective_at: datetime | None = None
    add_ons: tuple[AddOn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NextPrice:
    """A newer version of a price, for the first period that begins at or after an instant."""

    price: Price
    effective_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One customer's subscription to one price, with add-ons that are billed with it.

    `period` is the span that is paid (or free, or on trial) now; while RenewalPending it is the one
    that ended. `term_end` bounds a One-Time purchase. `awaiting_key` names the invoice whose
    payment it waits for. `attempt` numbers the charges of that invoice from 0; `failed_attempt` is
    the newest of them known to have failed (−1: none); `retry_step` is the place in the dunning
    schedule. `held_status` and `held_reason` are where it goes back to when a hold (staff, dispute)
    is lifted, or what a scheduled one begins as. `next_prices` are newer versions it will follow.
    `dispute_id` names the open disputes, with a comma between several.
    """

    id: str
    customer_id: str
    price: Price
    anchor: datetime
    status: SubscriptionStatus
    status_reason: StatusReason = StatusReason.NONE
    group: str = "main"
    quantity: int = 1
    billed_by: BilledBy = BilledBy.ENGINE
    collection: Collection = Collection.AUTOMATIC
    zone: str = "UTC"
    period_index: int = 0
    period: Period | None = None
    auto_renew: bool = True
    trial_start: datetime | None = None
    trial_end: datetime | None = None
    term_end: datetime | None = None
    pending_until: datetime | None = None
    cancel_at: datetime | None = None
    cancel_reason: StatusReason = StatusReason.NONE
    ended_at: datetime | None = None
    pause: Pause | None = None
    awaiting_key: str = ""
    past_due_since: datetime | None = None
    grace_until: datetime | None = None
    retry_step: int = 0
    attempt: int = 0
    failed_attempt: int = -1
    is_retry_stopped: bool = False
    held_status: SubscriptionStatus | None = None
    held_reason: StatusReason = StatusReason.NONE
    dispute_id: str = ""
    pending_change: PendingChange | None = None
    provider_ref: str = ""
    provider_version: int = 0
    previous_id: str = ""
    lock_version: int = 0
    add_ons: tuple[AddOn, ...] = ()
    next_prices: tuple[NextPrice, ...] = ()
    cancel_requested_at: datetime | None = None

    @property
    def plan(self) -> str:
        """The key of the plan that the price belongs to."""
        return self.price.plan

    @property
    def is_free(self) -> bool:
        """Whether a period costs nothing, so that no invoice is needed."""
        return self.price.is_free and all(each.price.is_free for each in self.add_ons)

    @property
    def terms(self) -> Terms:
        """What it is billed for."""
        return Terms(price=self.price, quantity=self.quantity, add_ons=self.add_ons)

    @property
    def items(self) -> tuple[Item, ...]:
        """The lines of a whole period: the price first, then the add-ons."""
        return self.terms.items

    @property
    def amount(self) -> Money:
        """What a whole period costs, add-ons included, before discounts and tax."""
        return self.terms.amount

    @property
    def monthly(self) -> Fraction:
        """Minor units per month, exact, before discounts: what recurring revenue starts from."""
        return self.terms.monthly

    @property
    def aggregate(self) -> str:
        """The name under which its events are ordered."""
        return f"subscription:{self.id}"


def next_index(subscription: Subscription) -> int:
    """Return the index of the period that follows the current one, counted from the anchor.

    After a trial, an extension or a reset the anchor is the end of the current period, so it is 0
    again.
    """
    current = subscription.period
    if current is None or current.ends_at <= subscription.anchor:
        return 0
    return subscription.period_index + 1


def next_period(subscription: Subscription) -> Period | None:
    """Return the period after the current one (while there is none: the first). One-Time: None."""
    interval = subscription.price.interval
    if interval is None:
        return None
    return period(subscription.anchor, interval, next_index(subscription), subscription.zone)


_NAMES = tuple(field.name for field in fields(Subscription))


class _Open:
    """A subscription before it is frozen: the same slots, so that it can become one."""

    __slots__ = _NAMES


def _copier() -> Callable[[Subscription, _Open], None]:
    """Write the copying of every field out, as `dataclasses` does for the methods it makes."""
    body = "\n".join(f"    after.{name} = before.{name}" for name in _NAMES)
    names: dict[str, Callable[[Subscription, _Open], None]] = {}
    exec(f"def copied(before, after):\n{body}", {}, names)  # noqa: S102  our own field names
    return names["copied"]


if not TYPE_CHECKING:
    _copy = _copier()

    def evolve(subscription, **changes):
        """Return the subscription with other values in the named fields.

        What `dataclasses.replace` does, ten times faster: a renewal does it three times, and the
        value has over forty fields. Raises TypeError for a field that isn't one.
        """
        after = _Open()
        _copy(subscription, after)
        try:
            for name, value in changes.items():
                setattr(after, name, value)
        except AttributeError:
            raise TypeError(f"a subscription has no field {name!r}") from None
        after.__class__ = Subscription
        return after
