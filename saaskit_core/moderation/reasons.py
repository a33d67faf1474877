"""Why something was decided: a code for machines, a text for people, the rules it broke."""

from __future__ import annotations

import re
from dataclasses import dataclass

from saaskit_core.errors import ErrorKind, SaasKitError

MAX_REASON_TEXT = 5000
"""What the facts of a statement of reasons may hold in the DSA transparency database."""

MAX_NOTE = 2000
MAX_POLICIES = 20
_CODE = re.compile(r"[a-z0-9](?:[a-z0-9_.-]{0,62}[a-z0-9])?")


class InvalidReason(SaasKitError):
    code = "invalid_reason"
    template = "The reason can't be used: %(problem)s."


class NoteRequired(SaasKitError):
    code = "note_required"
    template = "The author must be told what to change."


class TextTooLong(SaasKitError):
    code = "text_too_long"
    kind = ErrorKind.TOO_LARGE
    template = "%(what)s has at most %(limit)s characters."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason code (a to z, digits, ".", "_", "-"), a text and the ids of the policies broken."""

    code: str
    text: str = ""
    policy_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what isn't a code, a text too long, too many policies."""
        if len(self.code) > 64 or not _CODE.fullmatch(self.code):
            raise InvalidReason(problem="a code is 1 to 64 of a-z, 0-9, '.', '_' and '-'")
        if len(self.text) > MAX_REASON_TEXT:
            raise TextTooLong(what="A reason", limit=MAX_REASON_TEXT)
        if len(self.policy_ids) > MAX_POLICIES or any(len(each) > 200 for each in self.policy_ids):
            raise InvalidReason(problem=f"it names at most {MAX_POLICIES} policies by short ids")


def check_note(note: str) -> str:
    """Return the note without outer blanks. Raises NoteRequired, TextTooLong."""
    if len(note) > MAX_NOTE:
        raise TextTooLong(what="A note", limit=MAX_NOTE)
    stripped = note.strip()
    if not stripped:
        raise NoteRequired(pointer="/notes")
    return stripped
