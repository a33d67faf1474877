"""What a reaction gets: the event as it was written down."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from saaskit_core.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An event on its way. `key` is the same at every attempt; `attempt` counts from 1."""

    id: int
    topic: str
    key: str
    aggregate: str
    payload: Mapping[str, Any]
    occurred_at: datetime
    attempt: int = 1

    def event(self) -> Event | None:
        """Return the event as the core made it; None when its class is gone or has changed."""
        # A dataclass with slots is made twice, and the first, useless one may still be around.
        kind = {kind.topic: kind for kind in event_types(Event)}.get(self.topic)
        try:
            return kind(**_values(kind, self.payload)) if kind else None
        except (TypeError, ValueError):
            return None


def event_types(base: type[Event]) -> Iterator[type[Event]]:
    """Walk all event classes that have been imported."""
    for kind in base.__subclasses__():
        yield kind
        yield from event_types(kind)


def _values(kind: type[Event], payload: Mapping[str, Any]) -> dict[str, Any]:
    fields = {field.name: str(field.type) for field in dataclasses.fields(kind)}
    return {name: _value(fields.get(name, ""), value) for name, value in payload.items()}


def _value(annotation: str, value: Any) -> Any:
    if "datetime" in annotation and isinstance(value, str):
        return datetime.fromisoformat(value)
    if annotation.startswith("tuple") and isinstance(value, list):
        return tuple(value)
    return value
