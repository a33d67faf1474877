"""Trials: how many of those that began in a month became paying subscriptions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.subscriptions.events import SubscriptionTrialStarted
from saaskit_core.subscriptions.states import TERMINAL, SubscriptionStatus

if TYPE_CHECKING:
    from saaskit_core.analytics.months import Calendar, Month
    from saaskit_core.subscriptions.events import SubscriptionEvent

_ENDED = frozenset(status.value for status in TERMINAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialMonth:
    """The trials that began in a month: converted, lost, or not decided yet.

    Converted is the first Active at a price above nothing: the first payment has come. Lost is an
    end without that, and Active at a price of nothing. One whose first payment is open is neither.
    """

    month: Month
    started: int
    converted: int
    lost: int

    @property
    def undecided(self) -> int:
        """How many are on trial, or have their first payment open."""
        return self.started - self.converted - self.lost

    @property
    def conversion_rate(self) -> Fraction | None:
        """Those that converted, of those that are decided; None while there are none.

        By the month in which the trial began, so that a late conversion counts where it belongs.
        """
        decided = self.converted + self.lost
        return Fraction(self.converted, decided) if decided else None


class Trials:
    """Follows trials from their start; keeps one number per trial that isn't decided."""

    def __init__(self, calendar: Calendar) -> None:
        """Begin without any trial."""
        self._calendar = calendar
        self._open: dict[str, int] = {}
        self._counts = [[0, 0, 0] for _ in range(len(calendar.months) + 2)]

    def follow(self, event: SubscriptionEvent, *, is_paid: bool) -> None:
        """Take in an event; `is_paid` says that the subscription brings more than nothing."""
        if isinstance(event, SubscriptionTrialStarted) and event.subscription_id not in self._open:
            place = self._calendar.place(event.occurred_at)
            self._open[event.subscription_id] = place
            self._counts[place][0] += 1
            return
        place = self._open.get(event.subscription_id, -1)
        if place < 0:
            return
        if event.status == SubscriptionStatus.ACTIVE.value:
            self._decide(event, place, 1 if is_paid else 2)
        elif event.status in _ENDED:
            self._decide(event, place, 2)

    def months(self) -> tuple[TrialMonth, ...]:
        """Return the figures of each month of the calendar."""
        counted = zip(self._calendar.months, self._counts[1:-1], strict=True)
        return tuple(
            TrialMonth(month=month, started=started, converted=converted, lost=lost)
            for month, (started, converted, lost) in counted
        )

    def _decide(self, event: SubscriptionEvent, place: int, outcome: int) -> None:
        del self._open[event.subscription_id]
        self._counts[place][outcome] += 1
