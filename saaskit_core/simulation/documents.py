"""A simulation as plain data for machines: amounts as decimal strings, revenue exact beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.analytics.mrr import as_money
from saaskit_core.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from saaskit_core.simulation.results import Cohort, Month, Simulation


def as_document(simulation: Simulation) -> dict[str, object]:
    """Return everything that was counted as what `json.dumps` takes."""
    return {
        "seed": simulation.seed,
        "starts_at": simulation.starts_at.isoformat(),
        "until": simulation.until.isoformat(),
        "fingerprint": simulation.fingerprint,
        "customers": simulation.signups,
        "subscription_months": simulation.subscription_months,
        "totals": {
            "counts": {name: simulation.count(name) for name in _counted(simulation)},
            "money": {each: _totals(simulation, each) for each in simulation.currencies},
        },
        "dunning": dict(simulation.dunning),
        "months": [_month(month) for month in simulation.months],
        "cohorts": [_cohort(cohort) for cohort in simulation.cohorts],
        "population": simulation.population.model_dump(mode="json"),
        "story": list(simulation.story),
    }


def _counted(simulation: Simulation) -> list[str]:
    return sorted({name for month in simulation.months for name in month.counts})


def _totals(simulation: Simulation, currency: str) -> dict[str, str]:
    names = sorted({name for month in simulation.months for name in month.money.get(currency, {})})
    return {name: _plain(simulation.total(name, currency), currency) for name in names}


def _month(month: Month) -> dict[str, object]:
    return {
        "starts_at": month.starts_at.isoformat(),
        "counts": dict(month.counts),
        "statuses": dict(month.statuses),
        "plans": dict(month.plans),
        "money": {
            currency: {name: _plain(minor, currency) for name, minor in sums.items()}
            for currency, sums in month.money.items()
        },
        "mrr": {
            currency: {**_exact(month.revenue(currency), currency), "plans": _each(plans, currency)}
            for currency, plans in month.mrr.items()
        },
        "movements": {
            currency: _each(kinds, currency) for currency, kinds in month.movements.items()
        },
    }


def _cohort(cohort: Cohort) -> dict[str, object]:
    return {
        "starts_at": cohort.starts_at.isoformat(),
        "size": cohort.size,
        "paying": list(cohort.paying),
    }


def _each(amounts: Mapping[str, Fraction], currency: str) -> dict[str, dict[str, str]]:
    return {name: _exact(monthly, currency) for name, monthly in amounts.items()}


def _exact(monthly: Fraction, currency: str) -> dict[str, str]:
    return {"amount": f"{as_money(monthly, currency).decimal:f}", "exact_minor": str(monthly)}


def _plain(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).decimal:f}"
