"""What rules look at: a text and what is known about it. All facts; nothing is fetched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from saaskit_core.moderation.reports import Report
    from saaskit_core.moderation.rules.sketches import Sketch


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file: its media type, such as "image/png", its SHA-256 in hexadecimal, its bytes."""

    media_type: str
    sha256: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote it. `posted_at` and `earlier` are of his other recent posts."""

    id: str = ""
    role: str = "user"
    created_at: datetime | None = None
    reputation: int = 0
    approved_posts: int = 0
    posted_at: tuple[datetime, ...] = ()
    earlier: tuple[Sketch, ...] = ()

    def __post_init__(self) -> None:
        """Bring the instants to UTC. Raises NaiveDatetime."""
        if self.created_at is not None:
            object.__setattr__(self, "created_at", utc(self.created_at))
        object.__setattr__(self, "posted_at", tuple(map(utc, self.posted_at)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A text with its circumstances. `scope` is the content's type, `language` a BCP 47 tag.

    `scores` are those of external classifiers, by name. `typed_for` is how long it was typed.
    """

    text: str
    author: Author = field(default_factory=Author)
    scope: str = ""
    category: str = ""
    language: str = ""
    attachments: tuple[Attachment, ...] = ()
    reports: tuple[Report, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    typed_for: timedelta | None = None
