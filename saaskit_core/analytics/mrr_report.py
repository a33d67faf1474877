"""How `saaskit mrr` shows what it found: rounded for people, exact beside it for machines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TextIO

from saaskit_core.analytics.figures import lifetime_value
from saaskit_core.analytics.movements import MovementKind
from saaskit_core.analytics.mrr import arr, as_money
from saaskit_core.money import round_half_away
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from fractions import Fraction

    from saaskit_core.analytics.figures import MonthFigures
    from saaskit_core.analytics.history import History

RATE_PLACES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found; without `history` nobody asked for the movements."""

    at: datetime
    mrr: Mapping[str, Fraction]
    history: History | None
    skipped: int


def write_text(out: TextIO, report: Report) -> None:
    """Write it for people."""
    out.write(f"MRR at {utc(report.at):%Y-%m-%d %H:%M} UTC\n")
    for currency, monthly in report.mrr.items():
        yearly = as_money(arr(monthly), currency)
        out.write(f"  {as_money(monthly, currency)}  (ARR {yearly})\n")
    if not report.mrr:
        out.write("  nothing recurring\n")
    if report.history is not None:
        _write_history(out, report.history)
    if report.skipped:
        lines = "line" if report.skipped == 1 else "lines"
        out.write(f"{report.skipped} bad {lines} skipped\n")


def write_json(out: TextIO, report: Report) -> None:
    """Write it for machines: amounts rounded as decimals, and exact in minor units."""
    history = report.history
    found = {
        "at": report.at.isoformat(),
        "mrr": {currency: _amounts(monthly, currency) for currency, monthly in report.mrr.items()},
        "arr": {
            currency: _amounts(arr(monthly), currency) for currency, monthly in report.mrr.items()
        },
        "movements": {
            currency: {kind.value: _amounts(monthly, currency) for kind, monthly in kinds.items()}
            for currency, kinds in (history.totals.items() if history else ())
        },
        "months": {
            currency: [_month(figures) for figures in months]
            for currency, months in (history.months.items() if history else ())
        },
        "skipped": report.skipped,
    }
    out.write(json.dumps(found, indent=2) + "\n")


def _write_history(out: TextIO, history: History) -> None:
    for currency, kinds in history.totals.items():
        out.write(f"movements in {currency}, all in all\n")
        for kind, monthly in kinds.items():
            out.write(f"  {kind.value:<13}{as_money(monthly, currency)}\n")
        out.write("month    " + "".join(f"{name:>14}" for name in _COLUMNS) + "\n")
        for figures in history.months[currency]:
            amounts = (*figures.movements.values(), figures.closing)
            cells = [f"{as_money(amount, currency).decimal:f}" for amount in amounts]
            cells.append(_percent(figures.customer_churn_rate))
            out.write(f"{figures.month}  " + "".join(f"{cell:>14}" for cell in cells) + "\n")


_COLUMNS = (*(kind.value for kind in MovementKind), "MRR", "churn rate")


def _percent(rate: Fraction | None) -> str:
    if rate is None:
        return "–"
    return f"{Decimal(round_half_away(rate * 10000)) / 100:.2f} %"


def _month(figures: MonthFigures) -> dict[str, object]:
    def money(amount: Fraction | None) -> dict[str, str] | None:
        return None if amount is None else _amounts(amount, figures.currency)

    return {
        "month": str(figures.month),
        "opening": money(figures.opening),
        **{kind.value: money(amount) for kind, amount in figures.movements.items()},
        "closing": money(figures.closing),
        "customers": figures.customers_at_end,
        "customer_churn_rate": _rate(figures.customer_churn_rate),
        "gross_churn_rate": _rate(figures.gross_churn_rate),
        "net_churn_rate": _rate(figures.net_churn_rate),
        "nrr": _rate(figures.nrr),
        "grr": _rate(figures.grr),
        "arpu": money(figures.arpu),
        "ltv": money(lifetime_value(figures)),
    }


def _rate(rate: Fraction | None) -> str | None:
    """Write a rate as a decimal string; None where there was nothing to divide by."""
    if rate is None:
        return None
    scaled = Decimal(round_half_away(rate * 10**RATE_PLACES))
    return f"{scaled.scaleb(-RATE_PLACES):f}"


def _amounts(monthly: Fraction, currency: str) -> dict[str, str]:
    return {
        "amount": f"{as_money(monthly, currency).decimal:f}",
        "exact_minor": str(monthly),
    }
