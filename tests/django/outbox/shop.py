"""A shop for the tests of the outbox: one event, some reactions, and what they saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db import transaction

from saaskit_core.events import Event
from saaskit_django.outbox import reactions
from saaskit_django.outbox.messages import Message
from saaskit_django.outbox.services import record

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered(Event):
    topic: ClassVar[str] = "shop.ordered"

    number: int
    due_at: datetime | None = None
    codes: tuple[str, ...] = ()


class Reactions:
    """What reacted, and how it is to behave."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []
        self.behaviour: Callable[[Message], object] = lambda message: None

    def note(self, name: str, message: Message) -> None:
        self.seen.append((name, message.payload["number"]))
        self.behaviour(message)


STATE = Reactions()


def first(message: Message) -> None:
    STATE.note("first", message)


def second(message: Message) -> None:
    STATE.note("second", message)


@reactions.outside_transaction
def outside(message: Message) -> None:
    assert not transaction.get_connection().in_atomic_block
    STATE.note("outside", message)


def order(number: int, aggregate: str = "order:1", **fields: Any) -> Ordered:
    return Ordered(aggregate=aggregate, occurred_at=NOW, number=number, **fields)


def write(*events: Event, key: str | None = None) -> Any:
    with transaction.atomic():
        return record(*events, key=key)
