"""Simulation: a customer base through 36 months, every invoice explained, every rule checked.

Processor time and peak memory of fresh processes, one per size, so that the slope is seen. The
catalogue, the mixes and the rates are the built-in ones, without growth.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from dataclasses import dataclass

from tests.bench.report import Row

MONTHS = 36
SIZES = (625, 2_500, 10_000)
ROUNDS = 3
PER_SECOND_GOAL = 5_000
SECONDS_GOAL = 90
MEMORY_GOAL = 500
SLOPE_GOAL = 1.1
RUN = """
import json, resource, sys, time
from importlib.resources import files
from datetime import UTC, datetime
from saaskit_core.catalog import parse_catalog
from saaskit_core.simulation import Population, Watch, simulate
months, population = int(sys.argv[1]), Population(**json.loads(sys.argv[2]))
text = files("saaskit_core.simulation").joinpath("catalog.json").read_text(encoding="utf-8")
catalog = parse_catalog(text, file="catalog.json")
explained = [0]
def look(invoice):
    explained[0] += all(line.explanation for line in invoice.draft.lines)
begun = time.process_time()
found = simulate(
    catalog,
    population,
    until=datetime(2026 + months // 12, 1, 1, tzinfo=UTC),
    seed=1,
    watch=Watch(sink=look),
)
taken = time.process_time() - begun
assert explained[0] == found.count("invoices")
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps([taken, found.subscription_months, found.count("invoices"), memory]))
"""


@dataclass(frozen=True, kw_only=True)
class Measured:
    customers: int
    seconds: float
    months: int
    invoices: int
    memory: int

    @property
    def per_second(self) -> float:
        return self.months / self.seconds


def measure() -> list[Row]:
    """Measure three sizes; the largest once, the others as medians."""
    found = [_median(size, 1 if size == SIZES[-1] else ROUNDS) for size in SIZES]
    small, large = found[0], found[-1]
    return [
        *(_speed(each, small) for each in found),
        _dense(),
        _whole(large),
        _memory(small, large),
        _slope(small, large),
    ]


def _speed(each: Measured, small: Measured) -> Row:
    return Row(
        what=f"subscription-months a second, {each.customers:,} customers: {each.invoices:,} bills",
        ours=f"{each.per_second:,.0f}",
        beside=f"{small.per_second:,.0f} with {small.customers:,}",
        ratio=each.per_second / PER_SECOND_GOAL,
        goal=f"≥ {PER_SECOND_GOAL:,}",
        met=each.per_second >= PER_SECOND_GOAL,
    )


def _whole(large: Measured) -> Row:
    return Row(
        what=f"{large.customers:,} customers through {MONTHS} months",
        ours=f"{large.seconds:.1f} s",
        beside=f"{SECONDS_GOAL} s",
        ratio=large.seconds / SECONDS_GOAL,
        goal=f"≤ {SECONDS_GOAL} s",
        met=large.seconds <= SECONDS_GOAL,
    )


def _memory(small: Measured, large: Measured) -> Row:
    return Row(
        what=f"peak memory with {large.customers:,} customers",
        ours=f"{large.memory} MiB",
        beside=f"{small.memory} MiB with {small.customers:,}",
        ratio=large.memory / small.memory,
        goal=f"≤ {MEMORY_GOAL} MiB",
        met=large.memory <= MEMORY_GOAL,
    )


def _slope(small: Measured, large: Measured) -> Row:
    grown = math.log(large.seconds / small.seconds)
    slope = grown / math.log(large.customers / small.customers)
    return Row(
        what="slope: time grows with customers to the power of",
        ours=f"{slope:.2f}",
        beside="1.00",
        ratio=slope,
        goal=f"≤ {SLOPE_GOAL}",
        met=slope <= SLOPE_GOAL,
    )


def _dense() -> Row:
    """Nobody is free or pays by the year: each subscription-month has its invoice."""
    found = _median(SIZES[0], ROUNDS, plans={"pro": 1}, frequencies={"Monthly": 1})
    return Row(
        what=f"the same where all pay monthly: {found.invoices:,} bills",
        ours=f"{found.per_second:,.0f}",
        beside=f"{found.seconds / found.invoices * 1e6:.0f} µs for each bill, life and all",
        ratio=found.per_second / PER_SECOND_GOAL,
        goal="shown",
        met=True,
    )


def _median(customers: int, rounds: int, **population: object) -> Measured:
    runs = [_run({"customers": customers, "growth": 0, **population}) for _ in range(rounds)]
    return Measured(
        customers=customers,
        seconds=statistics.median(run[0] for run in runs),
        months=runs[0][1],
        invoices=runs[0][2],
        memory=max(run[3] for run in runs),
    )


def _run(population: dict[str, object]) -> list[int]:
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(MONTHS), json.dumps(population)],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)
