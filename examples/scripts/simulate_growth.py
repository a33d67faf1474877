"""Two years of a small business, three times: as it is, with worse cards, with better dunning too.

Its catalogue is YAML, which needs `pip install "saaskit[yaml]"`; one in JSON needs nothing.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from saaskit_core.analytics.mrr import as_money
from saaskit_core.catalog import load_catalog
from saaskit_core.simulation import PaymentRates, Population, Simulation, simulate
from saaskit_core.subscriptions.policies import Policies

CATALOG = Path(__file__).resolve().parents[1] / "catalogs" / "demo.yaml"
USUAL = Policies()
PATIENT = replace(USUAL, dunning_days=(1, 3, 5, 7, 10, 14, 18), dunning_end_days=28)
WORSE = PaymentRates(soft_decline="0.15", hard_decline="0.03")


def main() -> None:
    population = Population(customers=150, currencies={"USD": 1})
    worse = Population(customers=150, currencies={"USD": 1}, payments=WORSE)
    tell("as it is", live(population, USUAL))
    tell("worse cards", live(worse, USUAL))
    tell("worse cards, more retries", live(worse, PATIENT))


def live(population: Population, policies: Policies) -> Simulation:
    return simulate(
        load_catalog(CATALOG),
        population,
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        until=datetime(2028, 1, 1, tzinfo=UTC),
        seed=7,
        policies=policies,
    )


def tell(name: str, found: Simulation) -> None:
    dunning = found.dunning
    revenue = as_money(found.months[-1].revenue("USD"), "USD")
    print(
        f"{name}: {revenue} MRR after {len(found.months)} months, "
        f"{dunning['First charge failed']} of {dunning['Renewals']} renewals failed, "
        f"{dunning['Written off']} were written off"
    )


if __name__ == "__main__":
    main()
