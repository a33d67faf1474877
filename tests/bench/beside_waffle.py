"""The process in which a flag is asked of us and of django-waffle in turn; prints the medians.

A process of its own, because waffle has to stand among the installed apps. The flag is on for
everyone and lies in the local-memory cache: the cheapest that waffle has.
"""

from __future__ import annotations

import json

import django
from django.conf import settings

TIMES = 2_000


def main() -> None:
    settings.configure(
        SECRET_KEY="bench",
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "waffle",
        ],
    )
    django.setup()
    print(json.dumps(_measured()))


def _measured() -> dict[str, float]:
    from django.core.management import call_command
    from django.http import HttpRequest
    from waffle import flag_is_active, get_waffle_flag_model

    from tests.bench.bench_features import PATH, granted, repeated
    from tests.bench.report import medians

    call_command("migrate", verbosity=0)
    get_waffle_flag_model().objects.create(name=PATH, everyone=True)
    request, features = HttpRequest(), granted()
    assert flag_is_active(request, PATH)
    taken = medians(
        {
            "waffle": repeated(lambda: flag_is_active(request, PATH), TIMES),
            "ours": repeated(lambda: features.boolean(PATH, False), TIMES),
        }
    )
    return {name: seconds / TIMES for name, seconds in taken.items()}


if __name__ == "__main__":
    main()
