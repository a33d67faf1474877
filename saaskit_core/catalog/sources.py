"""Catalogue texts as plain data that remembers on which line each value stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from saaskit_core.catalog.json_text import read_json
from saaskit_core.catalog.problems import YamlNotInstalled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saaskit_core.catalog.located import Lines
    from saaskit_core.features.documents import JSON

_JSON_SUFFIXES = {".json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A parsed catalogue file: its data, and the line of every path of keys in it."""

    file: str
    data: JSON
    lines: Mapping[tuple[str | int, ...], int]

    def line(self, path: tuple[str | int, ...]) -> int:
        """Return the line of a path, or of its nearest parent that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_source(text: str, *, file: str) -> Source:
    """Parse JSON or YAML, by the file's suffix. Raises CatalogError or YamlNotInstalled."""
    lines: Lines = {}
    if PurePath(file).suffix.lower() in _JSON_SUFFIXES:
        data = read_json(text, file=file, lines=lines)
    else:
        try:
            from saaskit_core.catalog.yaml_text import read_yaml
        except ModuleNotFoundError as exc:
            raise YamlNotInstalled(file=file) from exc
        data = read_yaml(text, file=file, lines=lines)
    return Source(file=file, data=data, lines=lines)
