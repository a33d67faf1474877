from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from saaskit_django.jobs import Job
from saaskit_django.renewals.models import Slot
from saaskit_django.renewals.services import work
from saaskit_django.renewals.services.slots import Outcome
from saaskit_django.renewals.services.work import Worker
from tests.django.renewals import doing

pytestmark = pytest.mark.django_db(transaction=True)


def job(name: str, does: str, **fields: Any) -> Job:
    function = f"tests.django.renewals.doing.{does}"
    return Job(name=name, app="x", every=timedelta(hours=1), function=function, **fields)


def worker(*jobs: Job) -> Worker:
    return Worker(jobs=jobs, stopping=threading.Event())


def test_a_long_job_lets_the_others_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "TURN", 0.0)
    busy = worker(job("long", "go_on_until_told"), job("short", "note"))

    ran = []
    for each in busy.forever():
        ran.append((each.job, each.outcome))
        if len(ran) == 3:
            busy.stopping.set()

    assert ran == [
        ("long", Outcome.HANDED_BACK),
        ("short", Outcome.DONE),
        ("long", Outcome.HANDED_BACK),
    ]


def test_a_finished_slot_is_not_asked_about_again(django_assert_num_queries: Any) -> None:
    idle = worker(job("short", "note"))
    assert [each.outcome for each in idle.once()] == [Outcome.DONE]
    with django_assert_num_queries(0):
        assert list(idle.once()) == []


def test_a_slot_that_another_worker_holds_is_asked_about_again() -> None:
    mine = job("short", "note")
    list(worker(mine).once())
    Slot.objects.update(finished_at=None)
    waiting = worker(mine)
    assert list(waiting.once()) == []
    Slot.objects.all().delete()
    assert [each.outcome for each in waiting.once()] == [Outcome.DONE]


def test_a_helper_that_found_nothing_says_nothing() -> None:
    shared = job("shared", "find_nothing", is_shared=True)
    list(worker(shared).once())
    Slot.objects.update(finished_at=None)
    doing.runs.clear()
    assert list(worker(shared).once()) == []
    assert len(doing.runs) == 1


def test_a_database_that_is_away_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(work, "LONGEST_SLEEP", 0.01)
    patient = worker(job("short", "note"))
    tried: list[int] = []

    def away(*_: Any, **__: Any) -> None:
        tried.append(1)
        if len(tried) == 3:
            patient.stopping.set()
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(work, "run_slot", away)
    assert list(patient.forever()) == []
    assert len(tried) == 3
    assert "trying again" in caplog.text
