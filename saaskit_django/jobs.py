"""The periodic jobs: declared once, run by Celery, by `saaskit worker` or by `saaskit tick`.

A job's function is named by a dotted string, so that this list can be read by a settings module,
before Django has started. An app of another distribution adds its own: a tuple of `Job`s named
`saaskit_jobs` on its AppConfig.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from django.apps import apps
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string

from saaskit_core.errors import ErrorKind, SaasKitError

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Result: TypeAlias = Mapping[str, object]


class UnknownJob(SaasKitError):
    """No installed app has a job of that name."""

    code = "unknown_job"
    kind = ErrorKind.NOT_FOUND
    template = "There is no periodic job %(job)s. There are: %(known)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long work may go on, and who is told how far it is.

    `should_stop` is asked between two pieces of work. `report`, where somebody watches, is told
    how many pieces are done and how many there were at the start.
    """

    should_stop: Callable[[], bool] = lambda: False
    report: Callable[[int, int], None] | None = None


UNHURRIED = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One periodic job.

    `function(now=…, pace=…)` returns what it did, as JSON. It stops between two pieces once
    `budget` is over, and goes on in a later run; who doesn't end within `lease` is taken for dead
    and taken over. A shared job deals its work out by leases of its own, so that a worker which
    finds it running helps. `jitter` is the longest time by which this site starts it later than
    others do.
    """

    name: str
    every: timedelta
    function: str
    app: str
    jitter: timedelta = timedelta()
    budget: timedelta = timedelta(minutes=10)
    lease: timedelta = timedelta(minutes=15)
    is_shared: bool = False
    task: str = "saaskit.run_job"

    def slot_at(self, now: datetime) -> datetime:
        """Return the newest slot that has begun: a whole number of `every` since 1970, in UTC."""
        return now - self._delay() - (now - self._delay() - EPOCH) % self.every

    def next_at(self, now: datetime) -> datetime:
        """Return when the next slot begins on this site."""
        return self.slot_at(now) + self.every + self._delay()

    def run(self, *, now: datetime, pace: Pace) -> Result:
        """Run its function, whoever else does."""
        result: Result = import_string(self.function)(now=now, pace=pace)
        return result

    def _delay(self) -> timedelta:
        """Return this site's share of the jitter: the same each time, another one elsewhere."""
        drawn = int(salted_hmac("saaskit.jobs", self.name).hexdigest()[:8], 16)
        return timedelta(seconds=int(self.jitter.total_seconds() * drawn / 0x100000000))


ROUNDS = "saaskit_django.renewals.services.rounds"

BUILT_IN = (
    Job(
        name="process_webhooks",
        app="saaskit_django.payments",
        every=MINUTE,
        function=f"{ROUNDS}.process_webhooks",
    ),
    Job(
        name="check_payments",
        app="saaskit_django.payments",
        every=MINUTE,
        jitter=MINUTE / 4,
        function=f"{ROUNDS}.check_payments",
    ),
    Job(
        name="auto_renew_subscriptions",
        app="saaskit_django.renewals",
        every=MINUTE,
        jitter=MINUTE / 2,
        function=f"{ROUNDS}.renew_subscriptions",
        is_shared=True,
        task="saaskit.auto_renew_subscriptions",
    ),
    Job(
        name="release_coupons",
        app="saaskit_django.coupons",
        every=5 * MINUTE,
        function=f"{ROUNDS}.release_coupons",
    ),
    Job(
        name="deliver_outbox",
        app="saaskit_django.outbox",
        every=MINUTE / 2,
        function=f"{ROUNDS}.deliver_messages",
        is_shared=True,
    ),
    Job(
        name="seal_audit",
        app="saaskit_django.audit",
        every=MINUTE,
        function=f"{ROUNDS}.seal_audit",
    ),
    Job(
        name="purge",
        app="saaskit_django.renewals",
        every=HOUR,
        jitter=10 * MINUTE,
        function=f"{ROUNDS}.purge",
    ),
)
"""What our own apps do periodically."""


def installed_jobs() -> tuple[Job, ...]:
    """Return the jobs of the installed apps, those of other distributions last.

    Of two of one name the first counts. Needs a started Django.
    """
    built_in = [job for job in BUILT_IN if apps.is_installed(job.app)]
    others = [
        job for config in apps.get_app_configs() for job in getattr(config, "saaskit_jobs", ())
    ]
    known: dict[str, Job] = {}
    for job in (*built_in, *others):
        known.setdefault(job.name, job)
    return tuple(known.values())


def job_named(name: str) -> Job:
    """Return an installed app's job. Raises UnknownJob."""
    known = {job.name: job for job in installed_jobs()}
    if name not in known:
        raise UnknownJob(job=name, known=", ".join(known))
    return known[name]
