"""A piece of content as moderation sees it: ids, revisions and where it stands, never its text."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.moderation.states import ContentStatus, ModerationStatus, shown_as
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from saaskit_core.features.documents import JSON
    from saaskit_core.moderation.policies import ModerationPolicy


class DeletedBy(StrEnum):
    """Whose deletion it is. The author's is final; a legal one isn't undone by moderators."""

    AUTHOR = "author"
    STAFF = "staff"
    LEGAL = "legal"


class Reopened(StrEnum):
    """Why approved content waits again."""

    REPORTS = "reports"
    RESCAN = "rescan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One wording of the content: its number from 1 and the SHA-256 of its snapshot."""

    number: int
    snapshot_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Where a piece of content stands. `version` counts its decisions.

    `latest` is the author's newest revision, `approved` the last one that was let through, `judged`
    the one the last decision was about. While an approved revision stays visible, `waiting` is
    the status of the newer one behind it. `rejected_by` and `removed_by` are the sequence numbers
    of the decisions that rejected and deleted it.
    """

    id: str
    content_type: str
    author_id: str
    status: ModerationStatus
    version: int
    latest: Revision
    judged: Revision
    approved: Revision | None = None
    waiting: ModerationStatus | None = None
    reopened: Reopened | None = None
    changes_due_at: datetime | None = None
    rejected_by: int | None = None
    removed_by: int | None = None
    deleted_by: DeletedBy | None = None
    deleted_from: ModerationStatus | None = None
    purge_at: datetime | None = None

    @property
    def shown_as(self) -> ContentStatus:
        """What the API shows."""
        return shown_as(self.status, is_reported=self.reopened is Reopened.REPORTS)


def visible_revision(content: Content, *, policy: ModerationPolicy) -> Revision | None:
    """Return what the public sees: the approved revision, or nothing.

    A site that moderates afterwards shows what waits for the first time, too.
    """
    if content.status is ModerationStatus.APPROVED:
        return content.approved
    waits = content.status is ModerationStatus.PENDING and content.reopened is None
    return content.latest if waits and policy.is_post_moderated else None


def is_purgeable(content: Content, *, has_open_appeal: bool, now: datetime) -> bool:
    """Tell whether the snapshot of deleted content may go: not while an appeal is possible."""
    due = content.purge_at
    if content.status is not ModerationStatus.DELETED or due is None or has_open_appeal:
        return False
    return utc(now) >= due


def snapshot_hash(snapshot: Mapping[str, JSON]) -> str:
    """Return the SHA-256 of a snapshot's canonical JSON, in hexadecimal."""
    text = json.dumps(snapshot, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
