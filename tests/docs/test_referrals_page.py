"""The page on referrals prints what it says it prints."""

from __future__ import annotations

import re

from tests.architecture.source import ROOT

PAGE = ROOT / "docs" / "explanation" / "referrals.md"


def test_the_example_prints_what_stands_below_it(capsys):
    text = PAGE.read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (printed,) = re.findall(r"^```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    exec(compile(code, PAGE.name, "exec", dont_inherit=True), {"__name__": "page"})
    assert capsys.readouterr().out == printed
