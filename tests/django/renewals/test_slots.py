from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from saaskit_django.jobs import (
    BUILT_IN,
    Job,
    Pace,
    UnknownJob,
    installed_jobs,
    job_named,
)
from saaskit_django.renewals.models import Slot
from saaskit_django.renewals.services.slots import MOST_ATTEMPTS, Outcome, purge_slots, run_slot
from tests.builders import START
from tests.concurrency.threads import at_once
from tests.django.renewals import doing

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)
LEASE = timedelta(minutes=15)


def job(does: str = "note", **fields: Any) -> Job:
    given = {"name": "trial", "app": "saaskit_django.renewals", "every": MINUTE, **fields}
    return Job(function=f"tests.django.renewals.doing.{does}", **given)


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    doing.runs.clear()
    doing.may_go_on.clear()
    doing.has_begun.clear()


def test_a_slot_runs_once_and_says_what_came_of_it() -> None:
    ran = run_slot(job(), now=START + timedelta(seconds=7))
    again = run_slot(job(), now=START + timedelta(seconds=59))

    assert (ran.outcome, ran.scheduled_for, ran.attempt) == (Outcome.DONE, START, 1)
    assert again.outcome is Outcome.ALREADY_DONE
    slot = Slot.objects.get()
    assert (slot.result, slot.error, slot.leased_by) == ({"noted": 1}, "", "")
    assert slot.finished_at is not None


def test_the_next_slot_runs_again_and_missed_ones_are_not_made_up_for() -> None:
    for minutes in (0, 1, 121):
        assert run_slot(job(), now=START + minutes * MINUTE).outcome is Outcome.DONE
    assert [each.scheduled_for for each in Slot.objects.order_by("pk")] == [
        START,
        START + MINUTE,
        START + 121 * MINUTE,
    ]


def test_twelve_at_once_run_it_once() -> None:
    found = Counter(ran.outcome for ran in at_once(lambda _: run_slot(job(), now=START), range(12)))
    assert found[Outcome.DONE] == 1
    assert len(doing.runs) == Slot.objects.count() == 1


def test_a_slow_job_doesnt_start_twice() -> None:
    slow = threading.Thread(target=lambda: _run_and_close(job("hold")))
    slow.start()
    assert doing.has_begun.wait(20)

    later = run_slot(job(), now=START + 3 * MINUTE)

    doing.may_go_on.set()
    slow.join()
    assert later.outcome is Outcome.RUNNING_ELSEWHERE
    assert doing.runs == [START]
    assert run_slot(job(), now=START + 4 * MINUTE).outcome is Outcome.DONE


def _run_and_close(slow: Job) -> None:
    run_slot(slow, now=START)
    connection.close()


def test_a_shared_job_that_runs_is_helped() -> None:
    abandon(START)
    helped = run_slot(job(is_shared=True), now=START + MINUTE)
    assert (helped.outcome, doing.runs) == (Outcome.HELPED, [START + MINUTE])
    assert Slot.objects.get().finished_at is None


def abandon(now: Any, attempts: int = 1) -> Slot:
    """What a killed worker leaves behind."""
    return Slot.objects.create(
        job="trial",
        scheduled_for=now,
        leased_by="gone",
        leased_until=now + LEASE,
        started_at=now,
        attempts=attempts,
    )


def test_a_killed_one_is_taken_over_after_its_lease() -> None:
    abandon(START)
    assert run_slot(job(), now=START + LEASE - MINUTE).outcome is Outcome.RUNNING_ELSEWHERE

    taken = run_slot(job(), now=START + LEASE)

    assert (taken.outcome, taken.scheduled_for, taken.attempt) == (Outcome.DONE, START, 2)
    assert run_slot(job(), now=START + LEASE).scheduled_for == START + LEASE


def test_one_of_many_takes_over() -> None:
    abandon(START)
    now = START + LEASE + timedelta(seconds=1)
    at_once(lambda _: run_slot(job("find_nothing"), now=now), range(8))
    slot = Slot.objects.get(scheduled_for=START)
    assert (slot.attempts, slot.finished_at is not None) == (2, True)
    assert len(doing.runs) == Slot.objects.count()


