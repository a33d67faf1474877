"""The sandbox's books: one SQLite file, safe for many processes and threads at once.

Every writing transaction takes the write lock first (BEGIN IMMEDIATE), so that what it reads stays
true until it commits.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_SECONDS = 30.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, answer TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_by_reference ON objects (kind, reference);
CREATE TABLE IF NOT EXISTS scripts (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    operation TEXT NOT NULL,
    method TEXT NOT NULL,
    effect TEXT NOT NULL,
    reason TEXT NOT NULL,
    delay_ms INTEGER NOT NULL,
    remaining INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL
);
"""


class Store:
    """Hands out connections to the file; keeps idle ones, never across a fork."""

    def __init__(self, path: Path) -> None:
        """Remember the path; the file is made when it is first needed."""
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._abandoned: list[sqlite3.Connection] = []
        self._process = 0

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give a connection inside a transaction that holds the write lock; commit at the end."""
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.rollback()
                raise
            db.commit()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give a connection for a single query."""
        with self._connection() as db:
            yield db

    def secret(self) -> str:
        """Return the file's own webhook secret, made on first need."""
        with self.write() as db:
            fresh = f"whsec_{secrets.token_urlsafe(32)}"
            db.execute("INSERT OR IGNORE INTO meta VALUES ('webhook_secret', ?)", (fresh,))
            found = db.execute("SELECT value FROM meta WHERE name = 'webhook_secret'").fetchone()
            return str(found[0])

    def close(self) -> None:
        """Close the idle connections; the next use opens new ones."""
        while self._idle:
            self._idle.pop().close()

    def __del__(self) -> None:
        """Close what nobody can use any more; a forked child leaves its parent's alone."""
        if self._process == os.getpid():
            self.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        db = self._take()
        try:
            yield db
        except sqlite3.Error:
            db.close()
            raise
        except BaseException:
            self._idle.append(db)
            raise
        self._idle.append(db)

    def _take(self) -> sqlite3.Connection:
        if self._process != os.getpid():
            # A connection must not cross a fork: the child keeps its parent's unused and unclosed.
            self._abandoned += self._idle
            self._idle, self._process = [], os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        db.execute("PRAGMA synchronous = NORMAL")
        if db.execute("PRAGMA user_version").fetchone()[0] == 0:
            _switch_to_wal(db)
            db.executescript(f"BEGIN IMMEDIATE;{SCHEMA}PRAGMA user_version = 1;COMMIT;")
        return db


def _switch_to_wal(db: sqlite3.Connection) -> None:
    """Switch the file to WAL; SQLite doesn't wait by itself when several processes do this."""
    for _ in range(100):
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            time.sleep(0.02)
    db.execute("PRAGMA journal_mode = WAL")
