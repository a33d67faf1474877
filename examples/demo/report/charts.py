"""The charts, drawn as SVG with the page's own colours, so that they follow light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from math import ceil, floor, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 860
LEFT, RIGHT, TOP, BOTTOM = 74, 24, 26, 34
ROW = 34
TICKS = 4
TICK_DAYS = (1, 2, 7, 14, 30, 61, 91, 182, 365, 100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """From an instant on, an amount in major units."""

    at: datetime
    amount: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something at one instant of a bar: a payment that arrived, or one that was declined."""

    at: datetime
    is_good: bool
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """An invoice: the span it bills, on a row of its own."""

    label: str
    detail: str
    starts_at: datetime
    ends_at: datetime
    series: int
    marks: tuple[Mark, ...]


class Scale:
    """Instants to horizontal places."""

    def __init__(self, first: datetime, last: datetime, *, left: int) -> None:
        self.first = first
        self.last = max(last, first + timedelta(days=1))
        self._left = left

    def x(self, at: datetime) -> float:
        """Return where an instant stands."""
        part = (at - self.first) / (self.last - self.first)
        return round(self._left + part * (WIDTH - self._left - RIGHT), 1)

    def ticks(self, most: int = 6) -> list[datetime]:
        """Return round instants to label."""
        days = (self.last - self.first).days + 1
        step = next(each for each in TICK_DAYS if days / each <= most)
        day = self.first.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        found = []
        while day <= self.last:
            found.append(day)
            day += timedelta(days=step)
        return found


def step_chart(
    points: Sequence[Point], *, over: tuple[datetime, datetime], title: str, unit: str, series: int
) -> str:
    """Draw an amount that changes in steps, from nothing, over a span of time."""
    since, until = over
    height = 230
    scale = Scale(since, until, left=LEFT)
    top = _round_up(max(point.amount for point in points))

    def y(amount: float) -> float:
        return round(height - BOTTOM - amount / top * (height - TOP - BOTTOM), 1)

    grid = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(v)}" y2="{y(v)}"/>'
        f'<text class="tick" x="{LEFT - 10}" y="{y(v) + 4}" text-anchor="end">{v:,.6g}</text>'
        for v in (top * i / TICKS for i in range(TICKS + 1))
    ]
    path = [f"M{scale.x(since)},{y(0)}"]
    for point in points:
        path += [f"H{scale.x(point.at)}", f"V{y(point.amount)}"]
    path.append(f"H{scale.x(until)}")
    area = f"{' '.join(path)} V{y(0)} Z"
    dots = [_dot(scale.x(p.at), y(p.amount), p.label, series=series) for p in points]
    body = [
        *grid,
        *_dates(scale, height),
        f'<path class="area s{series}" d="{area}"/>',
        f'<path class="line s{series}" d="{" ".join(path)}"/>',
        *dots,
        *_values(points, scale, y),
        f'<text class="tick" x="{LEFT - 10}" y="14" text-anchor="end">{escape(unit)}</text>',
    ]
    return _svg(body, height=height, title=title)


def timeline(bars: Sequence[Bar], *, until: datetime, title: str) -> str:
    """Draw invoices over the time they bill, with their payments."""
    left = 214
    height = TOP + ROW * len(bars) + BOTTOM
    first = min(bar.starts_at for bar in bars)
    last = max([until, *(bar.ends_at for bar in bars)])
    scale = Scale(first - timedelta(days=1), last, left=left)
    body = [*_dates(scale, height, is_tall=True)]
    for number, bar in enumerate(bars):
        body.append(_row(bar, scale, y=TOP + ROW * number))
    return _svg(body, height=height, title=title)


def _row(bar: Bar, scale: Scale, *, y: int) -> str:
    x, end = scale.x(bar.starts_at), scale.x(bar.ends_at)
    middle = y + ROW / 2
    places = _apart([scale.x(mark.at) for mark in bar.marks])
    marks = "".join(_mark(m, at, middle) for m, at in zip(bar.marks, places, strict=True))
    return (
        f'<text class="name" x="0" y="{middle - 2}">{escape(bar.label)}</text>'
        f'<text class="tick" x="0" y="{middle + 12}">{escape(bar.detail)}</text>'
        f'<rect class="bar s{bar.series}" x="{x}" y="{y + 8}" width="{max(end - x, 3):.1f}"'
        f' height="{ROW - 16}" rx="4"><title>{escape(f"{bar.label}: {bar.detail}")}</title></rect>'
        f"{marks}"
    )


def _apart(places: Sequence[float], least: float = 13) -> list[float]:
    """Move marks to the right where they would cover each other."""
    found: list[float] = []
    for place in places:
        found.append(max(place, found[-1] + least) if found else place)
    return found


def _mark(mark: Mark, x: float, y: float) -> str:
    title = f"<title>{escape(mark.label)}</title>"
    if mark.is_good:
        return f'<circle class="good" cx="{x}" cy="{y}" r="5.5">{title}</circle>'
    return (
        f'<g class="bad">{title}<circle cx="{x}" cy="{y}" r="6.5"/>'
        f'<path d="M{x - 2.6},{y - 2.6} l5.2,5.2 m0,-5.2 l-5.2,5.2"/></g>'
    )


def _dot(x: float, y: float, label: str, *, series: int) -> str:
    title = f"<title>{escape(label)}</title>"
    return f'<circle class="dot s{series}" cx="{x}" cy="{y}" r="4.5">{title}</circle>'


def _values(points: Sequence[Point], scale: Scale, y: object) -> list[str]:
    texts = []
    for point in points:
        x = scale.x(point.at)
        anchor = "end" if x > WIDTH - 120 else "start"
        shift = -8 if anchor == "end" else 8
        texts.append(
            f'<text class="value" x="{x + shift}" y="{y(point.amount) - 8}"'  # type: ignore[operator]
            f' text-anchor="{anchor}">{escape(point.label.rpartition(": ")[2])}</text>'
        )
    return texts


def _dates(scale: Scale, height: int, *, is_tall: bool = False) -> list[str]:
    top, low = TOP - 6 if is_tall else height - BOTTOM, height - BOTTOM + 5
    return [
        f'<line class="grid" x1="{scale.x(at)}" x2="{scale.x(at)}" y1="{top}" y2="{low}"/>'
        f'<text class="tick" x="{scale.x(at)}" y="{height - 12}" text-anchor="middle">'
        f"{at:%d %b}</text>"
        for at in scale.ticks()
    ]


def _round_up(amount: float) -> float:
    """Return a round number that is at least the amount."""
    if amount <= 0:
        return 1.0
    power = 10.0 ** floor(log10(amount))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 8, 10) if step * power >= amount)


def _svg(body: Sequence[str], *, height: float, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {ceil(height)}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(body)}</svg>"
    )
