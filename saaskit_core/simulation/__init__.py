"""Simulations: a customer base lives through years, offline, by the very rules that bill."""

from __future__ import annotations

from saaskit_core.simulation.lives import Moment, SimulationStopped
from saaskit_core.simulation.payers import Charge, Payer, ScriptedPayer
from saaskit_core.simulation.populations import (
    InvalidPopulation,
    MonthlyRates,
    OnceRates,
    PaymentRates,
    Population,
    read_population,
)
from saaskit_core.simulation.results import Cohort, Month, SimulatedInvoice, Simulation
from saaskit_core.simulation.running import NoSuchCustomer, SimulationTooLong, Watch, simulate

__all__ = [
    "Charge",
    "Cohort",
    "InvalidPopulation",
    "Moment",
    "Month",
    "MonthlyRates",
    "NoSuchCustomer",
    "OnceRates",
    "Payer",
    "PaymentRates",
    "Population",
    "ScriptedPayer",
    "SimulatedInvoice",
    "Simulation",
    "SimulationStopped",
    "SimulationTooLong",
    "Watch",
    "read_population",
    "simulate",
]
