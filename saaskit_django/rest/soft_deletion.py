"""Rows that people delete: hidden everywhere at once, purged later by the clean-up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from django.db.models import QuerySet

KEPT_FOR = timedelta(days=90)


class LiveManager(models.Manager[Any]):
    """Shows the rows that are not deleted."""

    def get_queryset(self) -> QuerySet[Any]:
        """Return the live rows."""
        return super().get_queryset().filter(deleted_at__isnull=True)


class SoftDeletable(models.Model):
    """Adds `deleted_at`; `objects` shows what is live, `with_deleted` everything."""

    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = LiveManager()
    with_deleted = models.Manager["SoftDeletable"]()

    class Meta:
        abstract = True


def purge(model: type[SoftDeletable], *, now: datetime, kept_for: timedelta = KEPT_FOR) -> int:
    """Delete for good what was deleted `kept_for` ago or earlier; return how many rows went."""
    return model.with_deleted.filter(deleted_at__lte=now - kept_for).delete()[0]
