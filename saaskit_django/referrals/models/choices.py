"""How the core's words become columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from enum import StrEnum


def values(kind: type[StrEnum]) -> list[str]:
    """Return the words of an enum."""
    return [member.value for member in kind]


def choices(kind: type[StrEnum]) -> list[tuple[str, str]]:
    """Return the words of an enum as a column's choices."""
    return [(value, value) for value in values(kind)]
