"""Hypothesis profiles and services. Imports no Django: the core's tests run without it."""

from __future__ import annotations

import importlib
import os
import socket
from functools import cache
from urllib.parse import urlsplit

import pytest
from hypothesis import settings

# Cases that come from a set must come in the same order in every xdist worker.
os.environ.setdefault("PYTHONHASHSEED", "0")

IN_CI = os.environ.get("CI") == "true"

settings.register_profile("dev", max_examples=100, deadline=None)
settings.register_profile("ci", max_examples=300, deadline=None, derandomize=True)
settings.register_profile("brief", max_examples=30, deadline=None, derandomize=True)
settings.register_profile("proof", max_examples=20_000, deadline=None)
settings.load_profile(os.environ.get("SAASKIT_TEST_PROFILE") or ("ci" if IN_CI else "dev"))

SERVICES = {
    "redis": os.environ.get("SAASKIT_TEST_REDIS_URL", "redis://127.0.0.1:6379/0"),
    "rabbitmq": os.environ.get("SAASKIT_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names with an address in them: two processes would not collect the same tests."""
    named = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if named:
        raise pytest.UsageError(f"give this test an id of its own: {named[0]}")


@pytest.fixture(scope="session", autouse=True)
def quick_flush(request: pytest.FixtureRequest) -> None:
    """Empty the database quickly between tests; where there is no Django there is nothing to do."""
    if request.config.pluginmanager.hasplugin("django"):
        importlib.import_module("tests.flushing").install()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that needs a service runs, is skipped with the reason, or fails under CI=true."""
    if item.get_closest_marker("postgres") and not _on_postgres():
        pytest.skip("needs PostgreSQL: SAASKIT_TEST_DATABASE=postgres runs the suite on it")
    for name, url in SERVICES.items():
        if item.get_closest_marker(name) and not _answers(url):
            refuse = pytest.fail if IN_CI else pytest.skip
            refuse(f"needs {name}: nothing listens at {urlsplit(url).netloc.rpartition('@')[2]}")


def _on_postgres() -> bool:
    return os.environ.get("SAASKIT_TEST_DATABASE") == "postgres"


@cache
def _answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2):
            return True
    except OSError:
        return False


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """After the contract's tests, name the rows of the contract that are still to come."""
    ran = [each for kind in ("passed", "failed") for each in terminalreporter.getreports(kind)]
    if not any(report.nodeid.startswith("tests/contract/") for report in ran):
        return
    from tests.contract.table import STILL_TO_COME, contract

    built = len(contract()) - len(STILL_TO_COME)
    terminalreporter.section(f"contract: {built} built, {len(STILL_TO_COME)} still to come")
    for name in STILL_TO_COME:
        terminalreporter.line(name)
