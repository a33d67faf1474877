"""Write events down in the transaction that made them happen."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from saaskit_django import clock
from saaskit_django.outbox.dispatcher import kick_after_commit
from saaskit_django.outbox.models import Delivery, OutboxMessage
from saaskit_django.outbox.reactions import handlers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from saaskit_core.events import Event

_GATHERED: ContextVar[list[Event] | None] = ContextVar("saaskit_gathered_events", default=None)


class RecordedOutsideTransaction(RuntimeError):
    """Raised when an event would be written apart from the change it tells of."""


def record(*events: Event, key: str | None = None) -> tuple[OutboxMessage, ...]:
    """Write the events and one delivery per reaction; they go out after commit.

    Inside a transaction. With a `key`, an event that was written before under it is not written
    again. Returns the new messages, none yet within `gathered`.
    """
    if not events:
        return ()
    if not transaction.get_connection().in_atomic_block:
        raise RecordedOutsideTransaction(
            "outbox.record() belongs into the transaction.atomic() of the change it records"
        )
    waiting = _GATHERED.get()
    if waiting is not None and key is None:
        waiting.extend(events)
        return ()
    written = _write_all(events) if key is None else _write_once(events, key=key)
    if written:
        _add_deliveries(written)
        kick_after_commit()
    return written


@contextmanager
def gathered() -> Iterator[None]:
    """Write what is recorded within, in its order, at the end and in two statements.

    Inside a transaction, for one that records a lot; if it fails, nothing is written. Not around
    a savepoint that may be rolled back: its events would be written all the same.
    """
    if _GATHERED.get() is not None:
        yield
        return
    events: list[Event] = []
    token = _GATHERED.set(events)
    try:
        yield
    finally:
        _GATHERED.reset(token)
    record(*events)


def _write_all(events: tuple[Event, ...]) -> tuple[OutboxMessage, ...]:
    return tuple(
        OutboxMessage.objects.bulk_create(
            _message(event, key=secrets.token_hex(16)) for event in events
        )
    )


def _write_once(events: tuple[Event, ...], *, key: str) -> tuple[OutboxMessage, ...]:
    written = []
    for number, event in enumerate(events):
        message = _message(event, key=key if number == 0 else f"{key}#{number}")
        try:
            with transaction.atomic():
                message.save()
        except IntegrityError:
            continue
        written.append(message)
    return tuple(written)


def _message(event: Event, *, key: str) -> OutboxMessage:
    return OutboxMessage(
        topic=event.topic,
        key=key,
        aggregate=event.aggregate,
        payload=event.payload(),
        occurred_at=event.occurred_at,
    )


def _add_deliveries(messages: tuple[OutboxMessage, ...]) -> None:
    now = clock.now()
    Delivery.objects.bulk_create(
        Delivery(message=message, handler=name, aggregate=message.aggregate, next_at=now)
        for message in messages
        for name in handlers_of(message.topic)
    )
