"""System checks of the host's Celery settings: what would run work twice, never, or for ever."""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.utils.module_loading import import_string

from saaskit_django.conf import Dispatch, InvalidSettings, conf
from saaskit_django.jobs import installed_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_ETA = timedelta(minutes=15)
UNSAFE = {"pickle", "application/x-python-serialize", "yaml", "application/x-yaml"}
RESENDING = ("redis", "rediss", "sentinel", "sqs")
"""Transports that hand a message out again when it isn't acknowledged in time."""
RESENDS_AFTER = {"sqs": 1800}
DEFAULT_VISIBILITY = 3600


@register("saaskit")
def check_celery(**_: Any) -> list[CheckMessage]:
    """Check the Celery app of this site, where SaaSKit works through it."""
    settings = celery_settings()
    if settings is None:
        return []
    parts = (_visibility, _etas, _serializers, _late_for_all, _prefetch, _limits, _confirms)
    return [message for part in parts for message in part(settings)]


@register("saaskit", Tags.security, deploy=True)
def check_celery_deployment(**_: Any) -> list[CheckMessage]:
    """Check what only matters on a production site."""
    settings = celery_settings()
    return [] if settings is None else list(_eager(settings))


def celery_settings() -> Mapping[str, Any] | None:
    """Return the settings of the site's Celery app, None when SaaSKit doesn't use Celery."""
    try:
        is_dispatching = conf().dispatch is Dispatch.CELERY
    except InvalidSettings:
        return None
    if find_spec("celery") is None:
        return None
    settings: Mapping[str, Any] = import_string("celery.current_app").conf
    is_scheduled = any(_is_ours(entry) for entry in _entries(settings).values())
    return settings if is_dispatching or is_scheduled else None


def _entries(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    return settings.get("beat_schedule") or {}


def _is_ours(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("task", "")).startswith("saaskit.")


def _transport(settings: Mapping[str, Any]) -> str:
    return str(settings.get("broker_url") or "amqp://").partition("://")[0]


def _longest_lease() -> int:
    return int(max(job.lease for job in installed_jobs()).total_seconds())


def _eager(settings: Mapping[str, Any]) -> Iterator[CheckMessage]:
    if settings.get("task_always_eager"):
        yield Error(
            "Celery's task_always_eager is on: requests do the work of the workers themselves.",
            hint="Remove it on a production site; it is for tests.",
            id="saaskit.E060",
        )


def _visibility(settings: Mapping[str, Any]) -> Iterator[CheckMessage]:
    transport = _transport(settings)
    if transport not in RESENDING:
        return
    options = settings.get("broker_transport_options") or {}
    usual = RESENDS_AFTER.get(transport, DEFAULT_VISIBILITY)
    seconds = options.get("visibility_timeout", usual)
    if seconds <= _longest_lease():
        yield Error(
            f"Celery's visibility_timeout is {seconds} s: a message is handed out again while its"
            " job still runs.",
            hint=f"Set broker_transport_options['visibility_timeout'] above {_longest_lease()}.",
            id="saaskit.E061",
        )


def _etas(settings: Mapping[str, Any]) -> Iterator[CheckMessage]:
    """Messages with a later time are kept unacknowledged by a worker, and come again meanwhile."""
    for name, entry in _entries(settings).items():
        options = entry.get("options") or {}
        if options.get("eta") or _is_far(options.get("countdown")):
            yield checks.Warning(
                f"The beat entry {name!r} sends messages that are due more than 15 minutes later.",
                hint="Let beat send them when they are due, or keep the time in a row.",
                id="saaskit.W062",
            )
    for name, annotation in dict(settings.get("task_annotations") or {}).items():
        if isinstance(annotation, dict) and _is_far(annotation.get("default_retry_delay")):
            yield checks.Warning(
                f"task_annotations lets {name!r} be retried more than 15 minutes later.",
                hint="Lower its default_retry_delay to 900 or less.",
                id="saaskit.W062",
            )


def _is_far(seconds: object) -> bool:
    return isinstance(seconds, int | float) and seconds > LONGEST_ETA.total_seconds()


def _serializers(settings: Mapping[str, Any]) -> Iterator[CheckMessage]:
    unsafe = sorted(UNSAFE.intersection(settings.get("accept_content") or ()))
    if unsafe:
        yield Error(
            f"Celery accepts {', '.join(unsafe)}: who can write to the broker can run code here.",
            hint="Set accept_content to ['json'].",
            id="saaskit.E063",
        )


def _late_for_all(settings: Mapping[str, Any]) -> Iterator[CheckMessage]:
    if settings.get("task_acks_late") and settings.get("task_reject_on_worker_lost"):
        yield checks.Warning(
            "task_acks_late and task_reject_on_worker_lost are on for every task: one that kills"
            " its worker comes back for ever.",
            hint="Set them on tasks that are guarded by a row, as SaaSKit's are.",
            id="saaskit.W064",
        )


def _prefetch(settings: Mapping[str, Any]) -> Iterator[CheckMessage]:
    if settings.get("worker_prefetch_multiplier") != 1:
        yield checks.Warning(
            "Celery workers take several messages ahead: short work waits behind a long sweep.",
            hint="Set worker_prefetch_multiplier to 1.",
            id="saaskit.W065",
        )


def _limits(settings: Mapping[str, Any]) -> Iterator[CheckMessage]:
    limit = settings.get("task_time_limit")
    if not limit or limit > _longest_lease():
        yield checks.Warning(
            "A task may run longer than its lease: another worker takes its job over meanwhile.",
            hint=f"Set task_time_limit to {_longest_lease()} or less.",
            id="saaskit.W066",
        )


def _confirms(settings: Mapping[str, Any]) -> Iterator[CheckMessage]:
    options = settings.get("broker_transport_options") or {}
    if _transport(settings) in ("amqp", "pyamqp", "amqps") and not options.get("confirm_publish"):
        yield checks.Warning(
            "RabbitMQ doesn't confirm what it is given: a message may be lost when it stops.",
            hint="Set broker_transport_options['confirm_publish'] to True.",
            id="saaskit.W067",
        )
