"""JSON with line numbers: the standard library's own scanner, walked one value at a time."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from dataclasses import dataclass
from json.decoder import JSONDecoder
from typing import TYPE_CHECKING

from saaskit_core.catalog.located import MAX_NESTING, Lines, Path, refuse

if TYPE_CHECKING:
    from saaskit_core.features.documents import JSON

_SPACE = re.compile(r"[ \t\n\r]*")


def read_json(text: str, *, file: str, lines: Lines) -> JSON:
    """Parse `text`, noting the line of every path. Raises CatalogError."""
    breaks = [match.start() for match in re.finditer("\n", text)]
    reader = _Reader(text, file, lines, breaks)
    try:
        value, end = reader.value(reader.skip(0), ())
    except json.JSONDecodeError as exc:
        raise refuse(file, line=exc.lineno, path=(), problem=f"not JSON: {exc.msg}") from None
    except ValueError:
        problem = "a number has too many digits"
        raise refuse(file, line=1, path=(), problem=problem) from None
    rest = reader.skip(end)
    if rest != len(text):
        raise refuse(file, line=reader.line(rest), path=(), problem="there is more after the end")
    return value


@dataclass(frozen=True, slots=True)
class _Reader:
    text: str
    file: str
    lines: Lines
    breaks: list[int]

    def value(self, at: int, path: Path) -> tuple[JSON, int]:
        """Return the value that begins at `at` and where it ends."""
        self.lines.setdefault(path, self.line(at))
        if len(path) > MAX_NESTING:
            raise refuse(self.file, line=self.line(at), path=path, problem="nested too deeply")
        opening = self.text[at : at + 1]
        if opening == "{":
            return self._object(at, path)
        if opening == "[":
            return self._array(at, path)
        value: JSON
        value, end = JSONDecoder().raw_decode(self.text, at)
        return value, end

    def skip(self, at: int) -> int:
        """Return where the white space at `at` ends."""
        space = _SPACE.match(self.text, at)
        return space.end() if space else at

    def line(self, at: int) -> int:
        """Return the number of the line that `at` is on."""
        return bisect_left(self.breaks, at) + 1

    def _object(self, at: int, path: Path) -> tuple[JSON, int]:
        found: dict[str, JSON] = {}
        at = self.skip(at + 1)
        while self.text[at : at + 1] != "}":
            key, key_at = self._key(at), at
            if key[0] in found:
                raise refuse(
                    self.file, line=self.line(at), path=(*path, key[0]), problem="written twice"
                )
            self.lines[(*path, key[0])] = self.line(key_at)
            found[key[0]], at = self.value(self._expect(":", key[1]), (*path, key[0]))
            at = self._next(at, "}")
        return found, at + 1

    def _array(self, at: int, path: Path) -> tuple[JSON, int]:
        found: list[JSON] = []
        at = self.skip(at + 1)
        while self.text[at : at + 1] != "]":
            value, at = self.value(at, (*path, len(found)))
            found.append(value)
            at = self._next(at, "]")
        return found, at + 1

    def _key(self, at: int) -> tuple[str, int]:
        if self.text[at : at + 1] != '"':
            raise json.JSONDecodeError("a key in double quotes is expected", self.text, at)
        key: str
        key, end = JSONDecoder().raw_decode(self.text, at)
        return key, end

    def _expect(self, sign: str, at: int) -> int:
        at = self.skip(at)
        if self.text[at : at + 1] != sign:
            raise json.JSONDecodeError(f"{sign!r} is expected", self.text, at)
        return self.skip(at + 1)

    def _next(self, at: int, closing: str) -> int:
        at = self.skip(at)
        if self.text[at : at + 1] == closing:
            return at
        at = self._expect(",", at)
        if self.text[at : at + 1] == closing:
            raise json.JSONDecodeError("a comma too many", self.text, at)
        return at
