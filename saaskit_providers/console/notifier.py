"""Print messages to a stream, or append them to a file with one JSON object per line."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import ClassVar, TextIO

from pydantic import BaseModel, ConfigDict

from saaskit_core.notifiers import (
    Channel,
    DeliveryFailure,
    DeliveryResult,
    DeliveryState,
    Message,
)

_lock = Lock()


class ConsoleSettings(BaseModel):
    """`path` names the JSON-lines file; without it messages go to standard output."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    path: Path | None = None


class ConsoleNotifier:
    """Sends nothing to anybody. A message that can't be written is a failure to be retried."""

    type_name: ClassVar[str] = "console"
    settings_model: ClassVar[type[ConsoleSettings]] = ConsoleSettings
    is_production_ready: ClassVar[bool] = False
    channels: ClassVar[frozenset[Channel]] = frozenset(Channel)

    def __init__(
        self, settings: ConsoleSettings, *, name: str = "console", stream: TextIO | None = None
    ) -> None:
        """Keep the settings; `stream` replaces standard output."""
        self._settings = settings
        self._name = name
        self._stream = stream

    @property
    def name(self) -> str:
        """Return the alias it was configured under."""
        return self._name

    def send(self, message: Message) -> DeliveryResult:
        """Show one message."""
        if not message.address.strip():
            return DeliveryResult(
                state=DeliveryState.FAILED,
                failure=DeliveryFailure.PERMANENT,
                forget_address=True,
            )
        try:
            self._write(message)
        except (OSError, ValueError):
            return DeliveryResult(state=DeliveryState.FAILED, failure=DeliveryFailure.RETRYABLE)
        return DeliveryResult(state=DeliveryState.SENT, provider_message_id=_message_id(message))

    def _write(self, message: Message) -> None:
        if self._settings.path is None:
            with _lock:
                stream = self._stream or sys.stdout
                stream.write(_text(message))
                stream.flush()
        else:
            _append(self._settings.path, json.dumps(asdict(message), ensure_ascii=False))


def _append(path: Path, line: str) -> None:
    """Append with one write, so that the lines of several processes don't mix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{line}\n".encode())
    finally:
        os.close(file)


def _text(message: Message) -> str:
    subject = f"\nsubject: {_one_line(message.subject)}" if message.subject else ""
    head = f"--- {message.channel} to {_one_line(message.address)}{subject}"
    return f"{head}\n\n{message.text}\n\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _message_id(message: Message) -> str:
    """Derive the id from the key, so that a message sent twice is told by its id."""
    return f"console_{hashlib.sha256(message.idempotency_key.encode()).hexdigest()[:24]}"
