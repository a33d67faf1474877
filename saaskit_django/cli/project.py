"""Find the Django project a command is about, and start it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import django

from saaskit_core.errors import ErrorKind, SaasKitError

VARIABLE = "DJANGO_SETTINGS_MODULE"

_IN_MANAGE_PY = re.compile(rf"""{VARIABLE}["']\s*,\s*["']([\w.]+)["']""")


class ProjectNotFound(SaasKitError):
    """Neither an option, nor the environment, nor a manage.py says which project is meant."""

    code = "project_not_found"
    kind = ErrorKind.NOT_FOUND
    template = (
        "No Django project here: run it beside manage.py, set DJANGO_SETTINGS_MODULE, or give"
        " --settings."
    )


def settings_module(named: str = "", *, folder: Path | None = None) -> str:
    """Return the settings module: the one named, the environment's, or manage.py's.

    Raises ProjectNotFound.
    """
    given = named or os.environ.get(VARIABLE, "")  # noqa: TID251 (Django's own variable)
    if given:
        return given
    try:
        text = ((folder or Path.cwd()) / "manage.py").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ProjectNotFound from None
    found = _IN_MANAGE_PY.search(text)
    if found is None:
        raise ProjectNotFound
    return found[1]


def start(module: str) -> None:
    """Set Django up with that settings module; raises whatever the project raises."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    os.environ[VARIABLE] = module  # noqa: TID251 (Django's own variable)
    django.setup()
