"""What a change of price or quantity amounts to: one plan for quote, preview and transition."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.periods import Interval, Period, Unit, period, period_start
from saaskit_core.plans import ChangeType, Price, change_type
from saaskit_core.subscriptions.model import (
    InvalidSubscription,
    PendingChange,
    Subscription,
    evolve,
)
from saaskit_core.subscriptions.policies import (
    ChangeTiming,
    DowngradePolicy,
    Policies,
    TrialChange,
    UpgradePolicy,
)
from saaskit_core.subscriptions.states import BilledBy, SubscriptionStatus
from saaskit_core.subscriptions.steps import InvalidTransition

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.subscriptions.facts import ChangeRequested


class ChangeRefused(SaasKitError):
    code = "change_refused"
    kind = ErrorKind.CONFLICT
    template = "The subscription can't be changed like this."


class ChangeWhileCancelling(ChangeRefused):
    code = "change_while_cancelling"
    template = "A cancellation is planned: withdraw it before you change the plan."


class CurrencyCantChange(ChangeRefused):
    code = "currency_cant_change"
    template = "The subscription is in %(current)s and can't change to %(wanted)s."


class NothingChanges(ChangeRefused):
    code = "nothing_changes"
    template = "The subscription has this plan, price and quantity already."


class ManagedByProvider(ChangeRefused):
    code = "managed_by_provider"
    template = "The provider bills this subscription: it can only be changed there."


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """A change worked out: how and when it comes into force, and in which period that is.

    `resets_cycle`: another interval (or the end of a trial) starts a new schedule at `anchor`.
    `trial_end` is the new end of a trial that goes on.
    """

    price: Price
    quantity: int
    change_type: ChangeType
    timing: ChangeTiming
    requested_at: datetime
    effective_at: datetime
    resets_cycle: bool
    anchor: datetime
    period: Period | None
    trial_end: datetime | None = None


def plan_change(
    subscription: Subscription, wanted: ChangeRequested, *, now: datetime, policies: Policies
) -> PlannedChange:
    """Work out a change without doing it.

    Raises ChangeRefused subclasses, and InvalidTransition unless on Trial or Active within its
    period.
    """
    wanted = replace(wanted, quantity=wanted.quantity or subscription.quantity)
    _check_subscription(subscription, now)
    _check_wanted(subscription, wanted)
    if subscription.status is SubscriptionStatus.TRIAL:
        return _during_trial(subscription, wanted, now, policies)
    timing = wanted.timing or _timing(subscription, wanted, policies)
    if timing is ChangeTiming.PERIOD_END:
        return _at_period_end(subscription, wanted, now)
    return _at_once(subscription, wanted, now, timing)


def direction(subscription: Subscription, price: Price, quantity: int) -> ChangeType:
    """Tell which way a change goes, by the exact amount per month of all units together."""
    return change_type(_scaled(subscription.price, subscription.quantity), _scaled(price, quantity))


def in_force(subscription: Subscription) -> Subscription:
    """Return the subscription as it is from its period's end on: a scheduled change applied."""
    change, span = subscription.pending_change, subscription.period
    if change is None or change.effective_at is None or span is None:
        return subscription
    if change.effective_at > span.ends_at:
        return subscription
    is_same_cycle = change.price.interval == subscription.price.interval
    return evolve(
        subscription,
        price=change.price,
        quantity=change.quantity,
        pending_change=None,
        anchor=subscription.anchor if is_same_cycle else max(subscription.anchor, span.ends_at),
    )


def has_other_cycle(subscription: Subscription, price: Price) -> bool:
    """Tell whether the price starts a new schedule: another interval, or none before."""
    return subscription.period is None or price.interval != subscription.price.interval


def is_longer(current: Interval | None, new: Interval | None) -> bool:
    """Tell whether `new` binds for longer than `current`; a One-Time price binds for ever."""
    if current is None or new is None:
        return current is not None
    return new.months > current.months


def pending(planned: PlannedChange, key: str, *, effective_at: datetime | None) -> PendingChange:
    """Keep a plan for later: until its invoice `key` is paid, or until `effective_at`."""
    return PendingChange(
        key=key,
        price=planned.price,
        quantity=planned.quantity,
        timing=planned.timing,
        requested_at=planned.requested_at,
        effective_at=effective_at,
    )


def _scaled(price: Price, quantity: int) -> Price:
    return replace(price, amount=price.amount * quantity)


def _check_subscription(subscription: Subscription, now: datetime) -> None:
    if subscription.billed_by is BilledBy.PROVIDER:
        raise ManagedByProvider()
    if subscription.status not in (SubscriptionStatus.TRIAL, SubscriptionStatus.ACTIVE):
        raise InvalidTransition(action="A change", status=subscription.status.value)
    if subscription.cancel_at is not None:
        raise ChangeWhileCancelling()
    if subscription.period is not None and now >= subscription.period.ends_at:
        raise InvalidTransition(action="A change after the period's end", status="due for renewal")


