#!/usr/bin/env python3
"""Write docs/reference/errors.md from the error classes: `python -m tools.error_reference`."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import sys
from pathlib import Path

from saaskit_core.errors import SaasKitError

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "errors.md"
PACKAGES = ("saaskit_core", "saaskit_providers", "saaskit_django")
HEAD = """# Errors

Every error that SaaSKit raises on purpose is a `SaasKitError` with a stable `code` and a `kind`.
Over REST it is answered as `application/problem+json` (RFC 9457) with the status shown here. The
code never changes and is never translated; the message is translated. A word in braces stands for
a value of the case at hand.

| Code | Kind | Status | Message | Raised in |
|---|---|---|---|---|
"""


def error_classes() -> list[type[SaasKitError]]:
    """Import all modules of the packages and list the error classes that set a code."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if not {"__main__", "conftest", "migrations"} & set(module.name.split(".")):
                importlib.import_module(module.name)
    ours = [error for error in _below(SaasKitError) if "code" in vars(error)]
    return sorted(ours, key=lambda error: (error.code, error.__module__))


def page() -> str:
    """Spell the reference page."""
    return HEAD + "".join(f"| {' | '.join(_cells(error))} |\n" for error in error_classes())


def main() -> int:
    """Write the page."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.projects.full.settings")
    import django

    django.setup()
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def _cells(error: type[SaasKitError]) -> tuple[str, ...]:
    from saaskit_django.rest import problems

    status = problems._OWN_STATUS.get(error, problems.STATUS[error.kind]).value
    return f"`{error.code}`", error.kind, str(status), _message(error), f"`{error.__module__}`"


def _below(base: type[SaasKitError]) -> set[type[SaasKitError]]:
    """Every subclass of ours, to any depth; those of tests and of other plugins are left out."""
    found = {error for error in base.__subclasses__() if _is_ours(error)}
    return found.union(*(_below(error) for error in base.__subclasses__()))


def _is_ours(error: type[SaasKitError]) -> bool:
    return error.__module__.partition(".")[0] in PACKAGES


def _message(error: type[SaasKitError]) -> str:
    words = re.sub(r"%\((\w+)\)[sd]", r"{\1}", str(error.template)).replace("%%", "%")
    return " ".join(words.replace("|", "\\|").split())


if __name__ == "__main__":
    sys.exit(main())
