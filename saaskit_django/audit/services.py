"""Write the audit trail and seal it: every sealed entry carries the hash of the one before it.

An entry is written in the transaction of its change and costs one INSERT. It is joined to the chain
after commit, in a short transaction of its own, so that no two changes ever wait for each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from saaskit_django import clock
from saaskit_django.audit.chain import hash_of
from saaskit_django.audit.models import ActivityLog, AuditLog, ChainHead
from saaskit_django.conf import Dispatch, conf

ENGINE = "engine"
"""The actor of what time starts."""

BATCH = 500
Values = Mapping[str, Any]


def record(
    *,
    action: str,
    table: str,
    record_id: object,
    before: Values | None = None,
    after: Values | None = None,
    actor: object = ENGINE,
    on_behalf_of: object = "",
    request_id: str = "",
) -> AuditLog:
    """Write down one change. Inside the transaction that makes it.

    `actor` is a user, or a word such as "engine" or "scheduler". Values are JSON, without personal
    data.
    """
    entry = AuditLog.objects.create(
        action=action,
        table_affected=table,
        record_id=str(record_id),
        before=before,
        after=after,
        actor=reference(actor),
        on_behalf_of=reference(on_behalf_of),
        request_id=request_id,
        recorded_at=clock.now(),
    )
    _seal_after_commit()
    return entry


def record_activity(
    *,
    user: Any,
    activity: str,
    details: Values | None = None,
    ip: str | None = None,
    request_id: str = "",
) -> ActivityLog:
    """Write down what a user did himself; `details` hold no secrets."""
    return ActivityLog.objects.create(
        user=user if user is not None and user.pk is not None else None,
        activity_type=activity,
        activity_details=dict(details or {}),
        activity_date=clock.now(),
        ip=ip,
        request_id=request_id,
    )


def reference(actor: object) -> str:
    """Name an actor without naming a person: "user:7", or the word itself."""
    if actor is None or isinstance(actor, str):
        return actor or ""
    key = getattr(actor, "pk", None)
    return str(actor) if key is None else f"user:{key}"


def seal(*, limit: int = BATCH) -> int:
    """Join waiting entries to the chain, oldest first; return how many."""
    sealed = 0
    while sealed < limit:
        count = _seal_batch(min(BATCH, limit - sealed))
        if not count:
            break
        sealed += count
    return sealed


@transaction.atomic(durable=True)
def _seal_batch(size: int) -> int:
    head = _locked_head()
    entries = list(AuditLog.objects.filter(position__isnull=True).order_by("pk")[:size])
    for entry in entries:
        entry.position = head.position + 1
        entry.previous_hash = head.hash
        entry.hash = hash_of(entry)
        head.position, head.hash = entry.position, entry.hash
    AuditLog.objects.bulk_update(entries, ["position", "previous_hash", "hash"])
    head.save(update_fields=["position", "hash"])
    return len(entries)


def _locked_head() -> ChainHead:
    """Lock the head by writing to it, so that one sealer works at a time on any database."""
    while not ChainHead.objects.filter(pk=1).update(lock_version=F("lock_version") + 1):
        ChainHead.objects.bulk_create([ChainHead(pk=1)], ignore_conflicts=True)
    return ChainHead.objects.get(pk=1)


def _seal_after_commit() -> None:
    connection = transaction.get_connection()
    is_waiting = any(function is _seal_now for _, function, _ in connection.run_on_commit)
    if conf().dispatch is Dispatch.INLINE and not is_waiting:
        transaction.on_commit(_seal_now, robust=True)


def _seal_now() -> None:
    seal()
