"""How this host reacts to our events."""

from __future__ import annotations

from saaskit_django.outbox.messages import Message

SEEN: list[tuple[str, str]] = []


def note(message: Message) -> None:
    SEEN.append((message.topic, message.aggregate))


HANDLERS = {"notification.*": [note]}
