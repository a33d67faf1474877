"""Write events down in the transaction that made them happen."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from saaskit_django import clock
from saaskit_django.outbox.dispatcher import kick_after_commit
from saaskit_django.outbox.models import Delivery, OutboxMessage
from saaskit_django.outbox.reactions import handlers_of

if TYPE_CHECKING:
    from saaskit_core.events import Event


class RecordedOutsideTransaction(RuntimeError):
    """Raised when an event would be written apart from the change it tells of."""


def record(*events: Event, key: str | None = None) -> tuple[OutboxMessage, ...]:
    """Write the events and one delivery per reaction; they go out after commit.

    Inside a transaction. With a `key`, an event that was written before under it is not written
    again. Returns the new messages.
    """
    if not events:
        return ()
    if not transaction.get_connection().in_atomic_block:
        raise RecordedOutsideTransaction(
            "outbox.record() belongs into the transaction.atomic() of the change it records"
        )
    keys = [_key(key, number) for number, _ in enumerate(events)]
    write = _write if key is None else _write_once
    tried = [write(event, key=each) for event, each in zip(events, keys, strict=True)]
    written = tuple(message for message in tried if message is not None)
    if written:
        _add_deliveries(written)
        kick_after_commit()
    return written


def _key(key: str | None, number: int) -> str:
    if key is None:
        return secrets.token_hex(16)
    return key if number == 0 else f"{key}#{number}"


def _write(event: Event, *, key: str) -> OutboxMessage | None:
    return OutboxMessage.objects.create(
        topic=event.topic,
        key=key,
        aggregate=event.aggregate,
        payload=event.payload(),
        occurred_at=event.occurred_at,
    )


def _write_once(event: Event, *, key: str) -> OutboxMessage | None:
    try:
        with transaction.atomic():
            return _write(event, key=key)
    except IntegrityError:
        return None


def _add_deliveries(messages: tuple[OutboxMessage, ...]) -> None:
    now = clock.now()
    Delivery.objects.bulk_create(
        Delivery(message=message, handler=name, aggregate=message.aggregate, next_at=now)
        for message in messages
        for name in handlers_of(message.topic)
    )
