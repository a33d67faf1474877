"""What a simulation found, as a value: tables by month, plan and sign-up month."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

from saaskit_core.simulation.tallies import levels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from saaskit_core.billing.invoices import InvoiceDraft
    from saaskit_core.simulation.lives import Life
    from saaskit_core.simulation.populations import Population
    from saaskit_core.simulation.tallies import Tally

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedInvoice:
    """One invoice and what became of it; `draft` holds its explained lines."""

    customer_id: str
    subscription_id: str
    key: str
    kind: str
    issued_at: datetime
    status: str
    closed_at: datetime | None
    draft: InvoiceDraft
    received: int
    refunded: int
    attempts: int


def invoices_of(life: Life) -> Iterator[SimulatedInvoice]:
    """Yield a life's invoices, in the order in which they were issued."""
    for bill in life.bills.values():
        yield SimulatedInvoice(
            customer_id=life.id,
            subscription_id=bill.subscription_id,
            key=bill.key,
            kind=bill.kind.value,
            issued_at=bill.issued_at,
            status=bill.status.value,
            closed_at=bill.closed_at,
            draft=bill.draft,
            received=sum(payment.facts.received.minor for payment in bill.payments),
            refunded=sum(payment.facts.refunded.minor for payment in bill.payments),
            attempts=len(bill.payments),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One month. Amounts are minor units per currency; levels are those at the month's end.

    `counts` counts what happened, `statuses` and `plans` the subscriptions; `money` sums
    what was invoiced, collected, refunded, written off; `mrr` is per currency and plan, `movements`
    per currency and kind, both exact.
    """

    starts_at: datetime
    counts: Mapping[str, int]
    statuses: Mapping[str, int]
    plans: Mapping[str, int]
    money: Mapping[str, Mapping[str, int]]
    mrr: Mapping[str, Mapping[str, Fraction]]
    movements: Mapping[str, Mapping[str, Fraction]]

    def revenue(self, currency: str) -> Fraction:
        """Return the recurring revenue at the month's end, exact."""
        return sum(self.mrr.get(currency, {}).values(), Fraction(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Who signed up in one month: how many, and how many paid at the end of each month from it."""

    starts_at: datetime
    size: int
    paying: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Everything that was counted. The same seed and arguments give the same `fingerprint`.

    `invoices` are there when they were kept, `story` when one customer was run.
    """

    seed: int
    starts_at: datetime
    until: datetime
    population: Population
    plans: Mapping[str, str]
    months: tuple[Month, ...]
    cohorts: tuple[Cohort, ...]
    fingerprint: str
    invoices: tuple[SimulatedInvoice, ...] = ()
    story: tuple[str, ...] = ()

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies in which something was invoiced or recurs."""
        return tuple(sorted({each for month in self.months for each in (*month.money, *month.mrr)}))

    @property
    def signups(self) -> int:
        """How many customers there were."""
        return self.count("signups")

    @property
    def subscription_months(self) -> int:
        """How many subscriptions were live at the ends of all months together."""
        return sum(sum(month.plans.values()) for month in self.months)

    @property
    def dunning(self) -> dict[str, int]:
        """What became of charges of renewals, by name, in the order of events."""
        entered = self.count("dunning_entered")
        recovered, late = self.count("dunning_recovered"), self.count("dunning_recovered_late")
        lost, still_open = self.count("dunning_lost"), self.count("dunning_open")
        return {
            "Renewals": self.count("renewals"),
            "First charge failed": entered,
            "Recovered within grace": recovered,
            "Recovered after suspension": late,
            "Written off": lost,
            "Still open": still_open,
            "Cancelled or forgiven": entered - recovered - late - lost - still_open,
        }

    def count(self, name: str) -> int:
        """Return how often something happened in all."""
        return sum(month.counts.get(name, 0) for month in self.months)

    def total(self, name: str, currency: str) -> int:
        """Return a sum over all months, in minor units."""
        return sum(month.money.get(currency, {}).get(name, 0) for month in self.months)


def months_of(tally: Tally, boundaries: Sequence[datetime]) -> tuple[Month, ...]:
    """Turn what was counted into a row per month."""
    statuses = {name: levels(row) for name, row in sorted(tally.statuses.items())}
    plans = {name: levels(row) for name, row in sorted(tally.plans.items())}
    mrr = {key: list(accumulate(row)) for key, row in sorted(tally.mrr.items())}
    return tuple(
        Month(
            starts_at=boundaries[place],
            counts={name: row[place] for name, row in sorted(tally.counts.items())},
            statuses={name: row[place] for name, row in statuses.items()},
            plans={name: row[place] for name, row in plans.items()},
            money=_by_currency(tally.money, place),
            mrr=_by_currency(mrr, place),
            movements=_by_currency(tally.movements, place),
        )
        for place in range(tally.months)
    )


def cohorts_of(
    tally: Tally, boundaries: Sequence[datetime], joining: Sequence[int]
) -> tuple[Cohort, ...]:
    """Turn what was counted into a row per month of sign-up."""
    return tuple(
        Cohort(
            starts_at=boundaries[place],
            size=size,
            paying=tuple(levels(tally.cohorts[place])[place:]),
        )
        for place, size in enumerate(joining)
    )


def disagreement(months: Sequence[Month]) -> str:
    """Name the month whose movements so far aren't its revenue; "" when all agree."""
    sums: defaultdict[str, Fraction] = defaultdict(Fraction)
    for month in months:
        for currency in {*month.movements, *month.mrr}:
            sums[currency] += sum(month.movements.get(currency, {}).values())
            if sums[currency] != month.revenue(currency):
                return f"{month.starts_at:%Y-%m} in {currency}"
    return ""


def _by_currency(
    rows: Mapping[tuple[str, str], Sequence[T]], place: int
) -> dict[str, dict[str, T]]:
    found: dict[str, dict[str, T]] = {}
    for (currency, name), row in sorted(rows.items()):
        found.setdefault(currency, {})[name] = row[place]
    return found
