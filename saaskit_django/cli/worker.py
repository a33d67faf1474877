"""`saaskit worker`: run what is due, again and again, without Celery; any number of them share.

SIGTERM and SIGINT end it after the current piece of work: nothing is left half done, and another
worker goes on with what remains. Killed, it is taken over when its leases are over.
"""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from dataclasses import asdict
from importlib import import_module
from threading import Event
from typing import TYPE_CHECKING, Any, TextIO

from saaskit_django.cli import project
from saaskit_django.cli.options import add_options
from saaskit_django.cli.progress import progress_on

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from saaskit_django.cli.progress import Progress

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser)
    parser.add_argument(
        "--once", action="store_true", help="run what is due now and exit; 1 when a job failed"
    )
    parser.add_argument(
        "--jobs", default="", metavar="A,B", help="only these jobs (default: all that there are)"
    )


def run(
    arguments: argparse.Namespace, *, out: TextIO, err: TextIO | None = None, **_: object
) -> int:
    """Work until told to stop; return 1 when, with --once, a job failed."""
    project.start(project.settings_module(arguments.settings))
    work = import_module("saaskit_django.renewals.services.work")
    names = [name.strip() for name in arguments.jobs.split(",") if name.strip()]
    progress = progress_on(err)
    stopping = Event()
    worker = work.Worker(jobs=work.chosen_jobs(names), stopping=stopping, report=progress)
    with _stopped_by_signals(stopping):
        runs = worker.once() if arguments.once else worker.forever()
        has_failed = _tell(runs, out, progress, as_json=arguments.json)
    return 1 if arguments.once and has_failed else 0


def _tell(runs: Iterator[Any], out: TextIO, progress: Progress | None, *, as_json: bool) -> bool:
    """Write a line for each run as it ends; tell whether one failed."""
    has_failed = False
    for ran in runs:
        if progress is not None:
            progress.clear()
        out.write(_json(ran) if as_json else _text(ran))
        out.flush()
        has_failed = has_failed or ran.outcome == "failed"
    return has_failed


@contextmanager
def _stopped_by_signals(stopping: Event) -> Iterator[None]:
    before = {each: signal.getsignal(each) for each in SIGNALS}
    for each in SIGNALS:
        signal.signal(each, lambda *_: stopping.set())
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _json(ran: Any) -> str:
    told = {**asdict(ran), "scheduled_for": ran.scheduled_for.isoformat()}
    return json.dumps(told, default=str) + "\n"


def _text(ran: Any) -> str:
    did = ", ".join(f"{value} {name}" for name, value in _counts(ran))
    said = ran.error or did or "nothing to do"
    at = f"{ran.scheduled_for:%Y-%m-%d %H:%M:%S}"
    return f"{at}  {ran.job:<26} {ran.outcome.replace('_', ' '):<12} {ran.seconds:7.2f} s  {said}\n"


def _counts(ran: Any) -> list[tuple[str, Any]]:
    """Return what a run counted, without the zeros."""
    counted = (ran.result or {}).items()
    return [(name.replace("_", " "), value) for name, value in counted if value and value != []]
