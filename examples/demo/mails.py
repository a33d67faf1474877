"""Read the e-mails that Django's file backend wrote."""

from __future__ import annotations

import email
from dataclasses import dataclass
from email import policy
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

SEPARATOR = b"-" * 79 + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One e-mail."""

    to: str
    sender: str
    subject: str
    text: str
    html: str


def read_mails(folder: Path) -> list[Mail]:
    """Return all e-mails of a folder, oldest first."""
    files = sorted(folder.glob("*.log"), key=lambda file: (file.stat().st_mtime_ns, file.name))
    raw = [part for file in files for part in file.read_bytes().split(SEPARATOR)]
    return [_mail(part) for part in raw if part.strip()]


def _mail(raw: bytes) -> Mail:
    message = cast("EmailMessage", email.message_from_bytes(raw.strip(), policy=policy.default))
    return Mail(
        to=str(message["To"]),
        sender=str(message["From"]),
        subject=str(message["Subject"]),
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""
