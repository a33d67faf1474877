"""What a user meets by name, an error code or a hook, stands in the reference."""

from __future__ import annotations

import ast
import re
from collections import defaultdict

from tests.architecture.source import ROOT, dotted, modules
from tools.error_reference import PAGE as ERRORS
from tools.error_reference import error_classes

HOOKS = ROOT / "docs" / "reference" / "hooks.md"


def test_every_error_code_is_documented():
    codes = {error.code for error in error_classes()}
    undocumented = sorted(codes - _documented(ERRORS))
    assert undocumented == [], "`python -m tools.error_reference` writes the page"


def test_every_documented_error_code_exists():
    in_tables = set(re.findall(r"^\| *`(\w+)`", ERRORS.read_text(encoding="utf-8"), re.MULTILINE))
    assert sorted(in_tables - {error.code for error in error_classes()}) == []


def test_a_code_means_one_error():
    meanings = defaultdict(list)
    for error in error_classes():
        meanings[error.code].append(f"{error.__module__}.{error.__qualname__}")
    assert {code: names for code, names in meanings.items() if len(names) > 1} == {}


def test_every_hook_is_documented():
    assert sorted(_hooks() - _documented(HOOKS)) == []


def _documented(page) -> set[str]:
    assert page.is_file(), f"{page.relative_to(ROOT).as_posix()} is missing"
    return set(re.findall(r"`(\w+)`", page.read_text(encoding="utf-8")))


def _hooks() -> set[str]:
    """The functions that are decorated as hook specifications, anywhere in the packages."""
    hooks = {
        node.name
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef)
        and any(_is_hookspec(decorator) for decorator in node.decorator_list)
    }
    assert hooks, "no hook specification was found: is the decorator still called hookspec?"
    return hooks


def _is_hookspec(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return dotted(called).rpartition(".")[2] == "hookspec"
