"""The page about the demo says what the demo does."""

from __future__ import annotations

import re

import pytest

from examples.demo.__main__ import BadCatalog, cast_of, command_line
from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "tutorials" / "demo.md").read_text(encoding="utf-8")


def test_it_lists_every_option():
    listed = set(re.findall(r"^\| `(--[a-z]+)", PAGE, flags=re.MULTILINE))
    known = {name for action in command_line()._actions for name in action.option_strings}
    assert listed == known - {"-h", "--help"}


def test_its_catalogue_has_neither_trial_nor_coupon(tmp_path):
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    path = tmp_path / "my.yaml"
    path.write_text(text, encoding="utf-8")
    cast = cast_of(path)
    assert cast.main is not None
    assert (cast.main.plan.trial_days, cast.coupon, cast.dearer) == (0, None, None)
    path.write_text(text.replace('"9.00"', "29.0"), encoding="utf-8")
    with pytest.raises(BadCatalog) as refused:
        cast_of(path)
    shown = str(refused.value).replace(str(path), "my.yaml").splitlines()
    assert [line for line in shown if line not in PAGE] == []


def test_its_chapters_are_those_of_the_story():
    chapters = re.findall(r'chapter\("([^"]+)"\)', _source("story/whole.py"))
    told = re.findall(r"^\| ([A-Z][^|`]+?) \|", PAGE, flags=re.MULTILINE)
    assert [name for name in told[1:-1] if not any(c.startswith(name) for c in chapters)] == []
    assert len(told) - 2 == len(chapters)


def _source(name: str) -> str:
    return (ROOT / "examples" / "demo" / name).read_text(encoding="utf-8")
