"""How `saaskit plan` shows what it found, to people and to machines."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, TextIO

from saaskit_core.catalog.findings import Severity
from saaskit_core.money import Money, round_half_away

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from saaskit_core.catalog.differences import Difference
    from saaskit_core.catalog.findings import Finding
    from saaskit_core.catalog.impact import Impact


def write_lint_text(out: TextIO, file: str, findings: Sequence[Finding]) -> None:
    """Write a finding per line, as compilers do, and the count."""
    for finding in findings:
        out.write(f"{file}:{finding}\n")
    counts = _counts(findings)
    told = (_counted(counts[severity], severity.value) for severity in Severity)
    out.write(f"{', '.join(told)}\n")


def write_lint_json(out: TextIO, file: str, findings: Sequence[Finding]) -> None:
    """Write the findings with their counts."""
    counts = _counts(findings)
    found = {
        "file": file,
        "errors": counts[Severity.ERROR],
        "warnings": counts[Severity.WARNING],
        "findings": [asdict(finding) for finding in findings],
    }
    out.write(json.dumps(found, indent=2) + "\n")


def write_diff_text(
    out: TextIO, differences: Sequence[Difference], impact: Impact | None, skipped: int
) -> None:
    """Write a difference per line, and what they do to the subscriptions."""
    for difference in differences:
        out.write(f"{difference}\n")
    if not differences:
        out.write("no difference\n")
    if impact is not None:
        _write_impact(out, impact)
    if skipped:
        out.write(f"{_counted(skipped, 'bad line')} skipped\n")


def write_diff_json(
    out: TextIO, differences: Sequence[Difference], impact: Impact | None, skipped: int
) -> None:
    """Write the differences and their impact; amounts rounded, and exact in minor units."""
    found = {
        "differences": [asdict(difference) for difference in differences],
        "impact": None if impact is None else _impact(impact),
        "skipped": skipped,
    }
    out.write(json.dumps(found, indent=2) + "\n")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _counts(findings: Sequence[Finding]) -> Counter[Severity]:
    return Counter(finding.severity for finding in findings)


def _write_impact(out: TextIO, impact: Impact) -> None:
    changes = [
        f"MRR {_percent(change.rate)} ({_money(change.before, change.currency)} →"
        f" {_money(change.after, change.currency)})"
        for change in impact.mrr
    ]
    told = [f"{impact.altered} of {impact.subscriptions} subscriptions", *changes]
    out.write(f"This change alters {', '.join(told)}.\n")
    out.write(
        f"  {impact.repriced} get another price, {impact.regranted} other features,"
        f" {impact.grandfathered} keep a price that isn't sold any more.\n"
    )


def _impact(impact: Impact) -> dict[str, object]:
    return {
        "subscriptions": impact.subscriptions,
        "altered": impact.altered,
        "repriced": impact.repriced,
        "regranted": impact.regranted,
        "grandfathered": impact.grandfathered,
        "mrr": {
            change.currency: {
                "before": f"{_money(change.before, change.currency).decimal:f}",
                "before_exact_minor": str(change.before),
                "after": f"{_money(change.after, change.currency).decimal:f}",
                "after_exact_minor": str(change.after),
                "percent": None if change.rate is None else _rounded(change.rate),
            }
            for change in impact.mrr
        },
    }


def _money(minor: Fraction, currency: str) -> Money:
    return Money(round_half_away(minor), currency)


def _percent(rate: Fraction | None) -> str:
    if rate is None:
        return "from nothing"
    text = _rounded(rate)
    return f"{'−' + text[1:] if text.startswith('-') else '+' + text} %"


def _rounded(rate: Fraction) -> str:
    """Write a part of one as per cent, to two decimals."""
    return f"{Decimal(round_half_away(rate * 10_000)).scaleb(-2):f}"
