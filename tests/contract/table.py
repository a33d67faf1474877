"""The contract's table, read: one entry per method and path. Imports no Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("endpoints.yaml")

STILL_TO_COME = (
    "POST /api/auth/users/deactivate-user/",
    "DELETE /api/auth/users/delete-user/",
    "POST /api/auth/send-email/",
    "POST /api/core/events/create/",
    "GET /api/core/events/list/",
    "PUT /api/core/events/<id>/update/",
    "PATCH /api/core/events/<id>/update/",
    "DELETE /api/core/events/<id>/delete/",
    "GET /api/core/events/auto-send-action-email-event",
    "POST /api/core/events/auto-send-action-email-event",
    "GET /api/core/events/auto-send-reminder-email-event",
    "POST /api/core/events/auto-send-reminder-email-event",
    "POST /api/core/reminders/create/",
    "GET /api/core/reminders/list/",
    "DELETE /api/core/reminders/<id>/delete/",
    "POST /api/core/reminders/<id>/send-email-reminder/",
    "GET /api/core/reminders/auto-send-email-reminder/",
    "POST /api/core/reminders/auto-send-email-reminder/",
    "POST /api/core/content/posts/create/",
    "GET /api/core/content/posts/list/",
    "PUT /api/core/content/posts/<id>/update/",
    "PATCH /api/core/content/posts/<id>/update/",
    "DELETE /api/core/content/posts/<id>/delete/",
    "POST /api/core/content/posts/<id>/comments/create/",
    "GET /api/core/content/posts/<id>/comments/list/",
    "DELETE /api/core/content/comments/<id>/delete/",
    "GET /api/admin/users/",
    "GET /api/admin/all-users/",
    "PUT /api/admin/users/<id>/edit-user",
    "PATCH /api/admin/users/<id>/edit-user",
    "GET /api/admin/moderation/queue/",
    "POST /api/admin/moderation/action/",
    "GET /api/admin/moderation/history/",
    "POST /api/admin/moderation/appeal/",
)
"""Rows that aren't built yet. One that answers must leave this list and get a case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One method on one path: who may call it, what it takes, and the least it answers."""

    method: str
    path: str
    who: str
    takes: Mapping[str, bool]
    query: frozenset[str]
    answers: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_list(self) -> bool:
        return "list_of" in self.answers

    def answers_to(self, caller: str) -> Mapping[str, Any]:
        special: Mapping[str, Any] = self.answers.get(caller, self.answers)
        return special


@cache
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


@cache
def contract() -> dict[str, Entry]:
    """The rows that the contract demands."""
    return _entries(document()["contract"])


@cache
def everything() -> dict[str, Entry]:
    """The contract's rows and those beyond it."""
    return {**contract(), **_entries(document()["extensions"])}


def shape(name: str) -> list[str]:
    """The fields of a named shape."""
    fields: list[str] = document()["shapes"][name]
    return fields


def missing_fields(answer: Any, expected: Mapping[str, Any]) -> list[str]:
    """What an answer lacks of what is expected of it, as dotted paths."""
    if "list_of" in expected:
        kind = expected["list_of"]
        page = ["count", "next", "previous", {"results": [f"${kind}"] if _is_name(kind) else kind}]
        return _missing(answer, [*page, *expected.get("fields", [])])
    fields = [*expected.get("fields", [])]
    if "is" in expected:
        fields.append(f"${expected['is']}")
    return _missing(answer, fields)


def _missing(answer: Any, fields: list[Any], where: str = "") -> list[str]:
    if isinstance(answer, list):
        return [each for row in answer[:3] for each in _missing(row, fields, f"{where}[]")]
    found: list[str] = []
    for field in fields:
        if isinstance(field, dict):
            for name, inner in field.items():
                found += _missing_inside(answer, name, inner, where)
        elif field.startswith("$"):
            found += _missing(answer, list(shape(field[1:])), where)
        elif not isinstance(answer, dict) or field not in answer:
            found.append(f"{where}.{field}")
    return found


def _missing_inside(answer: Any, name: str, inner: list[Any], where: str) -> list[str]:
    if not isinstance(answer, dict) or (name != "*" and name not in answer):
        return [f"{where}.{name}"]
    below = list(answer.values()) if name == "*" else answer[name]
    return _missing(below, inner, f"{where}.{name}")


def _is_name(kind: Any) -> bool:
    return isinstance(kind, str)


def _entries(rows: list[dict[str, Any]]) -> dict[str, Entry]:
    entries = [_entry(row, method) for row in rows for method in row["method"].split("/")]
    return {entry.name: entry for entry in entries}


def _entry(row: dict[str, Any], method: str) -> Entry:
    words = row["takes"].split()
    return Entry(
        method=method,
        path=row["path"],
        who=row["who"],
        takes={word.rstrip("*"): word.endswith("*") for word in words if word[:2] != "q."},
        query=frozenset(word[2:].rstrip("*") for word in words if word[:2] == "q."),
        answers=row["answers"].get(method, row["answers"]),
    )
