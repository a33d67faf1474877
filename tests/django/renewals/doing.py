"""Functions for jobs under test. What they did is kept here."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

from saaskit_django.jobs import Pace

runs: list[datetime] = []
may_go_on = threading.Event()
has_begun = threading.Event()


def note(*, now: datetime, **_: Any) -> dict[str, int]:
    runs.append(now)
    return {"noted": 1}


def fail(**_: Any) -> dict[str, int]:
    raise ZeroDivisionError


def hold(*, now: datetime, **_: Any) -> dict[str, int]:
    runs.append(now)
    has_begun.set()
    assert may_go_on.wait(20)
    return {}


def go_on_until_told(*, pace: Pace, **_: Any) -> dict[str, int]:
    rounds = 0
    while not pace.should_stop() and rounds < 1000:
        rounds += 1
    return {"rounds": rounds}


def find_nothing(*, now: datetime, **_: Any) -> dict[str, int]:
    runs.append(now)
    return {"looked_at": 0}
