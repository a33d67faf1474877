"""p08: real brokers and real Celery workers; a broker that is away loses nothing."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from celery import Celery
from django.db import connection, transaction

from saaskit_core.events import Event
from saaskit_django import clock
from saaskit_django.celery import beat_schedule, recommended
from saaskit_django.outbox import services as outbox
from saaskit_django.outbox.models import Delivery
from saaskit_django.renewals.models import Slot
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.conftest import SERVICES
from tests.proof.due import assert_renewed_once, make_due
from tests.proof.processes import OwnRedis, Site, wait_until
from tests.proof.sizes import size

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = size(8, 300)


class Writer:
    """Writes an event every few milliseconds, as the site's requests do, until it is stopped."""

    def __init__(self) -> None:
        self.written = 0
        self.slowest = 0.0
        self.errors: list[Exception] = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._write_on)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self.thread.join()

    def _write_on(self) -> None:
        while not self.stopping.wait(0.05):
            began = time.monotonic()
            try:
                with transaction.atomic():
                    outbox.record(Event(aggregate=f"thing:{self.written}", occurred_at=clock.now()))
            except Exception as exc:  # noqa: BLE001  (whatever a request would have met)
                self.errors.append(exc)
            self.written += 1
            self.slowest = max(self.slowest, time.monotonic() - began)
        connection.close()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    if shutil.which("redis-server") is None:
        refuse = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        refuse("needs the program redis-server, to stop one of its own")
    server = OwnRedis(tmp_path)
    server.start()
    yield server
    server.stop()


def host_app(broker: str, queue: str) -> Celery:
    """The site's Celery app as its web processes have it."""
    app = Celery("host", broker=broker, set_as_current=False)
    app.conf.update(recommended(broker_url=broker), task_default_queue=queue)
    return app


@pytest.mark.rabbitmq
def test_celery_workers_do_a_late_queue_once(
    sandbox: SandboxProvider, settings: Any, tmp_path: Path
) -> None:
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "worker"}
    make_due(PEOPLE, now=clock.now())
    broker, queue = SERVICES["rabbitmq"], f"saaskit-proof-{token_hex(4)}"
    app = host_app(broker, queue)
    site = Site(sandbox=str(tmp_path / "sandbox.sqlite3"), broker=broker, queue=queue)
    send_late(app, times=size(6, 360))
    try:
        with site.celery_worker(tmp_path):
            wait_until(lambda: _is_all_done() and _is_empty(app, queue))
    finally:
        _forget(app, queue)

    assert_renewed_once(PEOPLE, sandbox)
    assert set(Slot.objects.values_list("attempts", "error")) == {(1, "")}


def send_late(app: Celery, *, times: int) -> None:
    """Send what so many beats or minutes would have sent."""
    for entry in list(beat_schedule().values()) * times:
        app.send_task(entry["task"], kwargs=entry["kwargs"])


def _is_all_done() -> bool:
    jobs = {entry["kwargs"]["job"] for entry in beat_schedule().values()}
    finished = Slot.objects.filter(finished_at__isnull=False).values_list("job", flat=True)
    return set(finished) == jobs


def _is_empty(app: Celery, queue: str) -> bool:
    with app.connection_for_read() as broker:
        return not broker.default_channel.queue_declare(queue, passive=True).message_count


def _forget(app: Celery, queue: str) -> None:
    with app.connection_for_write() as broker:
        broker.default_channel.queue_delete(queue)


@pytest.mark.redis
def test_a_broker_that_stops_loses_nothing(
    sandbox: SandboxProvider, own_redis: OwnRedis, settings: Any, tmp_path: Path
) -> None:
    """Written before, while and after it is away: each delivered, and no writer fails or waits."""
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "worker"}
    make_due(PEOPLE, now=clock.now())
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "celery"}
    app = host_app(own_redis.url, "proof")
    app.set_current()
    site = Site(sandbox=str(tmp_path / "sandbox.sqlite3"), broker=own_redis.url)
    writer = Writer()
    with site.celery_worker(tmp_path):
        writer.start()
        wait_until(Delivery.objects.filter(status="delivered").exists)
        own_redis.stop()
        time.sleep(size(2, 60))
        own_redis.start()
        time.sleep(0.5)
        writer.stop()
        send_late(app, times=3)
        wait_until(lambda: _is_all_done() and not _is_waiting())

    assert not writer.errors
    assert writer.slowest < 1.0
    things = Delivery.objects.filter(aggregate__startswith="thing:")
    assert writer.written == things.filter(status="delivered", attempts=1).count() > 10
    assert_renewed_once(PEOPLE, sandbox)


def _is_waiting() -> bool:
    return Delivery.objects.filter(status="pending").exists()
