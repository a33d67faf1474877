"""The report: one self-contained HTML page with charts, each beside the table of its numbers."""

from __future__ import annotations

from fractions import Fraction
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from saaskit_core.analytics.movements import MovementKind
from saaskit_core.analytics.mrr import as_money
from saaskit_core.money import Money, exponent, round_half_away
from saaskit_core.simulation.charts import (
    COLOURS,
    Axis,
    Series,
    bars,
    funnel,
    heat_map,
    stacked_areas,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from saaskit_core.simulation.results import Simulation

KIND_COLOURS = {
    MovementKind.NEW: 1,
    MovementKind.EXPANSION: 3,
    MovementKind.REACTIVATION: 5,
    MovementKind.CONTRACTION: 2,
    MovementKind.CHURN: 4,
}
MOST_COHORTS = 36
"""Rows of the heat map; the table has them all."""
SUMS = ("invoiced", "collected", "refunded", "credit_used", "voided", "written_off")
COUNTS = ("signups", "subscriptions", "renewals", "upgrades", "downgrades", "ended", "refunds")


def write_page(simulation: Simulation) -> str:
    """Return the report as one HTML document that loads nothing and runs nothing."""
    style = files("saaskit_core.simulation").joinpath("style.css").read_text(encoding="utf-8")
    sections = [
        section
        for currency in simulation.currencies
        for section in (_revenue(simulation, currency), _moved(simulation, currency))
    ]
    sections += [
        _cohorts(simulation),
        _dunning(simulation),
        *_books(simulation),
        _turns(simulation),
    ]
    title = f"{simulation.signups:,} customers, {len(simulation.months)} months"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>Simulation: {escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#figures">Skip to the figures</a>\n'
        f'{_header(simulation, title)}<main class="inner" id="figures">\n{"".join(sections)}'
        f"</main>\n{_footer(simulation)}</body>\n</html>\n"
    )


def _header(simulation: Simulation, title: str) -> str:
    last = simulation.months[-1]
    tiles = [
        (
            f"MRR in {currency}",
            f"{as_money(last.revenue(currency), currency).decimal:,f}",
            "at the end",
        )
        for currency in simulation.currencies
    ]
    tiles += [
        (f"Collected in {each}", _plain(simulation.total("collected", each), each), "in all")
        for each in simulation.currencies
    ]
    live = sum(last.plans.values())
    tiles.append(("Subscribed", f"{live:,}", f"of {simulation.signups:,} who signed up"))
    tiles.append(("Invoices", f"{simulation.count('invoices'):,}", "every line explained"))
    shown = "".join(
        f'<div class="tile"><dt>{escape(name)}</dt><dd>{escape(value)}</dd>'
        f'<dd class="note">{escape(note)}</dd></div>'
        for name, value, note in tiles
    )
    return (
        '<header class="hero"><div class="inner"><p class="brand">SaaSKit simulation</p>'
        f'<h1>{escape(title)}</h1><p class="lead">From {simulation.starts_at:%d %B %Y} to '
        f"{simulation.until:%d %B %Y}, seed {simulation.seed}. Every rule was checked after every "
        f'step, and none was broken.</p><dl class="tiles">{shown}</dl></div></header>\n'
    )


def _footer(simulation: Simulation) -> str:
    return (
        '<footer class="inner soft">The same catalogue, population and seed give the same figures. '
        f"Fingerprint <code>{escape(simulation.fingerprint)}</code></footer>\n"
    )


def _axis(simulation: Simulation, currency: str) -> Axis:
    return Axis(
        months=tuple(f"{month.starts_at:%b %y}" for month in simulation.months),
        written=lambda minor: f"{round_half_away(Fraction(minor, 10 ** exponent(currency))):,}",
    )


def _revenue(simulation: Simulation, currency: str) -> str:
    keys = sorted({key for month in simulation.months for key in month.mrr.get(currency, {})})
    rows = [
        [month.mrr.get(currency, {}).get(key, Fraction(0)) for key in keys]
        for month in simulation.months
    ]
    series = [
        Series(
            name=simulation.plans.get(key, key),
            values=tuple(round_half_away(row[place]) for row in rows),
            colour=place % COLOURS + 1,
        )
        for place, key in enumerate(keys)
        if any(row[place] for row in rows)
    ]
    title = f"Recurring revenue per month by plan, in {currency}"
    chart = stacked_areas(series, _axis(simulation, currency), title=title)
    table = _table(
        title,
        ["Month", *(each.name for each in series), "All"],
        (
            [
                f"{month.starts_at:%B %Y}",
                *(_plain(each.values[place], currency) for each in series),
                f"{as_money(month.revenue(currency), currency).decimal:,f}",
            ]
            for place, month in enumerate(simulation.months)
        ),
    )
    return _section(title, chart, table, [(each.name, each.colour) for each in series])


def _moved(simulation: Simulation, currency: str) -> str:
    title = f"What moved it, in {currency}"
    series = [
        Series(
            name=kind.value.capitalize(),
            values=tuple(
                round_half_away(month.movements.get(currency, {}).get(kind.value, Fraction(0)))
                for month in simulation.months
            ),
            colour=colour,
        )
        for kind, colour in KIND_COLOURS.items()
    ]
    table = _table(
        title,
        ["Month", *(each.name for each in series)],
        (
            [f"{month.starts_at:%B %Y}", *(_plain(each.values[place], currency) for each in series)]
            for place, month in enumerate(simulation.months)
        ),
    )
    chart = bars(series, _axis(simulation, currency), title=title)
    return _section(title, chart, table, [(each.name, each.colour) for each in series])


def _cohorts(simulation: Simulation) -> str:
    title = "Who still pays, by month of sign-up, in percent"
    rows = [
        (f"{each.starts_at:%b %Y}", each.size, each.paying)
        for each in simulation.cohorts
        if each.size
    ]
    longest = max((len(parts) for _, _, parts in rows), default=0)
    table = _table(
        title,
        ["Signed up", "Customers", *(str(age) for age in range(longest))],
        (
            [
                name,
                f"{size:,}",
                *(f"{100 * part // size}" for part in parts),
                *[""] * (longest - len(parts)),
            ]
            for name, size, parts in rows
        ),
    )
    return _section(title, heat_map(rows[:MOST_COHORTS], title=title), table, [])


def _dunning(simulation: Simulation) -> str:
    """The renewals themselves stand in the title: beside them everything else would be a dot."""
    (_, renewals), *rest = simulation.dunning.items()
    (_, failed), *_ = rest
    title = f"What became of the {failed:,} of {renewals:,} renewals whose first charge failed"
    steps = [(name, count, colour) for (name, count), colour in zip(rest, _FUNNEL, strict=True)]
    table = _table(
        title,
        ["Step", "Invoices"],
        ([name, f"{count:,}"] for name, count in simulation.dunning.items()),
    )
    return _section(title, funnel(steps, title=title), table, [])


_FUNNEL = (2, 3, 5, 4, 6, 6)


def _books(simulation: Simulation) -> list[str]:
    return [_book(simulation, currency) for currency in simulation.currencies]


def _book(simulation: Simulation, currency: str) -> str:
    title = f"The books, in {currency}"
    table = _table(
        title,
        ["Month", *(_worded(name) for name in SUMS)],
        (
            [
                f"{month.starts_at:%B %Y}",
                *(_plain(month.money.get(currency, {}).get(name, 0), currency) for name in SUMS),
            ]
            for month in simulation.months
        ),
    )
    return _section(title, "", table, [])


def _turns(simulation: Simulation) -> str:
    title = "What happened"
    statuses = sorted({name for month in simulation.months for name in month.statuses})
    table = _table(
        title,
        ["Month", *(_worded(name) for name in COUNTS), *statuses],
        (
            [
                f"{month.starts_at:%B %Y}",
                *(f"{month.counts.get(name, 0):,}" for name in COUNTS),
                *(f"{month.statuses.get(name, 0):,}" for name in statuses),
            ]
            for month in simulation.months
        ),
    )
    return _section(title, "", table, [])


def _section(title: str, chart: str, table: str, key: Sequence[tuple[str, int]]) -> str:
    """A chart with its key, and the numbers in it; without a chart the numbers stand open."""
    legend = "".join(
        f'<li><span class="dot s{colour}" aria-hidden="true"></span>{escape(name)}</li>'
        for name, colour in key
    )
    shown = f'<ul class="key">{legend}</ul>{chart}' if key else chart
    numbers = (
        f'<details class="numbers"><summary>The numbers</summary>{table}</details>'
        if chart
        else f'<div class="numbers">{table}</div>'
    )
    return f"<section><h2>{escape(title)}</h2><figure>{shown}{numbers}</figure></section>\n"


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in row[1:])}</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _plain(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).decimal:,f}"


def _worded(name: str) -> str:
    return name.replace("_", " ").capitalize()
