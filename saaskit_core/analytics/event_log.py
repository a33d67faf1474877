"""From the log of domain events to recurring revenue, in one pass.

Events come in the order of time, those of one subscription in their own order. What is kept is one
small state per live subscription. A movement is dated by its event: when the engine knew it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.analytics.amounts import Sold
from saaskit_core.analytics.history import History, Ledger
from saaskit_core.analytics.movements import RevenueChange, UnsortedChanges
from saaskit_core.analytics.revenue import COUNTED
from saaskit_core.analytics.trials import Trials
from saaskit_core.subscriptions.events import (
    SubscriptionCancelScheduled,
    SubscriptionChanged,
    SubscriptionChangeDropped,
    SubscriptionChangeScheduled,
    SubscriptionEvent,
    SubscriptionUncancelled,
)
from saaskit_core.subscriptions.policies import ChurnCounted
from saaskit_core.subscriptions.states import TERMINAL, StatusReason, SubscriptionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from saaskit_core.analytics.amounts import AmountOf, Recurring
    from saaskit_core.analytics.months import Calendar
    from saaskit_core.analytics.trials import TrialMonth
    from saaskit_core.events import Event

_COUNTED = frozenset(status.value for status in COUNTED)
_TERMINAL = frozenset(status.value for status in TERMINAL)
_SIGNED = (SubscriptionStatus.PENDING.value, StatusReason.SCHEDULED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """All that one pass over the log tells. `committed` is as of its last event."""

    history: History
    committed: dict[str, Fraction]
    trials: tuple[TrialMonth, ...]


def analyse(
    events: Iterable[Event],
    *,
    amount_of: AmountOf,
    calendar: Calendar,
    churn: ChurnCounted = ChurnCounted.PERIOD_END,
) -> Analysis:
    """Work out every measure from the log, reading it once. Raises UnsortedChanges.

    Memory grows with the customers (who was there before) and the live subscriptions, not with the
    events. What isn't about subscriptions is passed over.
    """
    ledger, trials, reader = Ledger(calendar), Trials(calendar), EventReader(amount_of, churn=churn)
    for event in events:
        if isinstance(event, SubscriptionEvent):
            for change in reader.follow(event):
                ledger.record(change)
            trials.follow(event, is_paid=bool(reader.monthly(event.subscription_id)))
    return Analysis(history=ledger.history(), committed=reader.committed(), trials=trials.months())


def changes_of_events(
    events: Iterable[Event],
    *,
    amount_of: AmountOf,
    churn: ChurnCounted = ChurnCounted.PERIOD_END,
) -> Iterator[RevenueChange]:
    """Yield what each event adds to the revenue or takes from it. Raises UnsortedChanges."""
    reader = EventReader(amount_of, churn=churn)
    for event in events:
        if isinstance(event, SubscriptionEvent):
            yield from reader.follow(event)


@dataclass(slots=True)
class _State:
    """What is known of a live subscription; `brings` counts now, `will_bring` is committed."""

    brings: Recurring | None = None
    will_bring: Recurring | None = None
    is_ending: bool = False
    planned: Sold | None = None


class EventReader:
    """Follows subscriptions from event to event and tells what changes in their revenue.

    Past due (RenewalPending) counts; trials, first payments that are awaited and suspensions
    don't. With `churn` at the cancellation, a planned end counts as soon as it is planned.
    """

    def __init__(self, amount_of: AmountOf, *, churn: ChurnCounted) -> None:
        """Begin without any subscription."""
        self._amount_of = amount_of
        self._churn = churn
        self._states: dict[str, _State] = {}
        self._at: datetime | None = None

    def follow(self, event: SubscriptionEvent) -> Iterator[RevenueChange]:
        """Yield what the event changes. Raises UnsortedChanges, or what `amount_of` raises."""
        if self._at is not None and event.occurred_at < self._at:
            raise UnsortedChanges(at=event.occurred_at, before=self._at)
        self._at = event.occurred_at
        state = self._states.setdefault(event.subscription_id, _State())
        before = state.brings
        _note_plans(state, event)
        self._settle(state, event)
        if event.status in _TERMINAL:
            del self._states[event.subscription_id]
        yield from _difference(event, before, state.brings)

    def monthly(self, subscription_id: str) -> Fraction:
        """Return what a subscription brings now, in minor units per month."""
        state = self._states.get(subscription_id)
        return state.brings.monthly if state and state.brings else Fraction(0)

    def committed(self) -> dict[str, Fraction]:
        """Return the committed MRR: the MRR that stays once everything that is planned happened.

        Minor units per month, by currency: the MRR, plus what is signed and begins later
        (Pending, scheduled), less planned cancellations, and with planned changes of price or
        quantity in force. A change that still waits for its payment isn't counted, nor a trial.
        """
        sums: defaultdict[str, Fraction] = defaultdict(Fraction)
        for state in self._states.values():
            if state.will_bring is not None:
                sums[state.will_bring.amount.currency] += state.will_bring.monthly
        return dict(sorted(sums.items()))

    def _settle(self, state: _State, event: SubscriptionEvent) -> None:
        is_counted = event.status in _COUNTED
        is_signed = is_counted or (event.status, event.status_reason) == _SIGNED
        if not is_signed:
            state.brings = state.will_bring = None
            return
        now = self._amount_of(event, Sold(event.price_id, event.quantity, event.add_ons))
        is_gone = state.is_ending and self._churn is ChurnCounted.AT_CANCEL
        state.brings = now if is_counted and not is_gone else None
        if state.is_ending:
            state.will_bring = None
        elif state.planned is not None:
            state.will_bring = self._amount_of(event, state.planned)
        else:
            state.will_bring = now


def _note_plans(state: _State, event: SubscriptionEvent) -> None:
    match event:
        case SubscriptionCancelScheduled():
            state.is_ending = True
        case SubscriptionUncancelled():
            state.is_ending = False
        case SubscriptionChangeScheduled():
            planned = Sold(event.new_price_id, event.new_quantity, event.new_add_ons)
            state.planned = planned if event.effective_at is not None else None
        case SubscriptionChangeDropped() | SubscriptionChanged():
            state.planned = None


def _difference(
    event: SubscriptionEvent, before: Recurring | None, after: Recurring | None
) -> Iterator[RevenueChange]:
    if before == after:
        return
    sums: defaultdict[str, Fraction] = defaultdict(Fraction)
    if before is not None:
        sums[before.amount.currency] -= before.monthly
    if after is not None:
        sums[after.amount.currency] += after.monthly
    for currency, monthly in sums.items():
        if monthly:
            yield RevenueChange(
                at=event.occurred_at,
                customer_id=event.customer_id,
                currency=currency,
                monthly=monthly,
            )
