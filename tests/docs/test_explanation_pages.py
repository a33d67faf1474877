"""The code on the pages that explain the house and the safety of money runs as it stands there."""

from __future__ import annotations

import re
from dataclasses import fields
from enum import StrEnum

import pytest

from saaskit_core.subscriptions.policies import Policies
from tests.architecture.source import ROOT, django_apps

PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
FOLDER = ROOT / "docs" / "explanation"


@pytest.mark.parametrize("page", ["architecture.md", "money_safety.md"])
def test_the_code_runs(page):
    blocks = PYTHON.findall((FOLDER / page).read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        exec(compile(block, page, "exec", dont_inherit=True), {"__name__": "page"})


def test_every_policy_is_explained_with_its_values():
    text = (FOLDER / "policies.md").read_text(encoding="utf-8")
    for policy in fields(Policies):
        assert f"`{policy.name}`" in text
        if isinstance(policy.default, StrEnum):
            values = [f"`{value}`" for value in type(policy.default)]
            assert values[0] == f"`{policy.default}`"
            assert ", ".join(values) in text


def test_every_app_has_its_floor():
    text = (FOLDER / "architecture.md").read_text(encoding="utf-8")
    assert [app.name for app in django_apps() if f"`{app.name}`" not in text] == []
