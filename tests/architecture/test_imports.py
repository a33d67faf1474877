"""Imports go one way and stand at the top of the file."""

from __future__ import annotations

import ast
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter

from tests.architecture.source import PACKAGES, Module, modules

FRAMEWORK = {"django", "rest_framework"}


def test_no_module_imports_itself_through_others():
    names = {module.name for module in modules()}
    graph = {module.name: _imported(module) & names - {module.name} for module in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" imports ".join(reversed(error.args[1]))) from None


def test_only_an_optional_package_is_imported_inside_a_function():
    """Or what needs it, guarded by `except ImportError`; `AppConfig.ready` may import models."""
    inside = [
        f"{module.where}:{node.lineno} in {function.name}()"
        for module in modules()
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name != "ready"
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and _is_always_there(node)
        and node not in _guarded(function)
    ]
    assert inside == []


def _guarded(function: ast.AST) -> list[ast.stmt]:
    """The statements that are tried, with an answer for a package that isn't installed."""
    return [
        statement
        for node in ast.walk(function)
        if isinstance(node, ast.Try) and any(_is_import_error(h.type) for h in node.handlers)
        for statement in node.body
    ]


def _is_import_error(caught: ast.expr | None) -> bool:
    return isinstance(caught, ast.Name) and caught.id in {"ImportError", "ModuleNotFoundError"}


def _imported(module: Module) -> set[str]:
    """The modules that `module` names in its imports; of `from a import b` both a and a.b."""
    found: set[str] = set()
    for node in ast.walk(module.tree):
        match node:
            case ast.Import(names=aliases):
                found |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(origin), names=aliases, level=0):
                nested = {f"{origin}.{alias.name}" for alias in aliases}
                known = {name for name in nested if name in _names()}
                found |= known if len(known) == len(nested) else known | {origin}
    return found


@cache
def _names() -> set[str]:
    return {module.name for module in modules()}


def _is_always_there(node: ast.Import | ast.ImportFrom) -> bool:
    named = (
        [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
    )
    tops = {name.partition(".")[0] for name in named}
    return bool(tops & (set(PACKAGES) | FRAMEWORK | set(sys.stdlib_module_names)))
