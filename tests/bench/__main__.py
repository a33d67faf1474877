"""Run every bench_*.py of this folder (or those named), print the tables, write the page.

Each one is a module with a docstring and `measure() -> list[Row]`. Exits 1 when a goal is missed.
"""

from __future__ import annotations

import datetime
import importlib
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.bench.report import table

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "benchmarks.md"
SHOWN_VERSIONS = ("pydantic", "pluggy", "Django", "djangorestframework", "psycopg", "redis")


def main(wanted: list[str]) -> int:
    names = [path.stem for path in sorted(HERE.glob("bench_*.py"))]
    unknown = sorted(set(wanted) - {name.removeprefix("bench_") for name in names})
    if unknown:
        print(f"there is no benchmark {', '.join(unknown)}", file=sys.stderr)
        return 2
    sections, missed = [], 0
    for name in names:
        if wanted and name.removeprefix("bench_") not in wanted:
            continue
        module = importlib.import_module(f"tests.bench.{name}")
        title = (module.__doc__ or name).strip().splitlines()[0]
        rows = module.measure()
        missed += sum(not row.met for row in rows)
        sections.append(f"## {title}\n\n{table(rows)}\n")
        print(f"\n{sections[-1]}", flush=True)
    if not wanted:
        PAGE.write_text("\n".join([_head(), *sections]), encoding="utf-8")
        print(f"written to {PAGE.relative_to(HERE.parents[1]).as_posix()}")
    return 1 if missed else 0


def _head() -> str:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"
    return (
        "# Benchmarks\n\n"
        "Made by `python3 dev.py bench`: the contenders run in turn in one run, every figure is a"
        " median, and what counts is the ratio, since absolute times follow the machine.\n\n"
        f"- Date: {today}\n- Machine: {machine}\n"
        f"- Versions: Python {platform.python_version()}, {', '.join(_versions())}\n"
    )


def _versions() -> list[str]:
    found = []
    for name in SHOWN_VERSIONS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
