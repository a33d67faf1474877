"""The code on the page about the calendar, and about notifications, runs as it stands there."""

from __future__ import annotations

import re

import pytest

from tests.architecture.source import ROOT

PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["explanation/calendar.md", "reference/core.md"])
def test_the_code_runs(page):
    names = {"__name__": "page"}
    for block in PYTHON.findall((ROOT / "docs" / page).read_text(encoding="utf-8")):
        exec(compile(block, page, "exec", dont_inherit=True), names)
    assert len(names) > 2
