"""The database of a host project: a SQLite file; PostgreSQL with SAASKIT_TEST_DATABASE=postgres."""

from __future__ import annotations

import getpass
import os
import tempfile
from pathlib import Path
from typing import Any


def scratch() -> Path:
    """Return the folder for what test sites write; several runs may share it."""
    folder = Path(os.environ.get("SAASKIT_TEST_DIR", tempfile.gettempdir())) / "saaskit-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def database(name: str, **extra: Any) -> dict[str, Any]:
    """Return the settings of a project's default database."""
    if os.environ.get("SAASKIT_TEST_DATABASE") == "postgres":
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": f"saaskit_{name}",
            "HOST": os.environ.get("PGHOST", "127.0.0.1"),
            "PORT": os.environ.get("PGPORT", "5432"),
            "USER": os.environ.get("PGUSER", getpass.getuser()),
            "PASSWORD": os.environ.get("PGPASSWORD", ""),
            # As with SQLite below: a commit need not reach the disk, all else stays as it is.
            "OPTIONS": {"options": "-c synchronous_commit=off"},
            "TEST": {"NAME": f"{os.environ.get('SAASKIT_TEST_DB_NAME', 'saaskit_test')}_{name}"},
            **extra,
        }
    folder = scratch()
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder / f"{name}.sqlite3"),
        "TEST": {"NAME": str(folder / f"test-{name}-{os.getpid()}.sqlite3")},
        # Flushing to the disk is what takes long; locking, which tests are about, stays as it is.
        "OPTIONS": {"init_command": "PRAGMA synchronous=OFF"},
        **extra,
    }
