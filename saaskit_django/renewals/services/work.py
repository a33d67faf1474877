"""The loop of `saaskit worker`: runs each job's slot when it is due, until it is told to stop."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from django.db import Error as DatabaseAway
from django.db import close_old_connections

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
TURN = 20.0
"""Seconds after which a long job lets the worker's other jobs go first, then goes on."""


@dataclass(slots=True, kw_only=True)
class Worker:
    """One process's jobs. `stopping` ends it after the current piece of work."""

    jobs: tuple[Job, ...]
    stopping: Event
    report: Callable[[str, int, int], None] | None = None
    settled: dict[str, datetime] = field(default_factory=dict)
    """Per job the newest slot that is known to be finished: nothing is asked about it again."""
    has_more: bool = False

    def once(self, *, turn: float | None = None) -> Iterator[Ran]:
        """Run each job that is due, once and each for `turn` seconds; yield what was run."""
        self.has_more = False
        for job in self.jobs:
            if self.stopping.is_set():
                return
            now = clock.now()
            if self.settled.get(job.name) == job.slot_at(now):
                continue
            stops = partial(self._is_over, monotonic(), turn)
            ran = run_slot(job, now=now, should_stop=stops, report=self._report(job))
            self.has_more = self.has_more or ran.outcome is Outcome.HANDED_BACK
            if ran.outcome in (Outcome.DONE, Outcome.FAILED, Outcome.ALREADY_DONE):
                self.settled[job.name] = ran.scheduled_for
            if ran.outcome.is_run and not _found_nothing_to_help(ran):
                yield ran

    def forever(self) -> Iterator[Ran]:
        """Yield what is run, until told to stop. A database that is away is waited for."""
        while not self.stopping.is_set():
            close_old_connections()
            try:
                yield from self.once(turn=TURN if len(self.jobs) > 1 else None)
            except DatabaseAway:
                logger.exception("the database did not answer; trying again")
            self.stopping.wait(self._pause())

    def _is_over(self, started: float, turn: float | None) -> bool:
        has_had_its_turn = turn is not None and monotonic() - started > turn
        return has_had_its_turn or self.stopping.is_set()

    def _report(self, job: Job) -> Callable[[int, int], None] | None:
        report = self.report
        return None if report is None else lambda done, total: report(job.name, done, total)

    def _pause(self) -> float:
        """Return how many seconds nothing is due, within bounds."""
        if self.has_more:
            return 0.0
        now = clock.now()
        waits = [(job.next_at(now) - now).total_seconds() for job in self.jobs]
        return max(SHORTEST_SLEEP, min([LONGEST_SLEEP, *waits]))


def chosen_jobs(names: Sequence[str]) -> tuple[Job, ...]:
    """Return the jobs of these names, all when none is named. Raises UnknownJob."""
    return tuple(job_named(name) for name in names) or installed_jobs()


def _found_nothing_to_help(ran: Ran) -> bool:
    return ran.outcome is Outcome.HELPED and not any((ran.result or {}).values())
