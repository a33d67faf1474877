"""Slots of periodic jobs: each is run once, however many beats and workers there are.

A slot is taken by a conditional INSERT: one row per job and time, and one unfinished row per job.
So a slow job doesn't start twice, a queue that is late does everything once, and a worker that was
killed is taken over when its lease is over.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING

from django.db.models import F

from saaskit_django.jobs import Pace
from saaskit_django.renewals.models import Slot, SweepClaim

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from saaskit_django.jobs import Job, Result

logger = logging.getLogger("saaskit.jobs")

MOST_ATTEMPTS = 5
"""A run that dies so often kills its workers: its slot is closed, the next one tries anew."""
KEPT_FOR = timedelta(days=7)


class Outcome(StrEnum):
    """How asking for a job's slot ended."""

    DONE = "done"
    FAILED = "failed"
    HANDED_BACK = "handed_back"
    HELPED = "helped"
    RUNNING_ELSEWHERE = "running_elsewhere"
    ALREADY_DONE = "already_done"

    @property
    def is_run(self) -> bool:
        """Tell whether the job's function was called."""
        return self not in (Outcome.RUNNING_ELSEWHERE, Outcome.ALREADY_DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of one slot; `seconds` is how long the work took."""

    job: str
    scheduled_for: datetime
    outcome: Outcome
    attempt: int = 0
    seconds: float = 0.0
    result: Result | None = None
    error: str = ""


def run_slot(
    job: Job,
    *,
    now: datetime,
    should_stop: Callable[[], bool] = lambda: False,
    report: Callable[[int, int], None] | None = None,
) -> Ran:
    """Run the job for the slot that is due now, unless that was done or is being done.

    Told to stop, or at the end of its budget, it hands an unfinished slot back, and whoever asks
    next goes on. With no transaction open.
    """
    slot = _claim(job, now=now)
    if slot is None and not _is_running(job):
        return Ran(job=job.name, scheduled_for=job.slot_at(now), outcome=Outcome.ALREADY_DONE)
    if slot is None and not job.is_shared:
        return Ran(job=job.name, scheduled_for=job.slot_at(now), outcome=Outcome.RUNNING_ELSEWHERE)
    return _run(job, slot, now=now, stops=_Stops(job, should_stop), report=report)


def purge_slots(*, now: datetime) -> int:
    """Delete slots that were finished a week ago, and claims that killed workers left behind."""
    left_behind = SweepClaim.objects.filter(leased_until__lte=now).delete()[0]
    return left_behind + Slot.objects.filter(finished_at__lte=now - KEPT_FOR).delete()[0]


class _Stops:
    """Says when to stop, and remembers that it did."""

    def __init__(self, job: Job, asked: Callable[[], bool]) -> None:
        self.started = monotonic()
        self.budget = job.budget.total_seconds()
        self.asked = asked
        self.has_stopped = False

    def __call__(self) -> bool:
        self.has_stopped = self.has_stopped or self.asked() or self.seconds > self.budget
        return self.has_stopped

    @property
    def seconds(self) -> float:
        return monotonic() - self.started


def _claim(job: Job, *, now: datetime) -> Slot | None:
    """Take the due slot, or an older one whose worker died; None when neither is to be had."""
    token = secrets.token_hex(16)
    taken = _insert(job, token, now=now) or _take_over(job, token, now=now)
    if not taken and _close_hopeless(job, now=now):
        taken = _insert(job, token, now=now)
    return Slot.objects.get(job=job.name, leased_by=token) if taken else None


def _insert(job: Job, token: str, *, now: datetime) -> bool:
    slot = Slot(
        job=job.name,
        scheduled_for=job.slot_at(now),
        leased_by=token,
        leased_until=now + job.lease,
        started_at=now,
        attempts=1,
    )
    Slot.objects.bulk_create([slot], ignore_conflicts=True)
    return Slot.objects.filter(job=job.name, leased_by=token).exists()


def _take_over(job: Job, token: str, *, now: datetime) -> bool:
    abandoned = _abandoned(job, now=now).filter(attempts__lt=MOST_ATTEMPTS)
    return bool(
        abandoned.update(
            leased_by=token,
            leased_until=now + job.lease,
            started_at=now,
            attempts=F("attempts") + 1,
        )
    )


def _close_hopeless(job: Job, *, now: datetime) -> bool:
    closed = _abandoned(job, now=now).filter(attempts__gte=MOST_ATTEMPTS)
    if not closed.update(finished_at=now, leased_by="", error="abandoned"):
        return False
    logger.error("%s died %s times in one slot: it is closed", job.name, MOST_ATTEMPTS)
    return True


def _abandoned(job: Job, *, now: datetime) -> QuerySet[Slot]:
    return Slot.objects.filter(job=job.name, finished_at__isnull=True, leased_until__lte=now)


def _is_running(job: Job) -> bool:
    return Slot.objects.filter(job=job.name, finished_at__isnull=True).exists()


def _run(
    job: Job,
    slot: Slot | None,
    *,
    now: datetime,
    stops: _Stops,
    report: Callable[[int, int], None] | None,
) -> Ran:
    """Call the job's function and write on the slot what came of it; a helper has no slot."""
    result, error = None, ""
    try:
        result = job.run(now=now, pace=Pace(should_stop=stops, report=report))
    except Exception as exc:
        logger.exception("the periodic job %s failed", job.name)
        error = type(exc).__name__
    outcome = _outcome(slot, error=error, has_stopped=stops.has_stopped)
    ran = Ran(
        job=job.name,
        scheduled_for=slot.scheduled_for if slot else job.slot_at(now),
        outcome=outcome,
        attempt=slot.attempts if slot else 0,
        seconds=round(stops.seconds, 3),
        result=result,
        error=error,
    )
    if slot is not None:
        _write(slot, ran, ended_at=now + timedelta(seconds=stops.seconds))
    return ran


def _outcome(slot: Slot | None, *, error: str, has_stopped: bool) -> Outcome:
    if error:
        return Outcome.FAILED
    if slot is None:
        return Outcome.HELPED
    return Outcome.HANDED_BACK if has_stopped else Outcome.DONE


def _write(slot: Slot, ran: Ran, *, ended_at: datetime) -> None:
    """Finish the slot or hand it back, unless it was taken over meanwhile."""
    mine = Slot.objects.filter(pk=slot.pk, leased_by=slot.leased_by)
    if ran.outcome is Outcome.HANDED_BACK:
        mine.update(leased_by="", leased_until=ended_at, attempts=0, result=ran.result)
    else:
        mine.update(leased_by="", finished_at=ended_at, result=ran.result, error=ran.error)
