"""The code on the page about moderation runs, and the page names every rule type and status."""

from __future__ import annotations

import re

from saaskit_core.moderation import AppealState, ModerationStatus
from saaskit_core.moderation.rules.judging import RULE_TYPES
from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "explanation" / "moderation.md").read_text(encoding="utf-8")


def test_the_code_runs():
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "moderation.md", "exec", dont_inherit=True), {"__name__": "page"})


def test_every_rule_type_is_named():
    assert [name for name in RULE_TYPES if f"| `{name}` |" not in PAGE] == []


def test_every_status_and_state_is_named():
    names = [*ModerationStatus, *AppealState]
    assert [str(name) for name in names if f"`{name}`" not in PAGE] == []
