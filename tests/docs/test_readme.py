"""The README's first lines are the quickstart's, its commands exist, its script runs."""

from __future__ import annotations

import re

from tests.architecture.source import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_lines_for_a_project_are_those_of_the_quickstart():
    quickstart = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
    settings, urls, _ = BLOCKS
    lines = {line.partition("  #")[0] for line in f"{settings}{urls}".splitlines()}
    assert sorted(lines - set(quickstart.splitlines())) == []


def test_the_script_runs_as_it_stands():
    exec(compile(BLOCKS[-1], "README.md", "exec"), {})


def test_its_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake (\w+)", README)) - {"their"}
    assert {"demo", "test"} <= targets
    assert targets <= set(re.findall(r"\w+", makefile.partition(".PHONY:")[2].splitlines()[0]))


def test_its_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []
