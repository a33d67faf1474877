"""A process of its own that is killed at one statement after the other: see test_crash.py.

    python -m tests.concurrency.crash PROJECT_SETTINGS DATABASE SANDBOX_FILE SCENARIO

For every statement it forks a child, which does the scenario's work and kills itself with SIGKILL
just before that statement. The parent writes down what stands then, lets the periodic work run, and
writes down what stands after that: a JSON line per statement, until a child gets through unharmed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

MOST_STATEMENTS = 400


class KilledAt:
    """Kills this process just before its statement number `number` is sent to the database."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*statement)


class Confirming:
    """The payer confirms: claimed, charged at the provider, and settled here."""

    step = 1
    later = (timedelta(hours=2),)

    def __init__(self, number: int, *, now: datetime) -> None:
        from tests.concurrency import crash_rows

        self.now = now
        self.payment = crash_rows.purchase(number, now=now)

    def work(self) -> None:
        from saaskit_django.payments.services.confirm import confirm

        confirm(self.payment, method_ref="pm_card_ok", idempotency_key="", now=self.now)

    def rows(self) -> dict[str, Any]:
        from tests.concurrency import crash_rows

        return crash_rows.rows_of(self.payment.customer)


class Renewing:
    """The sweep renews: invoice, charge of the kept method, and what follows from it.

    Every second statement will do: BEGIN counts, so no transaction has fewer than two.
    """

    step = 2
    later = (timedelta(minutes=10), timedelta(hours=2), timedelta(hours=26))

    def __init__(self, number: int, *, now: datetime) -> None:
        from saaskit_django.payments.services.confirm import confirm
        from tests.concurrency import crash_rows

        payment = crash_rows.purchase(number, now=now)
        confirm(payment, method_ref="pm_card_ok", idempotency_key="", now=now)
        self.customer, self.now = payment.customer, now + timedelta(days=30)

    def work(self) -> None:
        from saaskit_django.renewals.services.sweep import sweep

        sweep(now=self.now, customer_id=self.customer.pk)

    def rows(self) -> dict[str, Any]:
        from tests.concurrency import crash_rows

        return crash_rows.rows_of(self.customer)


SCENARIOS = {"confirming": Confirming, "renewing": Renewing}


def main(settings: str, database: str, sandbox: str, scenario: str) -> None:
    set_up(settings, database=database, sandbox=sandbox)
    from django.db import connections

    from saaskit_django import clock
    from saaskit_django.payments.services.janitor import check_due
    from saaskit_django.renewals.services.sweep import sweep

    start = clock.now()
    for number in range(1, MOST_STATEMENTS, SCENARIOS[scenario].step):
        case = SCENARIOS[scenario](number, now=start)
        connections.close_all()
        was_killed = killed(case.work, number)
        found = {"statement": number, "was_killed": was_killed, "crashed": case.rows()}
        for later in case.later if was_killed else ():
            check_due(now=case.now + later)
            sweep(now=case.now + later)
        sys.stdout.write(json.dumps({**found, "recovered": case.rows()}) + "\n")
        if not was_killed:
            return


def killed(work: Callable[[], None], number: int) -> bool:
    """Do the work in a child that dies at its statement number `number`; tell whether it did."""
    child = os.fork()
    if child == 0:
        from django.db import connection

        with connection.execute_wrapper(KilledAt(number)):
            work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    assert status == 0, f"the child ended with {status}"
    return False


def set_up(settings: str, *, database: str, sandbox: str) -> None:
    """Start Django on the test database, with a sandbox of this run."""
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    import django
    from django.conf import settings as site
    from django.db import connections

    site.SAASKIT = {
        **site.SAASKIT,
        "PROVIDERS": {"sandbox": {"type": "sandbox", "path": sandbox}},
        "DISPATCH": "worker",
    }
    django.setup()
    connections.settings["default"]["NAME"] = database


if __name__ == "__main__":
    main(*sys.argv[1:])
