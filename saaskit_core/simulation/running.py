"""`simulate`: a whole customer base through the years, one customer after another."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from hashlib import blake2b
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.periods import InvalidPeriod, add_months, utc
from saaskit_core.simulation.customers import born, live
from saaskit_core.simulation.lives import SimulationStopped, World
from saaskit_core.simulation.markets import open_market
from saaskit_core.simulation.payers import ScriptedPayer
from saaskit_core.simulation.populations import MOST_CUSTOMERS, InvalidPopulation, Population
from saaskit_core.simulation.results import (
    SimulatedInvoice,
    Simulation,
    cohorts_of,
    disagreement,
    invoices_of,
    months_of,
)
from saaskit_core.simulation.tallies import Tally
from saaskit_core.subscriptions.policies import Policies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from saaskit_core.catalog import Catalog
    from saaskit_core.simulation.lives import Life, Moment
    from saaskit_core.simulation.markets import Market
    from saaskit_core.simulation.payers import Payer
    from saaskit_core.simulation.results import Month
    from saaskit_core.simulation.streams import Stream

START = datetime(2026, 1, 1, tzinfo=UTC)
"""When a simulation begins unless it is told otherwise: no clock is read."""
MOST_MONTHS = 1200


class SimulationTooLong(SaasKitError):
    code = "simulation_too_long"
    template = "%(months)s months are more than %(most)s."


class NoSuchCustomer(SaasKitError):
    code = "no_such_simulated_customer"
    kind = ErrorKind.NOT_FOUND
    template = "There is no customer %(customer)s: the population has %(known)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a run is watched and driven.

    `payer` makes each customer's provider; `checks` are rules of one's own, asked after every step:
    a text says what is wrong and stops the run. `sink` is given every invoice when its customer's
    life is over, `keep_invoices` keeps them in the result; `progress` is told after each customer
    how many are done, and of how many.
    """

    payer: Callable[[Market, Stream], Payer] = ScriptedPayer
    checks: tuple[Callable[[Moment], str], ...] = ()
    sink: Callable[[SimulatedInvoice], None] | None = None
    keep_invoices: bool = False
    progress: Callable[[int, int], None] | None = None


UNWATCHED = Watch()
USUAL = Population()


def simulate(
    catalog: Catalog,
    population: Population = USUAL,
    *,
    until: datetime,
    starts_at: datetime = START,
    seed: int = 0,
    policies: Policies | None = None,
    only: str = "",
    watch: Watch = UNWATCHED,
) -> Simulation:
    """Run a customer base through time with the rules that bill, and count month by month.

    The same arguments give the same result everywhere. Customers are called "month-number" after
    their sign-up; each has his own stream of chance, so that a larger population keeps the lives of
    the smaller one. `only` runs a single one and tells his story.

    Raises InvalidPopulation, InvalidPeriod, SimulationTooLong, NoSuchCustomer; SimulationStopped
    when a rule that must always hold was broken.
    """
    world = _world(catalog, population, (utc(starts_at), utc(until)), seed, policies, watch)
    joining = _joining(population, len(world.boundaries) - 1)
    who = (_place(only, joining),) if only else _everybody(joining)
    ran = _ran(who, world, watch, count=1 if only else sum(joining))
    months = months_of(ran.tally, world.boundaries)
    _check_months(months, seed)
    return Simulation(
        seed=seed,
        starts_at=world.boundaries[0],
        until=world.until,
        population=population,
        plans={plan.key: plan.name for plan in catalog.plans},
        months=months,
        cohorts=cohorts_of(ran.tally, world.boundaries, joining),
        fingerprint=ran.fingerprint,
        invoices=tuple(ran.kept),
        story=tuple(ran.story) if only else (),
    )


def _world(
    catalog: Catalog,
    population: Population,
    span: tuple[datetime, datetime],
    seed: int,
    policies: Policies | None,
    watch: Watch,
) -> World:
    return World(
        market=open_market(catalog, population),
        policies=policies or Policies(),
        seed=seed,
        boundaries=_boundaries(*span),
        until=span[1],
        checks=watch.checks,
    )


