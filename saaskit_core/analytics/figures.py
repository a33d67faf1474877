"""What a month of recurring revenue comes to: movements, churn, retention, revenue per customer.

Amounts are minor units per month and rates are fractions of one, both exact. A rate is None where
nothing was there to divide by. One currency each: a customer who pays in two counts in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saaskit_core.analytics.months import Month
    from saaskit_core.analytics.movements import MovementKind


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFigures:
    """One month in one currency. A customer is who brings more than nothing in it.

    `opening` and `closing` are the MRR at the month's two ends; Σ `movements` is their difference.
    `gained` and `lost` compare, customer by customer, the two ends for those who were there at the
    start: what they brought more, and what they brought less. `customers_lost` of them are gone.
    """

    month: Month
    currency: str
    opening: Fraction
    closing: Fraction
    movements: Mapping[MovementKind, Fraction]
    moved: Mapping[MovementKind, int]
    customers_at_start: int
    customers_at_end: int
    customers_lost: int
    gained: Fraction
    lost: Fraction

    @property
    def arr(self) -> Fraction:
        """Annual recurring revenue at the month's end: twelve times the MRR."""
        return 12 * self.closing

    @property
    def customer_churn_rate(self) -> Fraction | None:
        """Customers of the start who are gone at the end, of the customers at the start.

        Who comes and goes within the month isn't in it. Source: ChartMogul, Customer Churn Rate.
        """
        return _share(self.customers_lost, self.customers_at_start)

    @property
    def gross_churn_rate(self) -> Fraction | None:
        """Revenue that customers of the start took away (churn and contraction), of the opening.

        Never above one. Source: ChartMogul, Gross MRR Churn Rate.
        """
        return _share(self.lost, self.opening)

    @property
    def net_churn_rate(self) -> Fraction | None:
        """Gross churn less what the other customers of the start added; below zero it is growth.

        Source: ChartMogul, Net MRR Churn Rate.
        """
        return _share(self.lost - self.gained, self.opening)

    @property
    def nrr(self) -> Fraction | None:
        """Net revenue retention: what the customers of the start bring at the end, of the opening.

        One less the gross churn rate plus expansion. New customers aren't in it.
        """
        return _share(self.opening - self.lost + self.gained, self.opening)

    @property
    def grr(self) -> Fraction | None:
        """Gross revenue retention: the same without expansion, each capped at his opening."""
        return _share(self.opening - self.lost, self.opening)

    @property
    def arpu(self) -> Fraction | None:
        """Average revenue per customer and month at the month's end."""
        return _share(self.closing, self.customers_at_end)


def lifetime_value(figures: MonthFigures, *, margin: Fraction = Fraction(1)) -> Fraction | None:
    """Return the revenue that a customer is expected to bring: ARPU × margin ÷ customer churn rate.

    `margin` is the gross margin, 1 for revenue. At zero churn a lifetime has no end and the formula
    no value: None, never a made-up number; so also without customers. Source: ChartMogul, LTV.
    """
    churn, arpu = figures.customer_churn_rate, figures.arpu
    if not churn or arpu is None:
        return None
    return arpu * margin / churn


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The customers whose first revenue came in one month, and what became of them.

    `month` is None for those from before the first month asked for. `customers` is how many there
    are, `revenue` what they brought as they began. The n-th of `customers_kept` and `revenue_kept`
    is at the end of the n-th month, the starting month being the 0th (without one: the first
    month asked for). Who returns counts again in his own cohort.
    """

    month: Month | None
    currency: str
    customers: int
    revenue: Fraction
    customers_kept: tuple[int, ...]
    revenue_kept: tuple[Fraction, ...]

    @property
    def customer_retention(self) -> tuple[Fraction, ...]:
        """The shares of the cohort's customers who are there, month by month."""
        return tuple(Fraction(kept, self.customers) for kept in self.customers_kept)

    @property
    def revenue_retention(self) -> tuple[Fraction, ...]:
        """The shares of the cohort's first revenue that it brings; above one it has grown."""
        return tuple(kept / self.revenue for kept in self.revenue_kept)


def _share(part: Fraction | int, whole: Fraction | int) -> Fraction | None:
    return Fraction(part) / whole if whole else None
