"""The queue: who looks at what, for how long, in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.moderation.actors import Actor, check_moderator
from saaskit_core.moderation.policies import DEFAULT_POLICY, ModerationPolicy
from saaskit_core.periods import OutsideCalendar, utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class ClaimedByOther(SaasKitError):
    code = "claimed_by_other"
    kind = ErrorKind.CONFLICT
    template = "Somebody else is looking at this until %(until)s."


class QueueItemClosed(SaasKitError):
    code = "queue_item_closed"
    kind = ErrorKind.CONFLICT
    template = "This has been decided already."


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    """A case for a moderator. A claim counts until `claimed_until`, that instant excluded."""

    id: str
    content_id: str
    author_id: str
    created_at: datetime
    severity: Severity = Severity.MEDIUM
    version: int = 1
    assigned_to: str = ""
    claimed_until: datetime | None = None
    closed_at: datetime | None = None
    closed_because: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still waits."""
        return self.closed_at is None

    def holder(self, now: datetime) -> str:
        """Return the id of the moderator whose claim is in force, "" if there is none."""
        is_claimed = self.claimed_until is not None and utc(now) < self.claimed_until
        return self.assigned_to if is_claimed else ""


def claim(
    item: QueueItem, actor: Actor, *, now: datetime, policy: ModerationPolicy = DEFAULT_POLICY
) -> QueueItem:
    """Lease the item to a moderator, or renew his lease.

    Raises NotAModerator, OwnContent, QueueItemClosed, ClaimedByOther.
    """
    check_moderator(actor, author_id=item.author_id, action="claim")
    check_claim(item, actor, now=now)
    try:
        until = utc(now) + timedelta(minutes=policy.lease_minutes)
    except OverflowError:
        raise OutsideCalendar(value=now.isoformat()) from None
    return replace(item, assigned_to=actor.id, claimed_until=until, version=item.version + 1)


def release(item: QueueItem, actor: Actor, *, now: datetime) -> QueueItem:
    """Give the lease back; nobody's is nobody's already. Raises as `check_claim`."""
    check_claim(item, actor, now=now)
    if not item.assigned_to:
        return item
    return replace(item, assigned_to="", claimed_until=None, version=item.version + 1)


def check_claim(item: QueueItem, actor: Actor, *, now: datetime) -> None:
    """Refuse a decision on what is closed or leased to somebody else.

    Raises QueueItemClosed, ClaimedByOther.
    """
    if not item.is_open:
        raise QueueItemClosed()
    if item.holder(now) not in ("", actor.id) and item.claimed_until is not None:
        raise ClaimedByOther(until=item.claimed_until.isoformat())


def close(item: QueueItem, *, because: str, now: datetime) -> QueueItem:
    """Close an item: it is decided, or its content is gone. Closing twice changes nothing."""
    if not item.is_open:
        return item
    return replace(
        item,
        closed_at=utc(now),
        closed_because=because[:200],
        assigned_to="",
        claimed_until=None,
        version=item.version + 1,
    )


def in_order(items: Iterable[QueueItem]) -> list[QueueItem]:
    """Return the items as they are to be looked at: the most severe first, then the oldest."""
    ranks = list(Severity)
    return sorted(items, key=lambda item: (-ranks.index(item.severity), item.created_at, item.id))
