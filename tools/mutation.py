#!/usr/bin/env python3
"""Mutation testing of the rules that count money and time: `make mutation`.

Changes one thing at a time in the modules that `[tool.mutmut]` of pyproject.toml names, and runs
the tests that reach it. A mutant that no test notices survives, and must stand in
tests/mutation/survivors.toml with the reason why it may. Exits 1 when fewer than KILLED percent
die, or when a survivor has no reason there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REASONS = ROOT / "tests" / "mutation" / "survivors.toml"
WORK = ROOT / "mutants"
KILLED = 90.0
_RESULT = re.compile(r"^\s+(?P<name>\S+__mutmut_\d+): (?P<outcome>[a-z ]+)$")
_PLACE = re.compile(r"^(?P<module>[\w.]+?)\.(?:x_|xǁ)(?P<function>.+)__mutmut_\d+$")


@dataclass(frozen=True, slots=True, order=True)
class Survivor:
    """A change that no test noticed: where, which line it was and what it became."""

    function: str
    was: str
    becomes: str


def main(arguments: list[str]) -> int:
    """Run all mutants, or with --report only judge the last run again."""
    if arguments not in ([], ["--report"]):
        print(__doc__, file=sys.stderr)
        return 2
    if not arguments:
        shutil.rmtree(WORK, ignore_errors=True)
        if _mutmut("run", "--max-children", str(os.cpu_count() or 1)).returncode:
            return 1
    outcomes = read_outcomes(_mutmut("results", "--all", "true", is_quiet=True).stdout)
    if not outcomes:
        print("No mutant was tested.", file=sys.stderr)
        return 1
    survivors = [_survivor(name) for name, how in outcomes.items() if how not in DEAD]
    return judge(outcomes, survivors, reasons())


DEAD = ("killed", "timeout", "caught by type check")


def read_outcomes(text: str) -> dict[str, str]:
    """Map every mutant's name to what became of it."""
    found = (_RESULT.match(line) for line in text.splitlines())
    return {match["name"]: match["outcome"].strip() for match in found if match}


def reasons() -> dict[Survivor, str]:
    """Read why survivors may survive."""
    document = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return {
        Survivor(entry["function"], entry["was"], entry["becomes"]): entry["reason"]
        for entry in document.get("survivor", [])
    }


def judge(outcomes: dict[str, str], survivors: list[Survivor], known: dict[Survivor, str]) -> int:
    """Print each module's share and the survivors without a reason; answer the exit code."""
    _print_shares(outcomes)
    share = 100 * (len(outcomes) - len(survivors)) / len(outcomes)
    print(f"{len(outcomes)} mutants, {len(survivors)} survived: {share:.1f} % killed.")
    unexplained = sorted(set(survivors) - set(known))
    for survivor in unexplained:
        print(f"\nNo reason is given for a survivor in {survivor.function}:")
        print(f"- {survivor.was}\n+ {survivor.becomes}")
    for stale in sorted(set(known) - set(survivors)):
        print(f"\nThis one does not survive any more: {stale.function}: {stale.becomes}")
    return 0 if share >= KILLED and not unexplained else 1


def _print_shares(outcomes: dict[str, str]) -> None:
    modules: defaultdict[str, Counter[bool]] = defaultdict(Counter)
    for name, how in outcomes.items():
        modules[_place(name)[0]][how in DEAD] += 1
    for module, count in sorted(modules.items()):
        percent = 100 * count[True] / count.total()
        print(f"{module:<40} {count[True]:>5} of {count.total():>5} killed  {percent:6.1f} %")


def _survivor(name: str) -> Survivor:
    """Read a mutant's change off its diff."""
    diff = _mutmut("show", name, is_quiet=True).stdout.splitlines()
    changed = [line for line in diff if line[:1] in "+-" and not line.startswith(("+++", "---"))]
    was = " ".join(line[1:].strip() for line in changed if line.startswith("-"))
    becomes = " ".join(line[1:].strip() for line in changed if line.startswith("+"))
    module, function = _place(name)
    return Survivor(f"{module}.{function}", was, becomes)


def _place(name: str) -> tuple[str, str]:
    match = _PLACE.match(name)
    if match is None:
        return name, ""
    return match["module"], match["function"].replace("ǁ", ".")


def _mutmut(*arguments: str, is_quiet: bool = False) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=ROOT,
        check=False,
        text=True,
        capture_output=is_quiet,
        env={**os.environ, "SAASKIT_TEST_PROFILE": "brief"},
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
