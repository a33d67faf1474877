"""The loop of `saaskit worker`: runs each job's slot when it is due, until it is told to stop."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import DatabaseError, close_old_connections

from saaskit_django import clock
from saaskit_django.jobs import installed_jobs, job_named
from saaskit_django.renewals.services.slots import Outcome, run_slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from threading import Event

    from saaskit_django.jobs import Job
    from saaskit_django.renewals.services.slots import Ran

logger = logging.getLogger("saaskit.jobs")

LONGEST_SLEEP = 5.0
"""Seconds. So often it is asked whether another worker's slot was left unfinished."""
SHORTEST_SLEEP = 0.05


@dataclass(slots=True, kw_only=True)
class Worker:
    """One process's round of jobs. `stopping` ends it after the current piece of work."""

    jobs: tuple[Job, ...]
    stopping: Event
    report: Callable[[str, int, int], None] | None = None
    settled: dict[str, datetime] = field(default_factory=dict)
    """Per job the newest slot that is known to be finished: nothing is asked about it again."""

    def once(self) -> Iterator[Ran]:
        """Run each job that is due, once; yield what was run."""
        for job in self.jobs:
            if self.stopping.is_set():
                return
            now = clock.now()
            if self.settled.get(job.name) == job.slot_at(now):
                continue
            ran = run_slot(job, now=now, should_stop=self.stopping.is_set, report=self._report(job))
            if ran.outcome in (Outcome.DONE, Outcome.FAILED, Outcome.ALREADY_DONE):
                self.settled[job.name] = ran.scheduled_for
            if ran.outcome.is_run and not _found_nothing_to_help(ran):
                yield ran

    def forever(self) -> Iterator[Ran]:
        """Yield what is run, until told to stop. A database that is away is waited for."""
        while not self.stopping.is_set():
            close_old_connections()
            try:
                yield from self.once()
            except DatabaseError:
                logger.exception("the database did not answer; trying again")
            self.stopping.wait(self._pause())

    def _report(self, job: Job) -> Callable[[int, int], None] | None:
        report = self.report
        return None if report is None else lambda done, total: report(job.name, done, total)

    def _pause(self) -> float:
        """Return how many seconds nothing is due, within bounds."""
        now = clock.now()
        waits = [(job.next_at(now) - now).total_seconds() for job in self.jobs]
        return max(SHORTEST_SLEEP, min([LONGEST_SLEEP, *waits]))


def chosen_jobs(names: Sequence[str]) -> tuple[Job, ...]:
    """Return the jobs of these names, all when none is named. Raises UnknownJob."""
    return tuple(job_named(name) for name in names) or installed_jobs()


def _found_nothing_to_help(ran: Ran) -> bool:
    return ran.outcome is Outcome.HELPED and not any((ran.result or {}).values())
