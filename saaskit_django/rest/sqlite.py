"""SQLite lets one writer at a time: those who wait are given longer than the usual five seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

PATIENCE_MS = 60_000


def wait_longer(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Set the busy timeout of a new SQLite connection, unless the host chose one himself."""
    if connection.vendor != "sqlite" or "timeout" in connection.settings_dict.get("OPTIONS", {}):
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
