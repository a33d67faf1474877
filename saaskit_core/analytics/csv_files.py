"""A CSV file on disk, read row by row; bad rows stop it or are told and left out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Generic, TextIO, TypeVar

from saaskit_core.analytics.csv_rows import BadCsv
from saaskit_core.errors import SaasKitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


class UnreadableFile(SaasKitError):
    code = "unreadable_file"
    template = "%(file)s can't be read: %(problem)s."


class CsvFile(Generic[T]):
    """The good rows of a file, each time it is gone through; `skipped` counts the others.

    `read` makes rows of lines. Raises UnreadableFile and, unless bad rows are to be skipped,
    BadCsv.
    """

    def __init__(
        self,
        file: str,
        err: TextIO,
        *,
        read: Callable[[Iterable[str]], Iterator[T | BadCsv]],
        is_skipping: bool,
    ) -> None:
        """Keep what to read; nothing is opened before somebody asks for a row."""
        self.file = file
        self.skipped = 0
        self._err = err
        self._read = read
        self._is_skipping = is_skipping

    def __iter__(self) -> Iterator[T]:
        """Yield row after row."""
        try:
            with Path(self.file).open(
                encoding="utf-8-sig", errors="surrogateescape", newline=""
            ) as text:
                for row in self._read(text):
                    if isinstance(row, BadCsv):
                        self._skip(row)
                    else:
                        yield row
        except OSError as exc:
            problem = exc.strerror or "it is not readable"
            raise UnreadableFile(file=self.file, problem=problem) from exc

    def _skip(self, problem: BadCsv) -> None:
        if not self._is_skipping:
            raise problem
        self.skipped += 1
        self._err.write(f"skipped: {problem}\n")
