"""Where values stand, and how a reader refuses them."""

from __future__ import annotations

from saaskit_core.catalog.problems import CatalogError, CatalogProblem

Path = tuple[str | int, ...]
Lines = dict[Path, int]

MAX_NESTING = 20


def dotted(path: Path) -> str:
    """Write a path of keys for people: plans[0].prices.Monthly."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def refuse(file: str, *, line: int, path: Path, problem: str, allowed: str = "") -> CatalogError:
    """Return the error for a text that can't even be read."""
    found = CatalogProblem(
        line=line, where=dotted(path), problem=problem, allowed=allowed, code="unreadable"
    )
    return CatalogError(file=file, problems=(found,))
