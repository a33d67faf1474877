"""The repository speaks of itself, never of the machine on which it was written."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.architecture.source import ROOT

MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|root|farm)/")


def test_no_tracked_file_names_a_path_of_one_machine():
    named = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name in _tracked()
        for number, line in enumerate(_lines(name), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert named == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("open('{}main/a.txt')", True),
        ("cd {}.pyenv", True),
        ("https://example.com{}1", False),
        ("docs{}index.md", False),
    ],
)
@pytest.mark.parametrize("folder", ["work", "root", "farm"])
def test_what_counts_as_a_machine_path(line, folder, found):
    assert bool(MACHINE_PATH.search(line.format(f"/{folder}/"))) is found


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _lines(name: str) -> list[str]:
    try:
        return (ROOT / name).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []
