"""The source of the three packages as syntax trees. Reads files, imports nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("saaskit_core", "saaskit_providers", "saaskit_django")


@dataclass(frozen=True)
class Module:
    """One Python file: its dotted name, where it stands, what it says."""

    name: str
    path: Path

    @property
    def where(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))


@cache
def modules(*packages: str) -> tuple[Module, ...]:
    """Every module of the packages (all three when none is named), migrations left out."""
    found = tuple(_modules(packages or PACKAGES))
    assert found, f"no source found for {packages or PACKAGES}"
    return found


def _modules(packages: tuple[str, ...]) -> Iterator[Module]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" not in parts:
                dotted = parts[:-1] if parts[-1] == "__init__" else parts
                yield Module(".".join(dotted), path)


@cache
def django_apps() -> tuple[Path, ...]:
    """The folders of saaskit_django that are Django apps."""
    return tuple(sorted(path.parent for path in (ROOT / "saaskit_django").glob("*/apps.py")))


def dotted(node: ast.expr) -> str:
    """Spell `a.b.c` of a Name or Attribute chain; '' for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            head = dotted(value)
            return f"{head}.{attr}" if head else ""
        case _:
            return ""


def import_names(tree: ast.AST) -> dict[str, str]:
    """Map every name that an import binds to what it stands for, in full."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    bound = alias.asname or alias.name.partition(".")[0]
                    names[bound] = alias.name if alias.asname else bound
            case ast.ImportFrom(module=str(origin), names=aliases, level=0):
                for alias in aliases:
                    names[alias.asname or alias.name] = f"{origin}.{alias.name}"
    return names


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every call as (line, full dotted name of what is called), imports resolved."""
    names = import_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            head, _, rest = dotted(node.func).partition(".")
            full = names.get(head, head)
            yield node.lineno, f"{full}.{rest}" if rest else full
