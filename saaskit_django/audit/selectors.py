"""Read the audit trail and verify it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_django.audit.chain import hash_of
from saaskit_django.audit.models import AuditLog, ChainHead

if TYPE_CHECKING:
    from django.db.models import QuerySet

CHUNK = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a walk along the chain found. `problem` names the first place that is wrong."""

    checked: int
    unsealed: int
    problem: str = ""
    position: int | None = None

    @property
    def is_intact(self) -> bool:
        """Tell whether every sealed entry is there, unchanged and in its place."""
        return not self.problem


def verify() -> Verification:
    """Walk the whole chain: an edited, deleted, inserted or moved entry shows, a cut tail too."""
    unsealed = AuditLog.objects.filter(position__isnull=True).count()
    position, previous = 0, ""
    sealed = AuditLog.objects.filter(position__isnull=False).order_by("position")
    for entry in sealed.iterator(chunk_size=CHUNK):
        position += 1
        problem = _problem(entry, position=position, previous=previous)
        if problem:
            return Verification(
                checked=position - 1, unsealed=unsealed, problem=problem, position=position
            )
        previous = entry.hash
    head = ChainHead.objects.filter(pk=1).first()
    if (position, previous) != ((head.position, head.hash) if head else (0, "")):
        return Verification(
            checked=position,
            unsealed=unsealed,
            problem="entries at the end are missing",
            position=position + 1,
        )
    return Verification(checked=position, unsealed=unsealed)


def anchor() -> str:
    """Return the end of the chain as "position:hash": kept elsewhere, it proves what was there."""
    head = ChainHead.objects.filter(pk=1).first()
    return f"{head.position}:{head.hash}" if head else "0:"


def history_of(*, table: str, record_id: object) -> QuerySet[AuditLog]:
    """Return what happened to one record, oldest first."""
    return AuditLog.objects.filter(table_affected=table, record_id=str(record_id)).order_by("pk")


def _problem(entry: AuditLog, *, position: int, previous: str) -> str:
    if entry.position != position:
        return "an entry is missing"
    if entry.previous_hash != previous:
        return "the entry does not follow the one before it"
    if entry.hash != hash_of(entry):
        return "the entry was changed"
    return ""
