"""`saaskit init`: print what to add to a project. Nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import argparse

SETTINGS = """\
# settings.py
import saaskit_django

INSTALLED_APPS += ["rest_framework", *saaskit_django.apps({apps})]
MIDDLEWARE += ["saaskit_django.limits.middleware.APIRateLimit"]
{user}SAASKIT = {{
    "PROVIDERS": {{"sandbox": {{"type": "sandbox", "path": BASE_DIR / "sandbox.sqlite3"}}}},
    "FRONTEND_URL": "http://127.0.0.1:8000",
}}
"""

URLS = """\
# urls.py
from django.urls import include, path

urlpatterns += [path("{prefix}", include("saaskit_django.urls"))]
"""

USER = 'AUTH_USER_MODEL = "saaskit_accounts.User"  # before the first migrate\n'

OPTIONAL = """\
# Worth having in settings.py:
# MIDDLEWARE: "django.middleware.locale.LocaleMiddleware" after the session's, for translations
# DATABASES on SQLite: "OPTIONS": {
#     "timeout": 20,
#     "transaction_mode": "IMMEDIATE",
#     "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
# }
"""

NEXT = """\
# Then:
#   python manage.py migrate
#   saaskit doctor
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--own-user-model", action="store_true", help="the project keeps its own user model"
    )
    parser.add_argument(
        "--prefix", default="api/", help="where the routes go (default: %(default)s)"
    )


def run(arguments: argparse.Namespace, *, out: TextIO, **_: object) -> int:
    """Print the lines and return 0."""
    out.write(lines(prefix=arguments.prefix, has_own_user=arguments.own_user_model))
    return 0


def lines(*, prefix: str = "api/", has_own_user: bool = False) -> str:
    """Return what a project needs, ready to be pasted."""
    settings = SETTINGS.format(
        apps="optional=()" if has_own_user else "", user="" if has_own_user else USER
    )
    urls = URLS.format(prefix=f"{prefix.strip('/')}/" if prefix.strip("/") else "")
    return "\n".join((settings, urls, OPTIONAL, NEXT))