def test_a_slot_that_kills_its_workers_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    abandon(START, attempts=MOST_ATTEMPTS)
    ran = run_slot(job(), now=START + LEASE)
    assert (ran.outcome, ran.scheduled_for) == (Outcome.DONE, START + LEASE)
    assert Slot.objects.get(scheduled_for=START).error == "abandoned"
    assert "trial died 5 times" in caplog.text


def test_who_was_taken_over_writes_nothing() -> None:
    def lose(**_: Any) -> None:
        Slot.objects.update(leased_by="another")

    doing.lose = lose  # type: ignore[attr-defined]
    run_slot(job("lose"), now=START)
    assert Slot.objects.get().finished_at is None


def test_a_failure_is_written_down_and_the_next_slot_tries_anew() -> None:
    assert run_slot(job("fail"), now=START).outcome is Outcome.FAILED
    assert Slot.objects.get().error == "ZeroDivisionError"
    assert run_slot(job(), now=START).outcome is Outcome.ALREADY_DONE
    assert run_slot(job(), now=START + MINUTE).outcome is Outcome.DONE


@pytest.mark.parametrize(
    ("budget", "asked"), [(timedelta(), False), (MINUTE, True)], ids=["budget", "signal"]
)
def test_what_is_stopped_is_handed_back_and_gone_on_with(budget: timedelta, asked: bool) -> None:
    stopped = run_slot(job("go_on_until_told", budget=budget), now=START, should_stop=lambda: asked)
    assert stopped.outcome is Outcome.HANDED_BACK
    assert stopped.result is not None
    assert stopped.result["rounds"] < 1000

    gone_on = run_slot(job("go_on_until_told"), now=START + MINUTE)

    assert (gone_on.outcome, gone_on.scheduled_for, gone_on.attempt) == (Outcome.DONE, START, 1)


@pytest.mark.parametrize("other", [START, START + MINUTE], ids=["same_slot", "one_unfinished"])
def test_the_database_itself_refuses_a_second(other: Any) -> None:
    abandon(START)
    with pytest.raises(IntegrityError), transaction.atomic():
        abandon(other)


def test_old_slots_are_purged_and_open_ones_stay() -> None:
    run_slot(job(), now=START)
    run_slot(job(name="other"), now=START + timedelta(days=5))
    abandon(START + MINUTE)
    assert purge_slots(now=START + timedelta(days=8)) == 1
    assert set(Slot.objects.values_list("job", flat=True)) == {"other", "trial"}


def test_jitter_moves_a_sites_slot_but_not_its_name(settings: Any) -> None:
    moved = job(jitter=timedelta(seconds=30))
    starts = set()
    for key in ("a" * 50, "b" * 50, "c" * 50):
        settings.SECRET_KEY = key
        begins = next(
            second
            for second in range(60)
            if moved.slot_at(START + timedelta(seconds=second)) == START
        )
        assert begins < 30
        assert moved.next_at(START + timedelta(seconds=begins)) == START + timedelta(
            seconds=60 + begins
        )
        starts.add(begins)
    assert len(starts) > 1


def test_every_job_of_ours_runs() -> None:
    for each in installed_jobs():
        assert isinstance(each.run(now=START, pace=Pace()), dict), each.name


def test_budgets_end_before_leases() -> None:
    assert all(each.budget + 2 * MINUTE < each.lease for each in BUILT_IN)
    assert all(each.jitter < each.every for each in BUILT_IN)


def test_another_apps_jobs_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    config = apps.get_app_config("saaskit_accounts")
    twin = job(name="purge")
    monkeypatch.setattr(config, "saaskit_jobs", (job(), twin), raising=False)
    assert installed_jobs()[-1] == job()
    assert twin not in installed_jobs()
    assert job_named("trial") == job()
    with pytest.raises(UnknownJob, match="no periodic job else"):
        job_named("else")
