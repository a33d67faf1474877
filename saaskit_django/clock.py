"""The only reader of real time. Whatever decides something takes `now` as an argument."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

if TYPE_CHECKING:
    from datetime import datetime


def now() -> datetime:
    """Return the present instant, time-zone aware."""
    return timezone.now()
