from __future__ import annotations

import argparse
import io
import json
import os
import signal
import threading
import time

import pytest
from django.db import connection

from saaskit_django.cli import worker
from saaskit_django.cli.progress import Progress, progress_on
from saaskit_django.jobs import UnknownJob
from saaskit_django.renewals.models import Slot

SETTINGS = "tests.projects.full.settings"
JOBS = ("--jobs", "seal_audit,release_coupons")


def run(*given: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    worker.configure(parser)
    out = io.StringIO()
    code = worker.run(parser.parse_args(["--settings", SETTINGS, *given]), out=out, err=out)
    return code, out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_once_runs_what_is_due_and_says_so() -> None:
    code, said = run("--once", *JOBS)
    assert code == 0
    assert [line.split()[2] for line in said.splitlines()] == ["seal_audit", "release_coupons"]
    assert "nothing to do" in said
    assert run("--once", *JOBS) == (0, "")


@pytest.mark.django_db(transaction=True)
def test_json_is_one_line_per_run() -> None:
    _, said = run("--once", "--json", *JOBS)
    told = [json.loads(line) for line in said.splitlines()]
    assert [each["job"] for each in told] == ["seal_audit", "release_coupons"]
    assert told[0]["result"] == {"sealed": 0}
    assert {each["outcome"] for each in told} == {"done"}


@pytest.mark.django_db(transaction=True)
def test_a_failed_job_is_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE saaskit_audit_auditlog RENAME TO away")
    try:
        code, said = run("--once", *JOBS)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO saaskit_audit_auditlog")
    assert code == 1
    assert "failed" in said
    assert Slot.objects.get(job="release_coupons").error == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_handlers_are_put_back(asked: signal.Signals) -> None:
    before = signal.getsignal(asked)

    def ask() -> None:
        until = time.monotonic() + 20
        while Slot.objects.filter(finished_at__isnull=False).count() != 2:
            assert time.monotonic() < until
            time.sleep(0.02)
        connection.close()
        os.kill(os.getpid(), asked)

    asking = threading.Thread(target=ask)
    asking.start()
    code, said = run(*JOBS)
    asking.join()
    assert (code, len(said.splitlines())) == (0, 2)
    assert signal.getsignal(asked) is before


@pytest.mark.django_db
def test_an_unknown_job_is_named() -> None:
    with pytest.raises(UnknownJob, match="no periodic job seal"):
        run("--once", "--jobs", "seal")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_shows_speed_and_what_is_left() -> None:
    out, at = Terminal(), [0.0]
    shown = Progress(out, clock=lambda: at[0])
    for done in (1, 2, 101):
        at[0] = (done - 1) / 10
        shown("subscriptions", done, 1301)
    assert out.getvalue().split("\r")[-1] == "subscriptions  101 of 1,301 · 10/s · 2:00 left"
    shown.clear()
    assert out.getvalue().endswith("\r")


def test_progress_is_for_terminals() -> None:
    assert progress_on(io.StringIO()) is None
    assert progress_on(None) is None
    assert progress_on(Terminal()) is not None