def _check_wanted(subscription: Subscription, wanted: ChangeRequested) -> None:
    check_quantity(wanted.quantity)
    current, new = subscription.price.amount.currency, wanted.price.amount.currency
    if current != new and not subscription.is_free:
        raise CurrencyCantChange(current=current, wanted=new)
    if (wanted.price, wanted.quantity) == (subscription.price, subscription.quantity):
        raise NothingChanges()


def check_quantity(quantity: object) -> None:
    """Raise InvalidSubscription unless the quantity is a whole number from 1 to a million."""
    if type(quantity) is not int or not 1 <= quantity <= 1_000_000:
        raise InvalidSubscription(problem="the quantity is a whole number from 1 to 1000000")


def _timing(
    subscription: Subscription, wanted: ChangeRequested, policies: Policies
) -> ChangeTiming:
    """More per month, as much, or a longer commitment is an upgrade; the rest is a downgrade."""
    kind = direction(subscription, wanted.price, _quantity(wanted))
    longer = is_longer(subscription.price.interval, wanted.price.interval)
    if kind is not ChangeType.DOWNGRADE or (longer and not wanted.price.is_free):
        return _UPGRADES[policies.upgrade]
    return _DOWNGRADES[policies.downgrade]


_UPGRADES = {
    UpgradePolicy.NOW_WITH_INVOICE: ChangeTiming.NOW_WITH_INVOICE,
    UpgradePolicy.NEXT_PERIOD: ChangeTiming.PERIOD_END,
    UpgradePolicy.NOW_WITHOUT_INVOICE: ChangeTiming.NOW_WITHOUT_INVOICE,
}
_DOWNGRADES = {
    DowngradePolicy.PERIOD_END: ChangeTiming.PERIOD_END,
    DowngradePolicy.NOW_WITH_CREDIT: ChangeTiming.NOW_WITH_CREDIT,
}


def _quantity(wanted: ChangeRequested) -> int:
    return wanted.quantity or 1


def _at_once(
    subscription: Subscription, wanted: ChangeRequested, now: datetime, timing: ChangeTiming
) -> PlannedChange:
    """Without an invoice the period is kept to its end; else another interval starts now."""
    other = has_other_cycle(subscription, wanted.price)
    resets = other and (
        timing is not ChangeTiming.NOW_WITHOUT_INVOICE or subscription.period is None
    )
    return PlannedChange(
        price=wanted.price,
        quantity=_quantity(wanted),
        change_type=direction(subscription, wanted.price, _quantity(wanted)),
        timing=timing,
        requested_at=now,
        effective_at=now,
        resets_cycle=resets,
        anchor=now if resets else _kept_anchor(subscription, is_other=other),
        period=_first(wanted.price, now, subscription.zone) if resets else subscription.period,
    )


def _kept_anchor(subscription: Subscription, *, is_other: bool) -> datetime:
    if is_other and subscription.period is not None:
        return subscription.period.ends_at
    return subscription.anchor


def _at_period_end(
    subscription: Subscription, wanted: ChangeRequested, now: datetime
) -> PlannedChange:
    span = subscription.period
    if span is None:
        raise InvalidTransition(action="A change at the period's end", status="without a period")
    other = has_other_cycle(subscription, wanted.price)
    anchor = span.ends_at if other else subscription.anchor
    index = 0 if anchor >= span.ends_at else subscription.period_index + 1
    interval = wanted.price.interval
    return PlannedChange(
        price=wanted.price,
        quantity=_quantity(wanted),
        change_type=direction(subscription, wanted.price, _quantity(wanted)),
        timing=ChangeTiming.PERIOD_END,
        requested_at=now,
        effective_at=span.ends_at,
        resets_cycle=other,
        anchor=anchor,
        period=period(anchor, interval, index, subscription.zone) if interval else None,
    )


def _during_trial(
    subscription: Subscription, wanted: ChangeRequested, now: datetime, policies: Policies
) -> PlannedChange:
    """A trial that goes on changes at once and free; one that ends so starts a paid cycle now."""
    if wanted.timing is ChangeTiming.PERIOD_END:
        return _at_period_end(subscription, wanted, now)
    start = subscription.trial_start or now
    ends_at = _trial_end(subscription, wanted, now, policies)
    if ends_at <= now:
        planned = _at_once(subscription, wanted, now, ChangeTiming.NOW_WITH_INVOICE)
        span = _first(wanted.price, now, subscription.zone)
        return replace(planned, resets_cycle=True, anchor=now, period=span)
    planned = _at_once(subscription, wanted, now, ChangeTiming.NOW_WITHOUT_INVOICE)
    span = Period(start, ends_at)
    return replace(planned, resets_cycle=False, anchor=ends_at, period=span, trial_end=ends_at)


def _trial_end(
    subscription: Subscription, wanted: ChangeRequested, now: datetime, policies: Policies
) -> datetime:
    match policies.trial_change:
        case TrialChange.KEEP:
            start = subscription.trial_start or now
        case TrialChange.RESTART:
            start = now
        case TrialChange.END:
            return now
    return period_start(start, Interval(Unit.DAY), wanted.trial_days, subscription.zone)


def _first(price: Price, at: datetime, zone: str) -> Period | None:
    return period(at, price.interval, 0, zone) if price.interval else None
