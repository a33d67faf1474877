from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery, current_app
from django.core import checks

from saaskit_django.celery import beat_schedule, recommended
from saaskit_django.jobs import installed_jobs
from saaskit_django.renewals import tasks
from saaskit_django.renewals.checks import check_celery, check_celery_deployment
from saaskit_django.renewals.models import Slot
from tests.architecture.source import ROOT

REDIS = "redis://127.0.0.1/0"
FAR = {"task": "host.far", "schedule": 60.0, "options": {"countdown": 3600}}


@pytest.fixture
def _with_celery(settings: Any) -> None:
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "celery"}


def site(broker: str = "amqp://", **settings: Any) -> None:
    """Make an app with the recommended settings, and these, the site's."""
    app = Celery("site", broker=broker)
    app.conf.update(recommended(broker_url=broker))
    app.conf.update(settings)
    app.set_current()


@pytest.fixture(autouse=True)
def _one_app_at_a_time() -> Any:
    before = current_app._get_current_object()
    yield
    before.set_current()


def found(*, deploy: bool = False) -> list[str | None]:
    return [each.id for each in (check_celery_deployment if deploy else check_celery)()]


@pytest.mark.usefixtures("_with_celery")
@pytest.mark.parametrize("broker", ["amqp://", REDIS])
def test_what_is_recommended_passes_its_own_checks(broker: str) -> None:
    site(broker, beat_schedule=beat_schedule())
    assert found() == []
    assert found(deploy=True) == []


@pytest.mark.usefixtures("_with_celery")
@pytest.mark.parametrize(
    ("broker", "wrong", "expected"),
    [
        (REDIS, {"broker_transport_options": {"visibility_timeout": 900}}, "saaskit.E061"),
        ("amqp://", {"beat_schedule": {"far": FAR}}, "saaskit.W062"),
        ("amqp://", {"task_annotations": {"x": {"default_retry_delay": 901}}}, "saaskit.W062"),
        ("amqp://", {"accept_content": ["json", "pickle"]}, "saaskit.E063"),
        (
            "amqp://",
            {"task_acks_late": True, "task_reject_on_worker_lost": True},
            "saaskit.W064",
        ),
        ("amqp://", {"worker_prefetch_multiplier": 4}, "saaskit.W065"),
        ("amqp://", {"task_time_limit": None}, "saaskit.W066"),
        ("amqp://", {"task_time_limit": 901}, "saaskit.W066"),
        ("amqp://", {"broker_transport_options": {}}, "saaskit.W067"),
    ],
)
def test_dangerous_settings_are_named(broker: str, wrong: dict[str, Any], expected: str) -> None:
    site(broker, **wrong)
    assert found() == [expected]


@pytest.mark.usefixtures("_with_celery")
def test_eager_tasks_are_refused_on_production_sites_only() -> None:
    site(task_always_eager=True)
    assert found() == []
    assert found(deploy=True) == ["saaskit.E060"]


def test_a_site_without_celery_is_left_alone() -> None:
    site(accept_content=["pickle"])
    assert found() == []


def test_a_site_whose_beat_runs_our_jobs_is_checked() -> None:
    site(accept_content=["pickle", "json"], beat_schedule=beat_schedule())
    assert found() == ["saaskit.E063"]


def test_the_checks_are_registered() -> None:
    assert check_celery in checks.registry.registry.registered_checks
    assert check_celery_deployment in checks.registry.registry.deployment_checks


def test_every_entry_names_a_task_that_exists() -> None:
    known = {task.name for task in (tasks.run_job, tasks.auto_renew_subscriptions_task)}
    entries = beat_schedule()
    assert {entry["task"] for entry in entries.values()} == known
    assert [entry["kwargs"]["job"] for entry in entries.values()] == [
        job.name for job in installed_jobs()
    ]
    assert entries["saaskit.deliver_outbox"]["schedule"] == timedelta(seconds=30)


def test_a_settings_module_may_ask_for_the_schedule() -> None:
    asked = "from saaskit_django.celery import beat_schedule; print(len(beat_schedule()))"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) >= 7


@pytest.mark.django_db(transaction=True)
def test_the_tasks_run_slots() -> None:
    for _ in range(2):
        tasks.run_job(job="seal_audit")
        tasks.auto_renew_subscriptions_task(job="auto_renew_subscriptions")
    assert set(Slot.objects.values_list("job", "attempts")) == {
        ("seal_audit", 1),
        ("auto_renew_subscriptions", 1),
    }


@pytest.mark.django_db
def test_a_message_for_a_job_that_isnt_there_does_nothing(caplog: Any) -> None:
    tasks.run_job(job="gone")
    assert "There is no periodic job gone" in caplog.text
    assert not Slot.objects.exists()


def test_only_tasks_that_a_row_guards_come_back_when_their_worker_dies() -> None:
    guarded = {name for name, task in current_app.tasks.items() if task.acks_late}
    assert {name for name in guarded if name.startswith("saaskit.")} == {
        "saaskit.run_job",
        "saaskit.auto_renew_subscriptions",
    }
