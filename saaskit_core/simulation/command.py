"""`saaskit simulate`: a customer base through the years, as figures, JSON or an HTML report."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from saaskit_core.analytics.mrr import as_money
from saaskit_core.catalog import load_catalog, parse_catalog
from saaskit_core.errors import SaasKitError
from saaskit_core.money import Money
from saaskit_core.periods import add_months
from saaskit_core.simulation.documents import as_document
from saaskit_core.simulation.page import write_page
from saaskit_core.simulation.populations import Population, read_population
from saaskit_core.simulation.progress import Progress
from saaskit_core.simulation.running import MOST_MONTHS, START, SimulationTooLong, Watch, simulate

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from saaskit_core.catalog import Catalog
    from saaskit_core.simulation.results import Simulation

OWN_CATALOG = "catalog.json"


class BadSimulationArgument(SaasKitError):
    code = "bad_simulation_argument"
    template = "%(argument)s can't be used: %(problem)s."


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("catalog", nargs="?", help="YAML or JSON (default: one that is built in)")
    parser.add_argument("--customers", type=int, help="how many sign up in the first month")
    parser.add_argument("--months", type=int, default=24, help="default: 24")
    parser.add_argument("--from", dest="starts_at", help="ISO date (default: 2026-01-01)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another chance")
    parser.add_argument("--population", metavar="FILE", help="who they are: YAML or JSON")
    parser.add_argument("--only", default="", metavar="NAME", help="one customer, with his story")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--html", metavar="FILE", help="also write a report with charts")
    parser.add_argument("--quiet", action="store_true", help="no progress on the error stream")


def run(arguments: Namespace, *, now: datetime, out: TextIO, err: TextIO) -> int:  # noqa: ARG001
    """Simulate and write. Raises what `simulate` raises, CatalogError, BadSimulationArgument."""
    starts_at = _instant(arguments.starts_at)
    catalog, population = _catalog(arguments.catalog), _population(arguments)
    page = _writable(arguments.html)
    progress = None
    if not arguments.quiet and not arguments.only:
        progress = Progress(err, clock=arguments.clock, what="customers")
    simulation = simulate(
        catalog,
        population,
        starts_at=starts_at,
        until=_until(starts_at, arguments.months),
        seed=arguments.seed,
        only=arguments.only,
        watch=Watch(progress=progress, keep_invoices=bool(arguments.only)),
    )
    if page is not None:
        page.write_text(write_page(simulation), encoding="utf-8")
    if arguments.json:
        out.write(json.dumps(as_document(simulation), indent=2) + "\n")
        return 0
    _write_text(out, simulation)
    if page is not None:
        out.write(f"report: {page}\n")
    return 0


def _catalog(name: str | None) -> Catalog:
    if name is None:
        text = files("saaskit_core.simulation").joinpath(OWN_CATALOG).read_text(encoding="utf-8")
        return parse_catalog(text, file=OWN_CATALOG)
    try:
        return load_catalog(Path(name))
    except OSError as exc:
        raise BadSimulationArgument(argument=name, problem=_reason(exc)) from exc


def _population(arguments: Namespace) -> Population:
    population = Population()
    if arguments.population:
        try:
            text = Path(arguments.population).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise BadSimulationArgument(
                argument=arguments.population, problem=_reason(exc)
            ) from exc
        population = read_population(text, file=arguments.population)
    if arguments.customers is None:
        return population
    return Population(**{**dict(population), "customers": arguments.customers})


def _writable(name: str | None) -> Path | None:
    """Find out before the work, not after it, that there is no such folder."""
    if name is None:
        return None
    path = Path(name)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise BadSimulationArgument(argument=name, problem="there is no such folder for the report")
    return path


def _reason(exc: OSError | UnicodeDecodeError) -> str:
    if isinstance(exc, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return exc.strerror or "it is not readable"


def _instant(text: str | None) -> datetime:
    if text is None:
        return START
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        problem = f"{text[:40]!r} is not an ISO date"
        raise BadSimulationArgument(argument="--from", problem=problem) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _until(starts_at: datetime, months: int) -> datetime:
    if months < 1:
        raise BadSimulationArgument(argument="--months", problem="it is 1 or more")
    if months > MOST_MONTHS:
        raise SimulationTooLong(months=months, most=MOST_MONTHS)
    return add_months(starts_at, months)


def _write_text(out: TextIO, simulation: Simulation) -> None:
    if simulation.story:
        _write_story(out, simulation)
    out.write(
        f"{simulation.signups:,} customers, {simulation.starts_at:%Y-%m-%d} to "
        f"{simulation.until:%Y-%m-%d}, seed {simulation.seed}\n"
    )
    for currency in simulation.currencies:
        _write_currency(out, simulation, currency)
    for name, count in simulation.dunning.items():
        out.write(f"  {name:<28}{count:>16,}\n")
    out.write(f"every rule held in {simulation.subscription_months:,} subscription-months\n")
    out.write(f"fingerprint {simulation.fingerprint}\n")


def _write_currency(out: TextIO, simulation: Simulation, currency: str) -> None:
    out.write(f"{currency}\n")
    revenue = as_money(simulation.months[-1].revenue(currency), currency)
    out.write(f"  {'MRR at the end':<28}{revenue.decimal:>16,f}\n")
    for name in ("invoiced", "collected", "credit_used", "refunded", "voided", "written_off"):
        amount = Money(simulation.total(name, currency), currency)
        out.write(f"  {name.replace('_', ' '):<28}{amount.decimal:>16,f}\n")


def _write_story(out: TextIO, simulation: Simulation) -> None:
    out.writelines(f"{told}\n" for told in simulation.story)
    for invoice in simulation.invoices:
        out.write(f"\n{invoice.issued_at.isoformat()} {invoice.key}: {invoice.status}\n")
        for line in invoice.draft.lines:
            out.write(f"  {line.total.decimal:>12,f}  {line.explanation}\n")
    out.write("\n")
