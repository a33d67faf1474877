"""Read and write the sandbox's records. All of it happens on a connection the caller gives."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from saaskit_core.provider_errors import DeclineReason
from saaskit_core.testing.behaviours import Behaviour, Effect, Operation
from saaskit_providers.sandbox.records import (
    EventRecord,
    MethodRecord,
    PaymentRecord,
    PaymentWord,
    Record,
    RefundRecord,
)

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a key was answered with, and for which parameters."""

    fingerprint: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event as it was logged; `body` is what every delivery of it carries."""

    sequence: int
    id: str
    body: bytes


def new_id(prefix: str) -> str:
    """Return an id that nobody can guess, such as `pay_…`."""
    return f"{prefix}_{secrets.token_hex(12)}"


def put(db: sqlite3.Connection, record: Record) -> None:
    """Insert or replace a record."""
    db.execute(
        "INSERT INTO objects (id, kind, reference, body) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        (record.id, record.kind, record.reference, record.model_dump_json()),
    )


def get(db: sqlite3.Connection, model: type[R], record_id: str) -> R | None:
    """Return the record with that id, or None."""
    row = db.execute(
        "SELECT body FROM objects WHERE id = ? AND kind = ?", (record_id, model.kind)
    ).fetchone()
    return model.model_validate_json(row[0]) if row else None


def by_reference(db: sqlite3.Connection, model: type[R], reference: str) -> tuple[R, ...]:
    """Return the records with that reference, the newest first."""
    rows = db.execute(
        "SELECT body FROM objects WHERE kind = ? AND reference = ? ORDER BY sequence DESC",
        (model.kind, reference),
    )
    return tuple(model.model_validate_json(row[0]) for row in rows)


def every(db: sqlite3.Connection, model: type[R]) -> tuple[R, ...]:
    """Return all records of a kind, the oldest first."""
    rows = db.execute("SELECT body FROM objects WHERE kind = ? ORDER BY sequence", (model.kind,))
    return tuple(model.model_validate_json(row[0]) for row in rows)


def charges_of(db: sqlite3.Connection, *, token: str, customer: str) -> int:
    """Count the good charges of a test method for a customer."""
    row = db.execute(
        "SELECT count(*) FROM objects WHERE kind = ? AND json_extract(body, '$.token') = ?"
        " AND json_extract(body, '$.customer') = ? AND json_extract(body, '$.status') = ?",
        (PaymentRecord.kind, token, customer, PaymentWord.SUCCEEDED),
    ).fetchone()
    return int(row[0])


def answer_to(db: sqlite3.Connection, key: str) -> Answer | None:
    """Return what an idempotency key was answered with, or None."""
    row = db.execute("SELECT fingerprint, answer FROM keys WHERE key = ?", (key,)).fetchone()
    return Answer(fingerprint=row[0], body=row[1]) if row else None


def keep_answer(db: sqlite3.Connection, key: str, answer: Answer) -> None:
    """Remember the answer for good."""
    db.execute("INSERT INTO keys VALUES (?, ?, ?)", (key, answer.fingerprint, answer.body))


def add_script(
    db: sqlite3.Connection, behaviour: Behaviour, *, operation: Operation, method: str
) -> None:
    """Queue a behaviour for an operation, for one method or (method "") for any."""
    db.execute(
        "INSERT INTO scripts (operation, method, effect, reason, delay_ms, remaining)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            operation,
            method,
            behaviour.effect,
            behaviour.reason,
            behaviour.delay_ms,
            behaviour.times,
        ),
    )


def take_script(
    db: sqlite3.Connection, *, operation: Operation, methods: tuple[str, str] = ("", "")
) -> Behaviour | None:
    """Use up the next scripted behaviour that applies, or return None."""
    row = db.execute(
        "SELECT sequence, effect, reason, delay_ms FROM scripts"
        " WHERE operation = ? AND remaining > 0 AND method IN ('', ?, ?) ORDER BY sequence LIMIT 1",
        (operation, *methods),
    ).fetchone()
    if row is None:
        return None
    db.execute("UPDATE scripts SET remaining = remaining - 1 WHERE sequence = ?", (row[0],))
    return Behaviour(effect=Effect(row[1]), reason=DeclineReason(row[2]), delay_ms=row[3])


def emit(
    db: sqlite3.Connection,
    record: PaymentRecord | RefundRecord | MethodRecord,
    *,
    happened: str,
    at: datetime,
) -> None:
    """Log the event "<kind>.<happened>" with the record as it is now."""
    event = EventRecord(
        id=new_id("evt"),
        type=f"{record.kind}.{happened}",
        created=at,
        livemode=False,
        data=record.model_dump(mode="json"),
    )
    db.execute(
        "INSERT INTO events (id, body) VALUES (?, ?)", (event.id, event.model_dump_json().encode())
    )


def events_since(db: sqlite3.Connection, sequence: int) -> tuple[LoggedEvent, ...]:
    """Return the events logged after that sequence number, in order."""
    rows = db.execute(
        "SELECT sequence, id, body FROM events WHERE sequence > ? ORDER BY sequence", (sequence,)
    )
    return tuple(LoggedEvent(sequence=row[0], id=row[1], body=row[2]) for row in rows)
