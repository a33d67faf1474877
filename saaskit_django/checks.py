"""System checks: every setting that can't work is named before the first request meets it.

Each check has an id, a sentence that says what is wrong and a hint that says what to do;
docs/reference/checks.md lists them. Secrets are never shown.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.module_loading import import_string

from saaskit_core.errors import SaasKitError
from saaskit_core.provider_setup import build
from saaskit_django import REQUIRED, registry
from saaskit_django.conf import Dispatch, InvalidSettings, SaasKitSettings, conf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TAG = "saaskit"
SUPPORTED = ("sqlite", "postgresql")
SHORTEST_KEY = 32
"""RFC 7518, section 3.2: a key for HS256 has at least 256 bits."""


@register(TAG)
def check_settings(**_: Any) -> list[CheckMessage]:
    """Check what `settings.SAASKIT` says and whether what it names is there."""
    try:
        current = conf()
    except InvalidSettings as exc:
        return list(_invalid(exc))
    parts = (_providers, _notifiers, _plugins, _tokens, _authentication, _dispatch)
    return [message for part in parts for message in part(current)]


@register(TAG)
def check_host(**_: Any) -> list[CheckMessage]:
    """Check the host project: its apps, its database, its time zones."""
    return [*_apps(), *_database(), *_time_zones()]


@register(TAG, Tags.security, deploy=True)
def check_deployment(**_: Any) -> list[CheckMessage]:
    """Check what only matters on a production site: `manage.py check --deploy`."""
    try:
        current = conf()
    except InvalidSettings:
        return []
    return [*_sandbox_allowed(current), *_key_of_its_own(current), *_frontend(current)]


def _invalid(exc: InvalidSettings) -> Iterator[CheckMessage]:
    for problem in exc.problems:
        check_id = "saaskit.E001" if problem.is_unknown else "saaskit.E002"
        yield Error(f"{problem.path}: {problem.message}.", hint=problem.hint, id=check_id)


def _apps() -> Iterator[CheckMessage]:
    installed = {config.name for config in apps.get_app_configs()}
    wanted = [f"saaskit_django.{name}" for name in REQUIRED]
    missing = [name for name in wanted if name not in installed and find_spec(name) is not None]
    if missing:
        yield Error(
            f"INSTALLED_APPS lacks {', '.join(missing)}.",
            hint="Add *saaskit_django.apps() to INSTALLED_APPS instead of single apps.",
            id="saaskit.E003",
        )


def _database() -> Iterator[CheckMessage]:
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor not in SUPPORTED:
        yield Error(
            f"The database {connection.display_name} is not supported.",
            hint="Use PostgreSQL or SQLite: others skip constraints that guard the money.",
            id="saaskit.E004",
        )
    options = connection.settings_dict.get("OPTIONS") or {}
    if connection.vendor == "sqlite" and options.get("transaction_mode") != "IMMEDIATE":
        yield checks.Warning(
            "SQLite opens its transactions in deferred mode: under load other code of this site"
            " may meet 'database is locked'.",
            hint='Set DATABASES["default"]["OPTIONS"]["transaction_mode"] = "IMMEDIATE".',
            id="saaskit.W005",
        )


def _time_zones() -> Iterator[CheckMessage]:
    if not settings.USE_TZ:
        yield Error(
            "USE_TZ is False: billing needs instants with a time zone.",
            hint="Set USE_TZ = True.",
            id="saaskit.E006",
        )


def _providers(current: SaasKitSettings) -> Iterator[CheckMessage]:
    if not current.providers:
        yield checks.Warning(
            "No payment provider is set up: nothing can be charged.",
            hint='Set SAASKIT["PROVIDERS"], for a start {"sandbox": {"type": "sandbox"}}.',
            id="saaskit.W007",
        )
    yield from _pluggable("PROVIDERS", current.providers, registry.plugins().payment_providers)


def _notifiers(current: SaasKitSettings) -> Iterator[CheckMessage]:
    yield from _pluggable("NOTIFIERS", current.notifiers, registry.notifier_types())


def _pluggable(setting: str, entries: Any, kinds: Any) -> Iterator[CheckMessage]:
    """Check each entry of PROVIDERS or NOTIFIERS: its type, its place, its own settings."""
    for alias, entry in entries.items():
        path = f"SAASKIT[{setting!r}][{alias!r}]"
        kind = kinds.get(entry.type)
        if kind is None:
            yield Error(
                f"{path}: no installed plugin offers the type {entry.type!r}.",
                hint=f"There are {', '.join(sorted(kinds)) or 'none'}: see `saaskit plugins`.",
                id="saaskit.E008",
            )
        elif not (kind.is_production_ready or settings.DEBUG or conf().allow_sandbox):
            yield Error(
                f"{path}: the type {entry.type!r} is for tests and DEBUG is False.",
                hint='Set up a real one, or SAASKIT["ALLOW_SANDBOX"] = True on a test site.',
                id="saaskit.E009",
            )
        else:
            yield from _buildable(path, alias, entry, kind)


def _buildable(path: str, alias: str, entry: Any, kind: Any) -> Iterator[CheckMessage]:
    try:
        build(kind, name=alias, settings=entry.settings)
    except SaasKitError as exc:
        problem = str(exc.params.get("problem", exc))
    except Exception as exc:  # noqa: BLE001 (a plugin's code may raise anything)
        problem = f"its plugin raised {type(exc).__name__}"
    else:
        return
    yield Error(f"{path}: {problem}.", hint=f"Correct {path}.", id="saaskit.E010")


def _plugins(_: SaasKitSettings) -> Iterator[CheckMessage]:
    report = registry.plugins()
    for failed in report.failed:
        yield checks.Warning(
            f"The plugin {failed}.",
            hint=f"Repair or uninstall {failed.distribution}, or name the plugin in"
            ' SAASKIT["PLUGINS_BLOCK"].',
            id="saaskit.W011",
        )
    for duplicate in report.duplicates:
        yield checks.Warning(
            f"The plugin {duplicate}.",
            hint=f"Uninstall {duplicate.distribution}, or name the plugin that is not wanted in"
            ' SAASKIT["PLUGINS_BLOCK"].',
            id="saaskit.W012",
        )
    for name in report.unmatched:
        yield checks.Warning(
            f"PLUGINS_ALLOW or PLUGINS_BLOCK names {name!r}: no installed plugin is called so.",
            hint="`saaskit plugins` lists the names.",
            id="saaskit.W013",
        )


def _tokens(current: SaasKitSettings) -> Iterator[CheckMessage]:
    key = current.jwt.signing_key
    if key is None:
        return
    if len(key.get_secret_value().encode()) < SHORTEST_KEY:
        yield Error(
            "SAASKIT['JWT']['SIGNING_KEY'] is shorter than 32 bytes.",
            hint="Make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            id="saaskit.E014",
        )
    if key.get_secret_value() == settings.SECRET_KEY:
        yield Error(
            "SAASKIT['JWT']['SIGNING_KEY'] is Django's SECRET_KEY.",
            hint="Use a key of its own, or leave it out: then one is derived from SECRET_KEY.",
            id="saaskit.E015",
        )


def _authentication(current: SaasKitSettings) -> Iterator[CheckMessage]:
    for name in current.authentication or ():
        try:
            import_string(name)
        except ImportError as exc:
            yield Error(
                f"SAASKIT['AUTHENTICATION']: {name} can't be imported: {exc}.",
                hint="Name Django REST framework authentication classes by their dotted paths.",
                id="saaskit.E016",
            )


def _dispatch(current: SaasKitSettings) -> Iterator[CheckMessage]:
    if current.dispatch is Dispatch.CELERY and find_spec("celery") is None:
        yield Error(
            "SAASKIT['DISPATCH'] is 'celery', and Celery is not installed.",
            hint="Install saaskit[celery], or use 'inline' or 'worker'.",
            id="saaskit.E017",
        )


def _sandbox_allowed(current: SaasKitSettings) -> Iterable[CheckMessage]:
    if current.allow_sandbox and not settings.DEBUG:
        yield checks.Warning(
            "SAASKIT['ALLOW_SANDBOX'] is True: customers could pay with play money.",
            hint="Remove it on a site that sells.",
            id="saaskit.W018",
        )


def _key_of_its_own(current: SaasKitSettings) -> Iterable[CheckMessage]:
    if current.jwt.signing_key is None:
        yield checks.Warning(
            "Tokens are signed with a key derived from SECRET_KEY: the two can't be changed apart.",
            hint="Set SAASKIT['JWT']['SIGNING_KEY'].",
            id="saaskit.W019",
        )


def _frontend(current: SaasKitSettings) -> Iterable[CheckMessage]:
    if not current.frontend_url and apps.is_installed("saaskit_django.accounts"):
        yield checks.Warning(
            "SAASKIT['FRONTEND_URL'] is empty: links in e-mails lead nowhere.",
            hint="Set it to where people use your product, such as https://app.example.com.",
            id="saaskit.W020",
        )
