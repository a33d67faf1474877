"""What every rule of the transition table is given, returns and shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypedDict

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.subscriptions.commands import (
    ChargeInvoice,
    Command,
    InvoiceKind,
    IssueInvoice,
    VoidInvoice,
)
from saaskit_core.subscriptions.model import evolve
from saaskit_core.subscriptions.states import Collection, StatusReason, SubscriptionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saaskit_core.periods import Period
    from saaskit_core.subscriptions.events import SubscriptionEvent
    from saaskit_core.subscriptions.model import Subscription
    from saaskit_core.subscriptions.policies import Policies
    from saaskit_core.subscriptions.terms import AddOn


class Settled(TypedDict):
    """What belongs to an open invoice."""

    awaiting_key: str
    pending_until: None
    past_due_since: None
    grace_until: None
    retry_step: int
    attempt: int
    failed_attempt: int
    is_retry_stopped: bool


class InvalidTransition(SaasKitError):
    code = "invalid_transition"
    kind = ErrorKind.CONFLICT
    template = "%(action)s is not possible while the subscription is %(status)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What a fact led to: the new subscription, what to tell, what to do.

    Not `applied` means that the fact didn't fit and nothing changed.
    """

    subscription: Subscription
    events: tuple[SubscriptionEvent, ...] = ()
    commands: tuple[Command, ...] = ()
    applied: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One subscription at one instant under the merchant's policies."""

    subscription: Subscription
    now: datetime
    policies: Policies

    def tell(
        self, kind: type[SubscriptionEvent], after: Subscription, **extra: object
    ) -> SubscriptionEvent:
        """Make the event of `kind` about `after`, as of this step's instant."""
        return kind(**_told(after), occurred_at=self.now, **extra)  # type: ignore[arg-type]

    def unchanged(self) -> Transition:
        """Answer that the fact changes nothing."""
        return Transition(subscription=self.subscription, applied=False)

    def refuse(self, action: str) -> NoReturn:
        """Raise InvalidTransition: `action` is what was asked for, as a noun."""
        raise InvalidTransition(action=action, status=self.subscription.status.value)


def _told(subscription: Subscription) -> dict[str, object]:
    period = subscription.period
    return {
        "aggregate": subscription.aggregate,
        "subscription_id": subscription.id,
        "customer_id": subscription.customer_id,
        "plan": subscription.plan,
        "price_id": subscription.price.id,
        "quantity": subscription.quantity,
        "status": subscription.status.value,
        "status_reason": subscription.status_reason.value,
        "period_starts_at": period.starts_at.isoformat() if period else None,
        "period_ends_at": period.ends_at.isoformat() if period else None,
        "add_ons": named(subscription.add_ons),
    }


def named(add_ons: Iterable[AddOn]) -> tuple[str, ...]:
    """Name add-ons as events do: a price and how many of it each."""
    return tuple(f"{each.price.id} × {each.quantity}" for each in add_ons)


def join(first: Transition, second: Transition) -> Transition:
    """Put two transitions in a row into one; the second began where the first ended."""
    return Transition(
        subscription=second.subscription,
        events=first.events + second.events,
        commands=first.commands + second.commands,
        applied=first.applied or second.applied,
    )


def invoice_key(subscription: Subscription, kind: InvoiceKind, starts_at: datetime) -> str:
    """Return the one name of the invoice of that kind for the period that starts then."""
    return f"subscription:{subscription.id}:{kind}:{starts_at.isoformat()}"


def bill(
    subscription: Subscription, kind: InvoiceKind, period: Period | None, *, key: str
) -> IssueInvoice:
    """Make the command that issues invoice `key` at the subscription's present terms."""
    return IssueInvoice(
        key=key,
        kind=kind,
        price=subscription.price,
        quantity=subscription.quantity,
        period=period,
        add_ons=subscription.add_ons,
    )


def charge(subscription: Subscription) -> tuple[ChargeInvoice, ...]:
    """Make the command for the current attempt; none when the payer sends a transfer."""
    if subscription.collection is Collection.TRANSFER:
        return ()
    key, attempt = subscription.awaiting_key, subscription.attempt
    return (ChargeInvoice(key=f"{key}:attempt:{attempt}", invoice_key=key, attempt=attempt),)


def void(invoice: str) -> tuple[VoidInvoice, ...]:
    """Make the command that voids an open invoice; none when there is no key."""
    return (VoidInvoice(key=f"{invoice}:void", invoice_key=invoice),) if invoice else ()


def awaiting_reason(subscription: Subscription, usual: StatusReason) -> StatusReason:
    """Return the reason for waiting: the transfer's own where the payer sends one."""
    is_transfer = subscription.collection is Collection.TRANSFER
    return StatusReason.AWAITING_TRANSFER if is_transfer else usual


def settled(subscription: Subscription) -> Subscription:
    """Clear what belongs to an open invoice: key, attempts, dunning and its instants."""
    return evolve(subscription, **SETTLED)


SETTLED: Settled = {
    "awaiting_key": "",
    "pending_until": None,
    "past_due_since": None,
    "grace_until": None,
    "retry_step": 0,
    "attempt": 0,
    "failed_attempt": -1,
    "is_retry_stopped": False,
}
"""The fields that belong to an open invoice, as they are without one."""


def is_awaiting(subscription: Subscription) -> bool:
    """Tell whether an invoice is open: first, renewal, or that of a suspension for non-payment."""
    return subscription.status in _AWAITING or (
        subscription.status is SubscriptionStatus.SUSPENDED
        and subscription.status_reason is StatusReason.PAYMENT
    )


_AWAITING = (SubscriptionStatus.PENDING, SubscriptionStatus.RENEWAL_PENDING)
