"""On SQLite a transaction that reads before it writes fails beside another writer: none does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from saaskit_core.money import Money
from saaskit_django import clock, registry
from saaskit_django.payments.services.inbox import process_due
from saaskit_django.payments.services.janitor import check_due
from saaskit_django.payments.services.refund import refund
from saaskit_django.renewals.services.tick import tick
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.contract.cases import CASES
from tests.contract.table import everything
from tests.contract.test_contract import call
from tests.contract.world import Caller, World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite shows where each one begins"),
]

WRITES = ("INSERT", "UPDATE", "DELETE")


class Watch:
    """Notes the first statement of each transaction that writes after it has read."""

    def __init__(self) -> None:
        self.read_first: list[str] = []
        self._first = ""

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        verb = sql.split(None, 1)[0].upper()
        if verb == "BEGIN":
            self._first = ""
        elif connection.in_atomic_block and verb in (*WRITES, "SELECT"):
            if verb in WRITES and self._first.startswith("SELECT"):
                self.read_first.append(f"{self._first[:200]} … before … {sql[:100]}")
            self._first = self._first or sql
        return execute(sql, *rest)


@contextmanager
def watched() -> Iterator[None]:
    watch = Watch()
    with connection.execute_wrapper(watch):
        yield
    assert watch.read_first == []


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    path = str(tmp_path / "books.sqlite3")
    settings.SAASKIT = {
        **settings.SAASKIT,
        "PROVIDERS": {"sandbox": {"type": "sandbox", "path": path}},
    }
    sandbox = registry.payment_provider("sandbox")
    assert isinstance(sandbox, SandboxProvider)
    return World(sandbox)


@pytest.mark.parametrize("name", sorted(name for name in CASES if not name.startswith("GET ")))
def test_no_request_reads_before_it_writes(world: World, name: str) -> None:
    entry = everything()[name]
    provider = Caller.PROVIDER if entry.who == "provider" else Caller.OWNER
    caller = Caller.ADMIN if entry.who in ("admin", "moderator", "scheduler") else provider
    made = CASES[name](world, caller)
    with watched():
        assert call(world, entry, caller, made).status_code < 400


def test_nothing_periodic_reads_before_it_writes(world: World) -> None:
    with watched():
        paid = world.subscribed(Caller.OWNER)
        world.intent(Caller.OTHER)
        for _ in range(3):
            tick(now=clock.now() + timedelta(days=31))
        refund(paid, amount=Money(100, "USD"), reason="", requested_by=None, now=clock.now())
        check_due(now=clock.now() + timedelta(days=60))
        process_due(now=clock.now())
