"""Rows put in the order of their customers by way of temporary files, in constant memory."""

from __future__ import annotations

import json
from datetime import datetime
from heapq import merge
from itertools import islice
from operator import itemgetter
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from saaskit_core.analytics.revenue import RevenueRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

CHUNK = 20_000
BATCH = 200
MOST_FILES = 64
_CUSTOMER = itemgetter(0)


class CustomerSpool:
    """Takes rows in any order and gives them back with those of one customer together.

    At most `chunk` rows are in memory: that many are sorted at a time and written to a file, and
    the files are merged. Close it, or use it in a `with`: the files are gone then.
    """

    def __init__(self, *, chunk: int = CHUNK) -> None:
        """Begin empty; no file is made before there are `chunk` rows."""
        self._chunk = chunk
        self._rows: list[RevenueRow] = []
        self._files: list[IO[str]] = []

    def __enter__(self) -> CustomerSpool:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        """Remove the files."""
        for file in self._files:
            file.close()

    def add(self, row: RevenueRow) -> None:
        """Take in a row."""
        self._rows.append(row)
        if len(self._rows) >= self._chunk:
            self._rows.sort(key=_CUSTOMER)
            self._write(self._rows)
            self._rows = []

    def by_customer(self) -> Iterator[RevenueRow]:
        """Yield all rows, those of one customer together. Once: afterwards it is empty."""
        self._rows.sort(key=_CUSTOMER)
        yield from merge(*map(_read, self._files), self._rows, key=_CUSTOMER)

    def _write(self, rows: Iterable[RevenueRow]) -> None:
        """Write a sorted file; when there are many, one out of all of them."""
        merged = self._files if len(self._files) >= MOST_FILES else []
        written = _written(merge(*map(_read, merged), rows, key=_CUSTOMER))
        for file in merged:
            file.close()
        self._files = [written] if merged else [*self._files, written]


def _written(rows: Iterable[RevenueRow]) -> IO[str]:
    file: IO[str] = TemporaryFile("w+", encoding="ascii")  # noqa: SIM115  closed with the spool
    given = iter(rows)
    while batch := [_plain(row) for row in islice(given, BATCH)]:
        file.write(json.dumps(batch) + "\n")
    return file


def _plain(row: RevenueRow) -> tuple[object, ...]:
    ends_at = row.ends_at.isoformat() if row.ends_at else None
    return (*row[:5], row.starts_at.isoformat(), ends_at)


def _read(file: IO[str]) -> Iterator[RevenueRow]:
    file.seek(0)
    for line in file:
        for *terms, starts_at, ends_at in json.loads(line):
            begun = datetime.fromisoformat(starts_at)
            ended = datetime.fromisoformat(ends_at) if ends_at else None
            yield RevenueRow._make([*terms, begun, ended])
