"""The coverage gate: every package by its own threshold."""

from __future__ import annotations

import pytest

from tools import check_coverage as gate


def covered(lines: int, branches: int) -> dict[str, dict[str, int]]:
    """A file of 90 lines and 10 branches of which so many ran."""
    counts = {
        "num_statements": 90,
        "num_branches": 10,
        "covered_lines": lines,
        "covered_branches": branches,
    }
    return {"summary": counts}


def run(monkeypatch, **files) -> int:
    named = {f"{package}/a.py": summary for package, summary in files.items()}
    monkeypatch.setattr(gate, "measured", lambda: named)
    return gate.main()


@pytest.mark.parametrize(
    ("core", "django", "answer"),
    [
        (covered(90, 7), covered(85, 5), 0),
        (covered(90, 6), covered(85, 5), 1),
        (covered(90, 10), covered(84, 5), 1),
    ],
)
def test_lines_and_branches_count_against_the_packages_own_threshold(
    monkeypatch, core, django, answer
):
    packages = {
        "saaskit_core": core,
        "saaskit_providers": covered(90, 10),
        "saaskit_django": django,
    }
    assert run(monkeypatch, **packages) == answer


def test_a_package_that_was_not_measured_fails(monkeypatch, capsys):
    packages = {"saaskit_core": covered(90, 10), "saaskit_providers": covered(90, 10)}
    assert run(monkeypatch, **packages) == 1
    assert "saaskit_django       0.00 %" in capsys.readouterr().out


def test_the_files_that_miss_most_are_named(monkeypatch, capsys):
    packages = {name: covered(90, 10) for name in gate.THRESHOLDS}
    packages["saaskit_core"] = covered(50, 0)
    assert run(monkeypatch, **packages) == 1
    assert "saaskit_core/a.py: 50 of 100" in capsys.readouterr().out