@dataclass(slots=True, kw_only=True)
class _Ran:
    tally: Tally
    fingerprint: str = ""
    kept: list[SimulatedInvoice] = field(default_factory=list)
    story: list[str] = field(default_factory=list)


def _ran(who: Iterable[tuple[int, int]], world: World, watch: Watch, *, count: int) -> _Ran:
    """Run one life after another; of each only what was counted stays."""
    ran = _Ran(tally=Tally(len(world.boundaries) - 1))
    fingerprint = blake2b(digest_size=16)
    for done, (month, number) in enumerate(who, 1):
        life = born(month=month, number=number, world=world, tally=ran.tally, payer=watch.payer)
        _lived(life)
        fingerprint.update("\n".join((life.id, *life.trace, "")).encode())
        ran.story = life.trace
        _pass_on(life, watch, ran.kept)
        if watch.progress is not None:
            watch.progress(done, count)
    ran.fingerprint = fingerprint.hexdigest()
    return ran


def _check_months(months: Sequence[Month], seed: int) -> None:
    """The movements of all customers together are the revenue, month by month."""
    found = disagreement(months)
    if found:
        problem = f"the movements aren't the recurring revenue of {found}"
        raise SimulationStopped(
            customer="of them all", step=0, at=found, seed=seed, problem=problem
        )


def _lived(life: Life) -> None:
    """Whatever the rules refuse in the middle of a life is a broken rule, told with its place."""
    try:
        live(life)
    except SimulationStopped:
        raise
    except SaasKitError as exc:
        try:
            life.stop(f"{exc.code}: {exc}")
        except SimulationStopped as stopped:
            raise stopped from exc


def _pass_on(life: Life, watch: Watch, kept: list[SimulatedInvoice]) -> None:
    if watch.sink is None and not watch.keep_invoices:
        return
    for invoice in invoices_of(life):
        if watch.keep_invoices:
            kept.append(invoice)
        if watch.sink is not None:
            watch.sink(invoice)


def _boundaries(starts_at: datetime, until: datetime) -> tuple[datetime, ...]:
    """Months from the start on; the last one may reach beyond the end."""
    if until <= starts_at:
        raise InvalidPeriod(starts_at=starts_at.isoformat(), ends_at=until.isoformat())
    found = [starts_at]
    while found[-1] < until:
        if len(found) > MOST_MONTHS:
            months = (until - starts_at) // timedelta(days=30)
            raise SimulationTooLong(months=months, most=MOST_MONTHS)
        found.append(add_months(starts_at, len(found)))
    return tuple(found)


def _joining(population: Population, months: int) -> tuple[int, ...]:
    """Return how many sign up in each month, computed exactly. Raises InvalidPopulation."""
    factor = 1 + Fraction(population.growth)
    so_far, joining, exact = 0, [], Fraction(population.customers)
    for _ in range(months):
        joining.append(int(exact) - so_far)
        so_far = int(exact)
        if so_far > MOST_CUSTOMERS:
            raise InvalidPopulation(problem=f"it grows to more than {MOST_CUSTOMERS} customers")
        exact *= factor
    return tuple(joining)


def _everybody(joining: Sequence[int]) -> Iterator[tuple[int, int]]:
    for month, count in enumerate(joining):
        for number in range(1, count + 1):
            yield month, number


def _place(name: str, joining: Sequence[int]) -> tuple[int, int]:
    month, _, number = name.partition("-")
    if month.isdecimal() and number.isdecimal() and int(month) < len(joining):
        place = (int(month), int(number))
        if 1 <= place[1] <= joining[place[0]] and name == f"{place[0]}-{place[1]}":
            return place
    known = f"0-1 to {len(joining) - 1}-{joining[-1]}"
    raise NoSuchCustomer(customer=repr(name)[:40], known=known)
