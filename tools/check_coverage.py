#!/usr/bin/env python3
"""Hold every package to its own share of covered lines and branches.

Reads the data that the test runs left in the checkout: `python tools/check_coverage.py`. Exits 1
when a package is below its threshold. coverage.py itself has one threshold for everything.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
THRESHOLDS = {"saaskit_core": 97.0, "saaskit_providers": 90.0, "saaskit_django": 90.0}
WORST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many lines and branches there are, and how many of them ran."""

    possible: int = 0
    covered: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(possible=self.possible + other.possible, covered=self.covered + other.covered)

    @property
    def missing(self) -> int:
        return self.possible - self.covered

    @property
    def percent(self) -> float:
        """The share as coverage.py computes it; a package without code is not covered."""
        return 100 * self.covered / self.possible if self.possible else 0.0


def main() -> int:
    """Print each package's share and answer 1 if one is too small."""
    files = tallies(measured())
    failed = False
    for package, threshold in THRESHOLDS.items():
        own = {name: tally for name, tally in files.items() if name.startswith(f"{package}/")}
        total = sum(own.values(), Tally())
        enough = total.percent >= threshold
        failed = failed or not enough
        verdict = "ok" if enough else "TOO LOW"
        print(f"{package:<18} {total.percent:6.2f} %  at least {threshold:.0f} %  {verdict}")
        if not enough:
            print_worst(own)
    return 1 if failed else 0


def measured() -> dict[str, dict[str, dict[str, int]]]:
    """Ask coverage.py for its data about every file."""
    coverage = [sys.executable, "-m", "coverage"]
    if any(path.name.count(".") > 1 for path in ROOT.glob(".coverage.*")):
        subprocess.run([*coverage, "combine", "--append", "--quiet"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "coverage.json")
        command = [*coverage, "json", "--quiet", "-o", str(report)]
        subprocess.run(command, cwd=ROOT, check=True)
        return json.loads(report.read_text(encoding="utf-8"))["files"]


def tallies(files: dict[str, dict[str, dict[str, int]]]) -> dict[str, Tally]:
    """Count lines and branches of every file, under its path with forward slashes."""
    return {
        name.replace("\\", "/"): Tally(
            possible=summary["num_statements"] + summary["num_branches"],
            covered=summary["covered_lines"] + summary["covered_branches"],
        )
        for name, summary in ((name, entry["summary"]) for name, entry in files.items())
    }


def print_worst(files: dict[str, Tally]) -> None:
    worst = sorted(files, key=lambda name: files[name].missing, reverse=True)
    for name in worst[:WORST_SHOWN]:
        tally = files[name]
        print(f"    {name}: {tally.missing} of {tally.possible} lines and branches never ran")


if __name__ == "__main__":
    sys.exit(main())
