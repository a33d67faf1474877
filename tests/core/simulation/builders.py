"""Builders for the tests of the simulation: small catalogues and populations."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from saaskit_core.catalog import Catalog, load_catalog
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_core.plans import Plan, Price
from saaskit_core.simulation import (
    MonthlyRates,
    OnceRates,
    PaymentRates,
    Population,
    Simulation,
    simulate,
)

ROOT = Path(__file__).resolve().parents[3]
DEMO = load_catalog(ROOT / "examples" / "catalogs" / "demo.yaml")
QUIET = MonthlyRates(**dict.fromkeys(MonthlyRates.model_fields, 0))
SURE = PaymentRates(**dict.fromkeys(PaymentRates.model_fields, 0))
PLAIN = OnceRates(**dict.fromkeys(OnceRates.model_fields, 0))
WILD = Population(
    customers=25,
    growth=0,
    payments=PaymentRates(
        soft_decline="0.15", hard_decline="0.1", requires_action="0.1", late_answer="0.1",
        timeout_before="0.07", timeout_after="0.07", late_refusal="0.4", duplicate="0.5",
    ),
    monthly=MonthlyRates(
        upgrade="0.1", downgrade="0.1", quantity_change="0.1", pause="0.08", cancel="0.08",
        cancel_now="0.05", refund="0.1", extension="0.08", dispute="0.05",
    ),
    once=OnceRates(coupon="0.8", resubscribe="0.9", uncancel="0.5"),
)  # fmt: skip
"""Everything happens often."""


def until(year: int = 2027, month: int = 1) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


def price(plan: str, amount: str, frequency=BillingFrequency.MONTHLY, currency="USD") -> Price:
    return Price(
        id=f"{plan}/{frequency.value}/{currency}",
        plan=plan,
        amount=Money.of(amount, currency),
        frequency=frequency,
    )


def one_plan(amount: str = "10.00", *, trial_days: int = 0, **terms) -> Catalog:
    """A catalogue with one plan at one price."""
    plan = Plan(
        key="pro", name="Pro", trial_days=trial_days, prices=(price("pro", amount, **terms),)
    )
    return Catalog(plans=(plan,))


def calm(**given) -> Population:
    """A population in which nothing goes wrong and nobody changes his mind."""
    usual = {"customers": 5, "growth": 0, "quantities": {1: 1}, "zones": {"UTC": 1}}
    rates = {"payments": SURE, "monthly": QUIET, "once": PLAIN}
    return Population(**{**usual, **rates, **given})


def run(catalog=DEMO, population=WILD, *, end=None, **given) -> Simulation:
    return simulate(catalog, population, until=end or until(), **given)


def open_sums(found: Simulation, currency: str) -> dict[str, int]:
    """What an invoice's total may have become."""
    return {
        name: found.total(name, currency)
        for name in ("collected", "overpaid", "credit_used", "credit_returned", "written_off",
                     "voided", "still_open", "invoiced", "credited", "wallets")
    }  # fmt: skip
