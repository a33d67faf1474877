"""Start-up: what an import costs in a fresh process.

Processor time of the whole process, so that other load counts little; a goal with a plus is about
what our part adds.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable

from tests.bench.report import Row, medians

MONEY_GOAL = 0.060
HELP_GOAL = 0.300
APPS_GOAL = 0.400
PLAIN_DJANGO = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="bench",
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
        "django.contrib.messages", "django.contrib.sessions", "django.contrib.staticfiles",
        "rest_framework", "django_filters", "drf_spectacular",
    ],
)
django.setup()
import rest_framework.views
"""
OUR_DJANGO = "import django; django.setup(); import rest_framework.views"


def measure() -> list[Row]:
    """Measure the imports, the command line and the set-up of Django."""
    return [*_imports(), _help(), _django()]


def _imports() -> list[Row]:
    taken = _medians(
        {
            "bare": _python("pass"),
            "money": _python("import saaskit_core.money"),
            "pydantic": _python("import pydantic.main"),
        }
    )
    added = taken["money"] - taken["bare"]
    return [
        _row("import saaskit_core.money", taken["money"], taken["bare"], MONEY_GOAL),
        Row(
            what="its part, beside import pydantic",
            ours=_ms(added),
            beside=_ms(taken["pydantic"] - taken["bare"]),
            ratio=added / (taken["pydantic"] - taken["bare"]),
            goal="under pydantic's",
            met=added < taken["pydantic"] - taken["bare"],
        ),
    ]


def _help() -> Row:
    command = "from saaskit_core.cli import main; main(['--help'])"
    taken = _medians({"bare": _python("pass"), "help": _python(command)})
    return _row("saaskit --help", taken["help"], taken["bare"], HELP_GOAL, whole=True)


def _django() -> Row:
    ours = _python(OUR_DJANGO, DJANGO_SETTINGS_MODULE="tests.projects.full.settings")
    taken = _medians({"plain": _python(PLAIN_DJANGO), "ours": ours})
    return _row("all our apps in django.setup()", taken["ours"], taken["plain"], APPS_GOAL)


def _row(what: str, ours: float, beside: float, goal: float, *, whole: bool = False) -> Row:
    counted = ours if whole else ours - beside
    return Row(
        what=what,
        ours=_ms(ours),
        beside=_ms(beside),
        ratio=ours / beside,
        goal=f"{'' if whole else '+'}{_ms(goal)}",
        met=counted <= goal,
    )


def _medians(contenders: dict[str, Callable[[], object]]) -> dict[str, float]:
    return medians(contenders, clock=_processor_time_of_children)


def _processor_time_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _python(code: str, **environment: str) -> Callable[[], object]:
    return lambda: subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
