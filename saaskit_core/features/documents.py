"""Feature documents: JSON objects addressed by dotted paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
"""Any JSON value."""


def leaves(document: Mapping[str, JSON], known: Collection[str]) -> Iterator[tuple[str, JSON]]:
    """Yield (dotted path, value) of everything a document sets.

    An object is descended into as long as a known path may lie below it, so a value that itself is
    an object stays whole. Keys may be written dotted: {"api_access.enabled": true}.
    """
    branches = {path[:dot] for path in known for dot in _dots(path)}
    yield from _leaves(document, known, branches, "")


def nested(flat: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return one object in which every dotted path is an object of its own."""
    document: dict[str, JSON] = {}
    for path, value in flat.items():
        document = with_leaf(document, path, value)
    return document


def with_leaf(document: Mapping[str, JSON], path: str, value: JSON) -> dict[str, JSON]:
    """Return a copy in which one dotted path has another value and no other path is touched."""
    head, _, rest = path.partition(".")
    copy = dict(document)
    if not rest:
        copy[head] = value
        return copy
    inner = copy.get(head)
    copy[head] = with_leaf(inner if isinstance(inner, dict) else {}, rest, value)
    return copy


def _leaves(
    document: Mapping[str, JSON], known: Collection[str], branches: set[str], prefix: str
) -> Iterator[tuple[str, JSON]]:
    for key, value in document.items():
        path = f"{prefix}{key}"
        if path not in known and path in branches and isinstance(value, dict):
            yield from _leaves(value, known, branches, f"{path}.")
        else:
            yield path, value


def _dots(path: str) -> Iterator[int]:
    return (index for index, character in enumerate(path) if character == ".")
