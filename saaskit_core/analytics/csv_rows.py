"""Rows out of a CSV text as spreadsheets write it: every bad one is named by its line."""

from __future__ import annotations

import csv
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from saaskit_core.errors import SaasKitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

T = TypeVar("T")


class BadCsv(SaasKitError):
    code = "bad_csv"
    template = "%(file)s, line %(line)s: %(problem)s. Allowed: %(allowed)s."


class WrongField(Exception):
    """A field that can't be read."""

    def __init__(self, problem: str, allowed: str) -> None:
        """Keep both halves of the message apart."""
        super().__init__(problem)
        self.problem = problem
        self.allowed = allowed


def read_csv(
    rows: Iterable[str],
    *,
    file: str,
    required: Sequence[str],
    optional: Sequence[str],
    parse: Callable[[Sequence[str]], T],
    allowed: str,
) -> Iterator[T | BadCsv]:
    """Yield what `parse` makes of each data row, or the error; rows are read as they are needed.

    `parse` gets the required and then the optional columns, stripped, an empty text for one that
    isn't there; what it raises (WrongField, SaasKitError, with `allowed` for a hint) is that row's
    error. Commas, semicolons or tabs part the columns, which are in any order. A row whose quoted
    fields go over several lines is named by its first. Raises BadCsv for a header that lacks a
    column or has one that isn't known.
    """
    left = iter(rows)
    header = next(left, "").removeprefix("\ufeff")
    reader = csv.reader(chain([header], left), strict=True, delimiter=_delimiter(header))
    names = _header(reader, file)
    places = _places(names, required, optional, file)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
            if fields:
                yield parse(_in_order(fields, places, len(names)))
        except StopIteration:
            return
        except csv.Error as exc:
            yield _bad(file, line, f"it is not CSV ({exc})", "quoted fields, one separator")
        except WrongField as exc:
            yield _bad(file, line, exc.problem, exc.allowed)
        except SaasKitError as exc:
            yield _bad(file, line, str(exc).rstrip("."), allowed)


def given(text: str, name: str) -> str:
    """Return the text of a field. Raises WrongField when it is empty."""
    if not text:
        raise WrongField(f"{name} is empty", "any text")
    return text


def quantity(text: str) -> int:
    """Read a number of units; empty is one. Raises WrongField."""
    if not text or text == "1":
        return 1
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:8]) <= 1_000_000:
        raise WrongField(f"the quantity is {text[:40]!r}", "a whole number from 1 to 1000000")
    return int(text)


_DELIMITERS = ",;\t"
_SURROGATES = frozenset(map(chr, range(0xD800, 0xE000)))


def _bad(file: str, line: int, problem: str, allowed: str) -> BadCsv:
    return BadCsv(file=file, line=line, problem=problem, allowed=allowed)


def _delimiter(header: str) -> str:
    """Return what parts the header most often; the comma when nothing does."""
    return max(_DELIMITERS, key=header.count)


def _header(reader: Iterator[list[str]], file: str) -> list[str]:
    try:
        names = next(reader, [])
    except csv.Error as exc:
        raise _bad(file, 1, f"it is not CSV ({exc})", "a line of column names") from None
    if not _is_text(names):
        raise _bad(file, 1, "it is not UTF-8 text", "UTF-8")
    return [name.strip() for name in names]


def _places(
    names: Sequence[str], required: Sequence[str], optional: Sequence[str], file: str
) -> list[int]:
    """Return the place of every column; −1 for one that is left out."""
    missing = [name for name in required if name not in names]
    unknown = sorted({*names} - {*required, *optional})
    allowed = ", ".join((*required, *optional))
    if missing:
        raise _bad(file, 1, _missing(names, missing), allowed)
    if unknown:
        raise _bad(file, 1, f"the column {unknown[0][:40]!r} is not known", allowed)
    if len(set(names)) != len(names):
        raise _bad(file, 1, "a column is there twice", allowed)
    return [names.index(name) if name in names else -1 for name in (*required, *optional)]


def _missing(names: Sequence[str], missing: Sequence[str]) -> str:
    if not any(names):
        return "there is no header"
    if len(missing) == 1:
        return f"the column {missing[0]} is missing"
    return f"the columns {', '.join(missing)} are missing"


def _in_order(fields: list[str], places: Sequence[int], count: int) -> list[str]:
    if len(fields) != count:
        problem = "it has another number of fields than the header"
        raise WrongField(problem, "as many as the header")
    if not _is_text(fields):
        raise WrongField("it is not UTF-8 text", "UTF-8")
    return [fields[place].strip() if place >= 0 else "" for place in places]


def _is_text(fields: Sequence[str]) -> bool:
    """Tell whether it could be decoded: what couldn't stands there as surrogates."""
    text = "".join(fields)
    return text.isascii() or _SURROGATES.isdisjoint(text)
