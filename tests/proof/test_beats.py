"""p05, p06: three beats, four workers and a queue that is two hours late do everything once."""

from __future__ import annotations

import json
import queue
import signal
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.db import connection

from saaskit_django import clock
from saaskit_django.celery import beat_schedule
from saaskit_django.jobs import job_named
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.janitor import check_due
from saaskit_django.renewals import tasks
from saaskit_django.renewals.models import Slot, SweepClaim
from saaskit_django.renewals.services.slots import Outcome, purge_slots, run_slot
from saaskit_django.renewals.services.sweep import sweep
from saaskit_django.subscriptions.models import Subscription
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.proof.due import assert_renewed_once, make_due
from tests.proof.processes import Site, wait_until
from tests.proof.sizes import size

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = size(10, 1000)
BEATS = 3
WORKERS = 4
LATE = timedelta(hours=2)
SWEEP = "auto_renew_subscriptions"


@pytest.fixture(autouse=True)
def _left_to_workers(sandbox: SandboxProvider, settings: Any) -> None:
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "worker"}


def late_messages(names: tuple[str, ...]) -> queue.SimpleQueue[tuple[str, dict[str, str]]]:
    """What so many beats sent for these jobs while the queue stood still, oldest first."""
    waiting: queue.SimpleQueue[tuple[str, dict[str, str]]] = queue.SimpleQueue()
    entries = [beat_schedule()[f"saaskit.{name}"] for name in names]
    every = size(4, 1) * entries[0]["schedule"]
    for _ in range(LATE // every):
        for entry in entries * BEATS:
            waiting.put((entry["task"], entry["kwargs"]))
    return waiting


def work_off(waiting: queue.SimpleQueue[tuple[str, dict[str, str]]]) -> None:
    while not waiting.empty():
        try:
            task, arguments = waiting.get_nowait()
        except queue.Empty:
            break
        current_app.tasks[task](**arguments)
    connection.close()


def test_beats_and_workers_with_a_late_queue_bill_once(sandbox: SandboxProvider) -> None:
    assert tasks.run_job.name in current_app.tasks
    make_due(PEOPLE, now=clock.now())
    waiting = late_messages((SWEEP, "check_payments", "deliver_outbox"))

    crowd = [threading.Thread(target=work_off, args=[waiting]) for _ in range(WORKERS)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()

    assert_renewed_once(PEOPLE, sandbox)
    assert set(Slot.objects.values_list("attempts", "error")) == {(1, "")}
    assert not Slot.objects.filter(finished_at__isnull=True).exists()


def test_processes_share_one_sweep(sandbox: SandboxProvider, tmp_path: Path) -> None:
    make_due(PEOPLE, now=clock.now())
    site = Site(sandbox=str(tmp_path / "sandbox.sqlite3"))
    started = [site.worker("--once", "--jobs", SWEEP) for _ in range(size(2, 8))]

    printed = [each.communicate(timeout=120)[0] for each in started]

    assert [each.returncode for each in started] == [0] * len(started), printed
    ran = [json.loads(line) for text in printed for line in text.splitlines()]
    assert sum(each["result"]["renewed"] for each in ran) == PEOPLE, printed
    per_slot = Counter(each["scheduled_for"] for each in ran if each["outcome"] == Outcome.DONE)
    assert set(per_slot.values()) == {1}
    assert_renewed_once(PEOPLE, sandbox)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
def test_a_worker_ended_in_a_sweep_loses_and_repeats_nothing(
    sandbox: SandboxProvider, tmp_path: Path, ending: signal.Signals
) -> None:
    people = size(24, 2000)
    make_due(people, now=clock.now())
    site = Site(sandbox=str(tmp_path / "sandbox.sqlite3"))
    worker = site.worker("--jobs", SWEEP)
    wait_until(Subscription.objects.filter(period_index=1).exists, pause=0.005)
    worker.send_signal(ending)
    printed, _ = worker.communicate(timeout=60)

    done = Subscription.objects.filter(period_index=1).count()
    assert 0 < done < people, printed
    slot = Slot.objects.get()
    assert slot.finished_at is None
    is_killed = ending is signal.SIGKILL
    assert worker.returncode == (-ending if is_killed else 0), printed
    assert SweepClaim.objects.exists() == is_killed

    later = clock.now() + (timedelta(minutes=16) if is_killed else timedelta())
    ran = run_slot(job_named(SWEEP), now=later)
    for hours in (2, 26):
        check_due(now=later + timedelta(hours=hours))
        sweep(now=later + timedelta(hours=hours))
    purge_slots(now=later)

    assert ran.outcome is Outcome.DONE
    assert (ran.scheduled_for, ran.attempt) == (slot.scheduled_for, 2 if is_killed else 1)
    assert not Payment.objects.exclude(state="succeeded").exists()
    assert_renewed_once(people, sandbox)
