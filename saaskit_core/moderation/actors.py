"""Who acts on content, and in what capacity."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from saaskit_core.choices import read_choices
from saaskit_core.errors import ErrorKind, SaasKitError


class NotAModerator(SaasKitError):
    code = "not_a_moderator"
    kind = ErrorKind.FORBIDDEN
    template = "Only a moderator can %(action)s content."


class NotTheAuthor(SaasKitError):
    code = "not_the_author"
    kind = ErrorKind.FORBIDDEN
    template = "Only its author can %(action)s this content."


class OwnContent(SaasKitError):
    code = "own_content"
    kind = ErrorKind.FORBIDDEN
    template = "Nobody decides on his own content."


class NotAutomatic(SaasKitError):
    code = "not_automatic"
    kind = ErrorKind.FORBIDDEN
    template = "%(action)s is for the system and for moderators."


class InvalidActor(SaasKitError):
    code = "invalid_actor"
    template = "Nobody can act like this: %(problem)s."


class ActorKind(StrEnum):
    USER = "user"
    SYSTEM = "system"
    RULE = "rule"


class Capacity(StrEnum):
    """What a user may decide, in rising order; legal acts on an order of the law."""

    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"
    LEGAL = "legal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A user by id, the system, or a rule. Only a user has a capacity."""

    kind: ActorKind = ActorKind.USER
    id: str = ""
    capacity: Capacity = Capacity.USER

    def __post_init__(self) -> None:
        """Take plain words too: whose capacity is none must not pass for a moderator."""
        kinds = {"kind": ActorKind, "capacity": Capacity}
        read_choices(self, kinds, refused=lambda problem: InvalidActor(problem=problem))

    @property
    def is_human(self) -> bool:
        """Whether a person acts."""
        return self.kind is ActorKind.USER and bool(self.id)

    @property
    def is_moderator(self) -> bool:
        """Whether a person acts who may decide on the content of others."""
        return self.is_human and self.capacity is not Capacity.USER

    @property
    def reference(self) -> str:
        """Name the actor for logs and events, such as "user:7"."""
        return f"{self.kind}:{self.id}" if self.id else str(self.kind)


SYSTEM = Actor(kind=ActorKind.SYSTEM)
"""What time and counters bring."""


def check_moderator(actor: Actor, *, author_id: str, action: str) -> None:
    """Refuse whoever may not decide on this author's content. Raises NotAModerator, OwnContent."""
    if not actor.is_moderator:
        raise NotAModerator(action=action)
    if actor.id == author_id:
        raise OwnContent()


def check_author(actor: Actor, *, author_id: str, action: str) -> None:
    """Refuse everybody but the author. Raises NotTheAuthor."""
    if not actor.is_human or actor.id != author_id:
        raise NotTheAuthor(action=action)


def check_automatic(actor: Actor, *, author_id: str, action: str) -> None:
    """Refuse an ordinary user and the author himself. Raises NotAutomatic, OwnContent."""
    if actor.kind is not ActorKind.USER:
        return
    if not actor.is_moderator:
        raise NotAutomatic(action=action)
    if actor.id == author_id:
        raise OwnContent()
