"""What a change of price or quantity amounts to: one plan for quote, preview and transition."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.periods import Interval, Period, Unit, period, period_start
from saaskit_core.plans import ChangeType, Price, change_type
from saaskit_core.subscriptions.model import (
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
from saaskit_core.subscriptions.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saaskit_core.subscriptions.facts import ChangeRequested
    from saaskit_core.subscriptions.terms import AddOn


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
    add_ons: tuple[AddOn, ...]
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
    _check_subscription(subscription, now)
    terms = wanted_terms(subscription, wanted)
    _check_wanted(subscription, terms)
    if subscription.status is SubscriptionStatus.TRIAL:
        return _during_trial(subscription, wanted, terms, now, policies)
    timing = wanted.timing or _timing(subscription, terms, policies)
    if timing is ChangeTiming.PERIOD_END:
        return _at_period_end(subscription, terms, now)
    return _at_once(subscription, terms, now, timing)


def wanted_terms(subscription: Subscription, wanted: ChangeRequested) -> Terms:
    """Return what it shall be billed for: what isn't asked for stays.

    Raises InvalidQuantity, AddOnDoesNotFit.
    """
    return Terms(
        price=wanted.price or subscription.price,
        quantity=subscription.quantity if wanted.quantity is None else wanted.quantity,
        add_ons=subscription.add_ons if wanted.add_ons is None else wanted.add_ons,
    )


def direction(subscription: Subscription, terms: Terms) -> ChangeType:
    """Tell which way a change goes, by the exact amount per month of everything together."""
    return change_type(subscription.terms.scaled, terms.scaled)


def in_force(subscription: Subscription) -> Subscription:
    """Return the subscription as it is from its period's end on.

    A scheduled change is applied, then the versions of prices that are to be followed by then.
    """
    changed = _with_change(subscription)
    return _with_versions(changed) if changed.next_prices else changed


def _with_versions(subscription: Subscription) -> Subscription:
    span = subscription.period
    if span is None:
        return subscription
    reached = [each.price for each in subscription.next_prices if each.effective_at <= span.ends_at]
    later = tuple(each for each in subscription.next_prices if each.effective_at > span.ends_at)
    terms = followed(subscription.terms, reached)
    return evolve(
        subscription,
        price=terms.price,
        quantity=terms.quantity,
        add_ons=terms.add_ons,
        next_prices=later,
    )


def followed(terms: Terms, newer: Iterable[Price]) -> Terms:
    """Return terms in which newer versions stand in the place of the prices they supersede."""
    for price in newer:
        terms = Terms(
            price=price if price.supersedes(terms.price) else terms.price,
            quantity=terms.quantity,
            add_ons=tuple(
                replace(each, price=price) if price.supersedes(each.price) else each
                for each in terms.add_ons
            ),
        )
    return terms


def _with_change(subscription: Subscription) -> Subscription:
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
        add_ons=change.add_ons,
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
        add_ons=planned.add_ons,
        timing=planned.timing,
        requested_at=planned.requested_at,
        effective_at=effective_at,
    )


def _check_subscription(subscription: Subscription, now: datetime) -> None:
    if subscription.billed_by is BilledBy.PROVIDER:
        raise ManagedByProvider()
    if subscription.status not in (SubscriptionStatus.TRIAL, SubscriptionStatus.ACTIVE):
        raise InvalidTransition(action="A change", status=subscription.status.value)
    if subscription.cancel_at is not None:
        raise ChangeWhileCancelling()
    if subscription.period is not None and now >= subscription.period.ends_at:
        raise InvalidTransition(action="A change after the period's end", status="due for renewal")


def _check_wanted(subscription: Subscription, terms: Terms) -> None:
    current, new = subscription.price.amount.currency, terms.price.amount.currency
    if current != new and not subscription.is_free:
        raise CurrencyCantChange(current=current, wanted=new)
    if terms == subscription.terms:
        raise NothingChanges()


def _timing(subscription: Subscription, terms: Terms, policies: Policies) -> ChangeTiming:
    """More per month, as much, or a longer commitment is an upgrade; the rest is a downgrade."""
    kind = direction(subscription, terms)
    longer = is_longer(subscription.price.interval, terms.price.interval)
    if kind is not ChangeType.DOWNGRADE or (longer and not terms.scaled.is_free):
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


def _at_once(
    subscription: Subscription, terms: Terms, now: datetime, timing: ChangeTiming
) -> PlannedChange:
    """Without an invoice the period is kept to its end; else another interval starts now."""
    other = has_other_cycle(subscription, terms.price)
    resets = other and (
        timing is not ChangeTiming.NOW_WITHOUT_INVOICE or subscription.period is None
    )
    return PlannedChange(
        price=terms.price,
        quantity=terms.quantity,
        add_ons=terms.add_ons,
        change_type=direction(subscription, terms),
        timing=timing,
        requested_at=now,
        effective_at=now,
        resets_cycle=resets,
        anchor=now if resets else _kept_anchor(subscription, is_other=other),
        period=_first(terms.price, now, subscription.zone) if resets else subscription.period,
    )


def _kept_anchor(subscription: Subscription, *, is_other: bool) -> datetime:
    if is_other and subscription.period is not None:
        return subscription.period.ends_at
    return subscription.anchor


def _at_period_end(subscription: Subscription, terms: Terms, now: datetime) -> PlannedChange:
    span = subscription.period
    if span is None:
        raise InvalidTransition(action="A change at the period's end", status="without a period")
    other = has_other_cycle(subscription, terms.price)
    anchor = span.ends_at if other else subscription.anchor
    index = 0 if anchor >= span.ends_at else subscription.period_index + 1
    interval = terms.price.interval
    return PlannedChange(
        price=terms.price,
        quantity=terms.quantity,
        add_ons=terms.add_ons,
        change_type=direction(subscription, terms),
        timing=ChangeTiming.PERIOD_END,
        requested_at=now,
        effective_at=span.ends_at,
        resets_cycle=other,
        anchor=anchor,
        period=period(anchor, interval, index, subscription.zone) if interval else None,
    )


def _during_trial(
    subscription: Subscription,
    wanted: ChangeRequested,
    terms: Terms,
    now: datetime,
    policies: Policies,
) -> PlannedChange:
    """A trial that goes on changes at once and free; one that ends so starts a paid cycle now."""
    if wanted.timing is ChangeTiming.PERIOD_END:
        return _at_period_end(subscription, terms, now)
    start = subscription.trial_start or now
    ends_at = _trial_end(subscription, wanted, now, policies)
    if ends_at <= now:
        planned = _at_once(subscription, terms, now, ChangeTiming.NOW_WITH_INVOICE)
        span = _first(terms.price, now, subscription.zone)
        return replace(planned, resets_cycle=True, anchor=now, period=span)
    planned = _at_once(subscription, terms, now, ChangeTiming.NOW_WITHOUT_INVOICE)
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
