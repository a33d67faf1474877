"""What a host's Celery app takes over from SaaSKit, in two lines.

app.conf.update(saaskit_django.celery.recommended())
app.conf.beat_schedule = {**saaskit_django.celery.beat_schedule(), **own_entries}

It needs no Celery and no started Django. Any number of beats may run: a slot's row lets each job
run once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps

from saaskit_django.jobs import BUILT_IN, installed_jobs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from saaskit_django.jobs import Job

LONGEST_LEASE = max(job.lease for job in BUILT_IN)
VISIBILITY_TIMEOUT = timedelta(hours=1)


def beat_schedule(
    jobs: Iterable[Job] | None = None, *, prefix: str = "saaskit."
) -> dict[str, dict[str, Any]]:
    """Return the entries for Celery beat: one per job, named after it.

    Without `jobs` these are the installed apps' once Django has started, and before that all of
    SaaSKit's: a message for an app that isn't there does nothing. Entries never expire: late
    messages do their work once.
    """
    known = installed_jobs() if apps.ready else BUILT_IN
    return {
        f"{prefix}{job.name}": {
            "task": job.task,
            "schedule": job.every,
            "kwargs": {"job": job.name},
        }
        for job in (known if jobs is None else jobs)
    }


def recommended(*, broker_url: str = "") -> dict[str, Any]:
    """Return the Celery settings that fit SaaSKit's tasks, for that kind of broker.

    A task ends, or is ended, before its lease; a message comes again later than that; only JSON is
    read; a worker takes one message at a time, and RabbitMQ confirms what it was given. Late
    acknowledgement is set on the tasks that a row guards, not for all.
    """
    lease = int(LONGEST_LEASE.total_seconds())
    settings: dict[str, Any] = {
        "accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        "worker_prefetch_multiplier": 1,
        "task_time_limit": lease,
        "task_soft_time_limit": lease - 60,
        "worker_soft_shutdown_timeout": 30.0,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {"confirm_publish": True},
    }
    if is_redis(broker_url):
        settings["broker_transport_options"] = {
            "visibility_timeout": int(VISIBILITY_TIMEOUT.total_seconds()),
            "socket_connect_timeout": 5,
        }
    return settings


def is_redis(broker_url: str) -> bool:
    """Tell whether the broker is Redis, which hands a message out again after a time."""
    return broker_url.partition("://")[0] in ("redis", "rediss", "sentinel", "redis+sentinel")
