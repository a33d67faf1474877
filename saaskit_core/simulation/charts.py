"""The charts of the report, drawn as SVG in whole tenths of a pixel: no float comes near money."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WIDTH = 860
LEFT, RIGHT, TOP, BOTTOM = 84, 16, 16, 34
TICKS = 4
COLOURS = 6
MOST_LABELS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One row of numbers, one per month, and the number of its colour."""

    name: str
    values: tuple[int, ...]
    colour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What the numbers stand on: a label per month, and how a number is written."""

    months: tuple[str, ...]
    written: Callable[[int], str]


def stacked_areas(series: Sequence[Series], axis: Axis, *, title: str) -> str:
    """Draw levels over time, one on top of the other."""
    height = 300
    sums = [sum(values) for values in zip(*(each.values for each in series), strict=True)]
    scale = _scale(0, max(sums, default=0), height)
    body = [*_grid(scale, axis), *_month_labels(axis, height)]
    below = [0] * len(axis.months)
    for each in series:
        above = [under + value for under, value in zip(below, each.values, strict=True)]
        body.append(_area(each, below, above, scale, axis))
        below = above
    return _svg(body, height=height, title=title)


def bars(series: Sequence[Series], axis: Axis, *, title: str) -> str:
    """Draw what came in above the line and what went out below it, a bar per month."""
    height = 300
    per_month = list(zip(*(each.values for each in series), strict=True))
    high = max((sum(v for v in values if v > 0) for values in per_month), default=0)
    low = min((sum(v for v in values if v < 0) for values in per_month), default=0)
    scale = _scale(low, high, height)
    body = [*_grid(scale, axis), *_month_labels(axis, height)]
    for place in range(len(axis.months)):
        body.extend(_month_bars(series, place, scale, axis))
    zero = scale.y(0)
    body.append(f'<line class="zero" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{zero}" y2="{zero}"/>')
    return _svg(body, height=height, title=title)


def heat_map(rows: Sequence[tuple[str, int, Sequence[int]]], *, title: str) -> str:
    """Draw per row (its name, the whole, the parts) how large each part of the whole is."""
    longest = max((len(parts) for _, _, parts in rows), default=1)
    row = 22
    height = 26 + row * len(rows) + 8
    wide = 10 * (WIDTH - LEFT - 60 - RIGHT) // longest
    body = [
        f'<text class="tick" x="{LEFT + 60 + (wide * age + wide // 2) // 10}" y="16"'
        f' text-anchor="middle">{age}</text>'
        for age in range(0, longest, max(longest // MOST_LABELS, 1))
    ]
    for number, (name, whole, parts) in enumerate(rows):
        y = 26 + row * number
        body.append(f'<text class="name" x="0" y="{y + 15}">{escape(name)}</text>')
        body.append(
            f'<text class="tick" x="{LEFT + 48}" y="{y + 15}" text-anchor="end">{whole:,}</text>'
        )
        for age, part in enumerate(parts):
            body.append(_cell(name, age, part, whole, (LEFT + 60, y, wide, row)))
    return _svg(body, height=height, title=title)


def funnel(steps: Sequence[tuple[str, int, int]], *, title: str) -> str:
    """Draw amounts (name, number, colour) as bars of a common scale, one below the other."""
    left, row = 250, 40
    most = max((count for _, count, _ in steps), default=0) or 1
    body = []
    for number, (name, count, colour) in enumerate(steps):
        y = 8 + row * number
        wide = _tenths(count * (WIDTH - left - 130), most)
        percent = 1000 * count // most
        body.append(
            f'<text class="name" x="0" y="{y + 21}">{escape(name)}</text>'
            f'<rect class="s{colour}" x="{left}" y="{y + 4}" width="{wide}" height="26" rx="5">'
            f"<title>{escape(f'{name}: {count:,}')}</title></rect>"
            f'<text class="value" x="{WIDTH - 4}" y="{y + 21}" text-anchor="end">{count:,}'
            f" · {percent // 10}.{percent % 10} %</text>"
        )
    return _svg(body, height=row * len(steps) + 12, title=title)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    low: int
    high: int
    step: int
    height: int

    def y(self, value: int) -> str:
        """Return how far down a value stands."""
        room = self.height - TOP - BOTTOM
        return _tenths((self.high - value) * room + TOP * self.whole, self.whole)

    @property
    def whole(self) -> int:
        """How much the axis spans."""
        return max(self.high - self.low, 1)


def _scale(low: int, high: int, height: int) -> _Scale:
    """Let the axis begin, tick and end at multiples of one round step; zero is among them."""
    step = _round_up(-(-(high - low) // TICKS))
    return _Scale(low=low // step * step, high=-(-high // step) * step, step=step, height=height)


def _x(place: int, count: int) -> str:
    """Return where month `place` of `count` stands in its middle."""
    room = WIDTH - LEFT - RIGHT
    return _tenths((2 * place + 1) * room + 2 * LEFT * count, 2 * count)


def _area(
    series: Series, below: Sequence[int], above: Sequence[int], scale: _Scale, axis: Axis
) -> str:
    count = len(axis.months)
    top = [f"{_x(place, count)},{scale.y(value)}" for place, value in enumerate(above)]
    low = [f"{_x(place, count)},{scale.y(value)}" for place, value in enumerate(below)]
    last = axis.written(series.values[-1]) if series.values else ""
    return (
        f'<path class="area s{series.colour}" d="M{" L".join([*top, *reversed(low)])} Z">'
        f"<title>{escape(f'{series.name}: {last} at the end')}</title></path>"
        f'<path class="line s{series.colour}" d="M{" L".join(top)}"/>'
    )


def _month_bars(series: Sequence[Series], place: int, scale: _Scale, axis: Axis) -> Iterator[str]:
    count = len(axis.months)
    wide = max(7 * (WIDTH - LEFT - RIGHT) // count, 10)
    middle = 10 * LEFT + (2 * place + 1) * 10 * (WIDTH - LEFT - RIGHT) // (2 * count)
    x = _tenths(middle - wide // 2, 10)
    up = down = 0
    for each in series:
        value = each.values[place]
        if not value:
            continue
        start = up if value > 0 else down
        up, down = (up + value, down) if value > 0 else (up, down + value)
        top, low = scale.y(max(start, start + value)), scale.y(min(start, start + value))
        label = f"{axis.months[place]}, {each.name}: {axis.written(value)}"
        yield (
            f'<path class="s{each.colour}" d="M{x},{top} h{_tenths(wide, 10)} V{low}'
            f' H{x} Z"><title>{escape(label)}</title></path>'
        )


def _cell(name: str, age: int, part: int, whole: int, at: tuple[int, int, int, int]) -> str:
    left, y, wide, row = at
    percent = 100 * part // whole if whole else 0
    x = _tenths(10 * left + wide * age, 10)
    label = f"{name}, month {age}: {part:,} of {whole:,} ({percent} %)"
    text = (
        f'<text class="cell" x="{_tenths(10 * left + wide * age + wide // 2, 10)}" y="{y + 15}"'
        f' text-anchor="middle">{percent}</text>'
        if wide >= 200
        else ""
    )
    return (
        f'<rect class="heat" x="{x}" y="{y}" width="{_tenths(max(wide - 10, 5), 10)}"'
        f' height="{row - 2}" rx="2" fill-opacity="{_share(percent)}">'
        f"<title>{escape(label)}</title></rect>{text}"
    )


def _share(percent: int) -> str:
    """Return an opacity that shows small parts too: from 0.05 to 0.9."""
    return f"0.{5 + 85 * min(max(percent, 0), 100) // 100:02d}"


def _grid(scale: _Scale, axis: Axis) -> Iterator[str]:
    for value in range(scale.low, scale.high + 1, scale.step):
        y = scale.y(value)
        yield (
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
            f'<text class="tick" x="{LEFT - 8}" y="{y}" dy="4" text-anchor="end">'
            f"{escape(axis.written(value))}</text>"
        )


def _month_labels(axis: Axis, height: int) -> Iterator[str]:
    count = len(axis.months)
    for place in range(0, count, -(-count // MOST_LABELS)):
        yield (
            f'<text class="tick" x="{_x(place, count)}" y="{height - 12}" text-anchor="middle">'
            f"{escape(axis.months[place])}</text>"
        )


def _round_up(amount: int) -> int:
    """Return a round number that is at least the amount."""
    power = 1
    while power * 10 <= amount:
        power *= 10
    steps = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100)
    return next(
        (
            step * power // 10
            for step in steps
            if step * power >= amount * 10 and step * power >= 10
        ),
        amount or 1,
    )


def _tenths(part: int, whole: int) -> str:
    """Write a quotient with one decimal, rounded down."""
    tenths = part * 10 // whole
    return f"{tenths // 10}.{tenths % 10}" if tenths >= 0 else f"-{-tenths // 10}.{-tenths % 10}"


def _svg(body: Sequence[str], *, height: int, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(body)}</svg>"
    )
