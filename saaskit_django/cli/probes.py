"""The doctor's probes. Each one yields what it found; the project has been started before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.apps import apps
from django.core import checks
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import get_resolver

import saaskit_django
from saaskit_core.errors import SaasKitError
from saaskit_core.plugin_reports import describe
from saaskit_core.providers import ProviderError
from saaskit_django import clock, registry
from saaskit_django.cli.findings import Finding, error, ok, warning
from saaskit_django.conf import conf

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACE = "saaskit"
LARGEST_SKEW = timedelta(seconds=5)

PROBED = frozenset(f"saaskit.{number}" for number in ("E003", "W007", "W011", "W012", "W013"))
"""System checks about what a probe of ours reports as well."""


def apps_installed() -> Iterator[Finding]:
    """Look for the apps that every project needs."""
    needed = ("rest_framework", *saaskit_django.apps(optional=()))
    missing = [name for name in needed if not apps.is_installed(name)]
    if missing:
        hint = 'INSTALLED_APPS += ["rest_framework", *saaskit_django.apps()]'
        yield error("apps", f"not installed: {', '.join(missing)}", hint=hint)
    else:
        yield ok("apps", f"{len(needed)} required apps")


def system_checks() -> Iterator[Finding]:
    """Run the system checks of the whole project, as `manage.py check` does."""
    found = [each for each in checks.run_checks() if not each.is_silenced()]
    messages = [each for each in found if each.id not in PROBED]
    for each in messages:
        level = error if each.level >= checks.ERROR else warning
        said = f"{each.id or 'no id'}: {' '.join(str(each.msg).split())}"
        yield level("checks", said, hint=" ".join(str(each.hint or "").split()))
    if not messages:
        yield ok("checks", "nothing to report")


def routes_included() -> Iterator[Finding]:
    """Look for our routes in the project's."""
    if NAMESPACE in get_resolver().namespace_dict:
        prefix = get_resolver().namespace_dict[NAMESPACE][0]
        yield ok("urls", f"/{prefix}")
    else:
        hint = 'urlpatterns += [path("api/", include("saaskit_django.urls"))]'
        yield warning("urls", "our routes are not included", hint=hint)


def plugins_loaded() -> Iterator[Finding]:
    """Name every plugin that failed."""
    report = registry.plugins()
    yield ok("plugins", ", ".join(plugin.name for plugin in report.loaded) or "none")
    for failed in report.failed:
        hint = "Repair or uninstall it, or name it in SAASKIT['PLUGINS_BLOCK']."
        yield error("plugins", str(failed), hint=hint)
    for duplicate in report.duplicates:
        yield error("plugins", str(duplicate), hint="Uninstall or block one of the two.")
    for name in report.unmatched:
        hint = "Correct SAASKIT['PLUGINS_ALLOW'] or SAASKIT['PLUGINS_BLOCK']."
        yield warning("plugins", f"no installed plugin is called {name!r}", hint=hint)


def providers_answer() -> Iterator[Finding]:
    """Build each configured payment provider and let it try its credentials."""
    aliases = tuple(conf().providers)
    if not aliases:
        hint = 'SAASKIT = {"PROVIDERS": {"sandbox": {"type": "sandbox"}}}'
        yield warning("providers", "no payment provider is set up", hint=hint)
    for alias in aliases:
        yield _provider(alias)


def notifiers_built() -> Iterator[Finding]:
    """Build each configured notifier."""
    for alias in conf().notifiers:
        try:
            registry.notifier(alias)
        except SaasKitError as exc:
            yield error("notifiers", str(exc))
        except (Exception, SystemExit) as exc:  # noqa: BLE001 (a plugin's constructor)
            yield error("notifiers", f"{alias} raised {describe(exc)}")
        else:
            yield ok("notifiers", alias)


def database_answers() -> Iterator[Finding]:
    """Ask the default database for something."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as exc:
        hint = "Is the server up, and are DATABASES' host, user and password right?"
        yield error("database", f"{connection.vendor} does not answer: {describe(exc)}", hint=hint)
    else:
        yield ok("database", connection.vendor)


def migrations_applied() -> Iterator[Finding]:
    """Count the migrations that still have to be applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        labels = sorted({migration.app_label for migration, _ in plan})
        message = f"{len(plan)} to apply, of {', '.join(labels)}"
        yield error("migrations", message, hint="python manage.py migrate")
    else:
        yield ok("migrations", "all applied")


def clocks_agree() -> Iterator[Finding]:
    """Compare the database server's clock with this machine's."""
    if connection.vendor != "postgresql":
        yield ok("clock", f"{DEFAULT_DB_ALIAS} runs on this machine's clock")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        (seconds,) = cursor.fetchone()
    away = abs(datetime.fromtimestamp(float(seconds), UTC) - clock.now())
    if away > LARGEST_SKEW:
        message = f"the database server is {away.total_seconds():.0f} s away from this machine"
        yield warning("clock", message, hint="Let both follow the same time server (NTP).")
    else:
        yield ok("clock", "the database server agrees")


def _provider(alias: str) -> Finding:
    try:
        registry.payment_provider(alias).check_configuration()
    except ProviderError as exc:
        return error("providers", str(exc), hint=f"Look at SAASKIT['PROVIDERS'][{alias!r}].")
    except SaasKitError as exc:
        return error("providers", str(exc))
    except (Exception, SystemExit) as exc:  # noqa: BLE001 (a plugin may do anything when called)
        return error("providers", f"{alias} raised {describe(exc)}")
    return ok("providers", alias)
