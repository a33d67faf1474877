"""Write the report: one HTML file that loads nothing, for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from django.template import Context, Engine
from django.utils.safestring import SafeString, mark_safe

from examples.demo.mails import Mail, read_mails
from examples.demo.report.charts import step_chart, timeline
from examples.demo.report.facts import Revenue, invoice_bars, revenue
from examples.demo.steps import State
from examples.demo.story.closing import last_instant
from saaskit_django.customers.models import Customer

if TYPE_CHECKING:
    from examples.demo.steps import Step
    from examples.demo.story.scene import Scene

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A figure in the head of the page."""

    name: str
    value: str
    note: str = ""


def write_report(path: Path, *, scene: Scene, seconds: float) -> None:
    """Write the page; its folder is made if need be."""
    template = Engine(dirs=[str(HERE)]).get_template("report.html")
    page = template.render(Context(_context(scene, seconds)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _context(scene: Scene, seconds: float) -> dict[str, object]:
    story = scene.story
    is_reached = Customer.objects.exists() if story.steps[0].state is State.DONE else False
    return {
        "style": mark_safe((HERE / "style.css").read_text(encoding="utf-8")),  # noqa: S308
        "is_good": story.failed is None,
        "failed": story.failed,
        "checks": story.checks,
        "seconds": f"{seconds:.1f}",
        "at": datetime.now(UTC),
        "tiles": _tiles(scene),
        "revenue": _revenue_charts() if is_reached else [],
        "timeline": _timeline() if is_reached else "",
        "bars": invoice_bars() if is_reached else [],
        "chapters": _chapters(story.steps),
        "invoices": [Frame(name=name, page=page) for name, page in scene.invoices.items()],
        "mails": [_letter(mail) for mail in read_mails(scene.folder / "mails")],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A page within the page."""

    name: str
    page: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing and the numbers in it."""

    title: str
    svg: SafeString
    rows: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """The steps under one heading."""

    name: str
    slug: str
    steps: list[Step]
    checks: int


def _tiles(scene: Scene) -> list[Tile]:
    figures = scene.figures
    mrr = _by_currency(figures.get("mrr"))
    cash = figures.get("cash") or {}
    assert isinstance(cash, dict)  # noqa: S101 (for the type checker)
    tiles = [Tile(name="MRR", value=" + ".join(mrr), note="per month, currencies apart")]
    tiles += [
        Tile(
            name="Received",
            value=" + ".join(each["received"] for each in cash.values()),
            note=f"refunded: {' + '.join(each['refunded'] for each in cash.values())}",
        ),
        Tile(name="Invoices", value=str(figures.get("invoices", "–")), note="no number missing"),
        Tile(name="Ledger sum", value=str(figures.get("ledger_sum", "–")), note="always"),
    ]
    return [tile for tile in tiles if tile.value]


def _by_currency(found: object) -> list[str]:
    return list(found.values()) if isinstance(found, dict) else []


def _revenue_charts() -> list[Chart]:
    found = revenue()
    if not found:
        return []
    over = (min(each.points[0].at for each in found), last_instant())
    return [_revenue_chart(each, series, over) for series, each in enumerate(found, 1)]


def _revenue_chart(found: Revenue, series: int, over: tuple[datetime, datetime]) -> Chart:
    title = f"Monthly recurring revenue in {found.currency}"
    svg = step_chart(found.points, over=over, title=title, unit=found.currency, series=series)
    rows = [_parted(point.label) for point in found.points]
    return Chart(title=title, svg=mark_safe(svg), rows=rows)  # noqa: S308


def _parted(label: str) -> tuple[str, str, str]:
    day, _, rest = label.partition(", ")
    kind, _, amount = rest.partition(": ")
    return day, kind, amount


def _timeline() -> SafeString | str:
    bars = invoice_bars()
    if not bars:
        return ""
    title = "Invoices over the time they bill, with their payments"
    return mark_safe(timeline(bars, until=last_instant(), title=title))  # noqa: S308


def _chapters(steps: list[Step]) -> list[Chapter]:
    found = []
    for number, (name, group) in enumerate(groupby(steps, key=attrgetter("chapter")), 1):
        own = list(group)
        checks = sum(len(step.checks) for step in own)
        found.append(Chapter(name=name, slug=f"chapter-{number}", steps=own, checks=checks))
    return found


def _letter(mail: Mail) -> Frame:
    return Frame(name=mail.subject, page=mail.html or mail.text, note=f"to {mail.to}")
