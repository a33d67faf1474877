"""The values a feature may have: its type, the one form each value is kept in, and its words."""

from __future__ import annotations

import math
from enum import StrEnum
from reprlib import Repr
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from saaskit_core.features.documents import JSON

UNLIMITED = 2**53 - 1
"""What a limit is when there is none: larger than any use, exact in JSON and in JavaScript."""

UNLIMITED_WORD = "unlimited"
Choices = tuple[str, ...]
_DEEPEST = 32


class FeatureType(StrEnum):
    """`limit` is a whole number from 0 up, or "unlimited"."""

    BOOL = "bool"
    LIMIT = "limit"
    INT = "int"
    FLOAT = "float"
    STR = "str"
    ENUM = "enum"
    OBJECT = "object"


def normalised(kind: FeatureType, value: JSON, *, choices: Choices = ()) -> JSON:
    """Return the value in the form its type is kept in. Raises ValueError for any other value."""
    return _NORMALISE[kind](choices, value)


def allowed_values(kind: FeatureType, *, choices: Choices = ()) -> str:
    """Say in words what a value may be."""
    return f"one of {', '.join(choices)}" if kind is FeatureType.ENUM else _ALLOWED[kind]


def spelled(value: object) -> str:
    """Spell any value in at most 60 characters, however large or deep it is."""
    return _SPELLING.repr(value)[:60]


class _Spelling(Repr):
    """Spells any value in a few words; a number of thousands of digits can't be spelled."""

    def repr_int(self, value: int, level: int) -> str:  # noqa: ARG002
        """Spell a whole number unless it is huge."""
        return str(value) if value.bit_length() <= 1024 else "a huge number"


def _bool(_: Choices, value: JSON) -> bool:
    if isinstance(value, dict):
        value = value.get("enabled")
    if isinstance(value, bool) or (type(value) is int and value in (0, 1)):
        return bool(value)
    raise ValueError


def _limit(_: Choices, value: JSON) -> int:
    if value == UNLIMITED_WORD:
        return UNLIMITED
    if type(value) is int and 0 <= value <= UNLIMITED:
        return value
    raise ValueError


def _int(_: Choices, value: JSON) -> int:
    if type(value) is int and abs(value) <= UNLIMITED:
        return value
    raise ValueError


def _float(_: Choices, value: JSON) -> float:
    if type(value) is int and abs(value) <= UNLIMITED:
        return float(value)
    if type(value) is float and math.isfinite(value):
        return value
    raise ValueError


def _str(_: Choices, value: JSON) -> str:
    if isinstance(value, str):
        return value
    raise ValueError


def _enum(choices: Choices, value: JSON) -> str:
    if isinstance(value, str) and value in choices:
        return value
    raise ValueError


def _object(_: Choices, value: JSON) -> JSON:
    if isinstance(value, dict | list) and not _is_deep(value):
        return value
    raise ValueError


def _is_deep(value: JSON) -> bool:
    """Tell whether it is nested deeper than anybody could compare it, without recursion."""
    layer: list[JSON] = [value]
    for _ in range(_DEEPEST):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not layer:
            return False
    return True


NUMBERS = frozenset({FeatureType.LIMIT, FeatureType.INT, FeatureType.FLOAT})
_NORMALISE: dict[FeatureType, Callable[[Choices, JSON], JSON]] = {
    FeatureType.BOOL: _bool,
    FeatureType.LIMIT: _limit,
    FeatureType.INT: _int,
    FeatureType.FLOAT: _float,
    FeatureType.STR: _str,
    FeatureType.ENUM: _enum,
    FeatureType.OBJECT: _object,
}
_ALLOWED = {
    FeatureType.BOOL: "true or false",
    FeatureType.LIMIT: 'a whole number from 0 up, or "unlimited"',
    FeatureType.INT: "a whole number",
    FeatureType.FLOAT: "a number",
    FeatureType.STR: "a text",
    FeatureType.OBJECT: f"an object or a list, nested at most {_DEEPEST} deep",
}
_SPELLING = _Spelling()
_SPELLING.maxstring = _SPELLING.maxother = 60
