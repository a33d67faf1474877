"""For whom a feature is checked: what is known of the user and his surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from saaskit_core.features.documents import JSON

TARGETING_KEY = "targeting_key"
"""The name under which constraints and rollouts read the targeting key."""

Attribute: TypeAlias = "JSON | datetime"
_EXACT = 2**53
_LONGEST_INTEGER = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationContext:
    """Who asks (`targeting_key`, empty when nobody is known) and what else rules may look at.

    What isn't a text, a number, a flag or an instant counts as missing.
    """

    targeting_key: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)

    @property
    def is_valid(self) -> bool:
        """Whether rules can read it: documents from outside may be anything."""
        return _is_readable(self.targeting_key, self.attributes)

    def text(self, name: str) -> str | None:
        """Return an attribute as constraints compare it, or None when it is missing."""
        if name == TARGETING_KEY:
            return self.targeting_key or None
        return text_of(self.attributes.get(name))

    def merged(self, later: EvaluationContext) -> EvaluationContext:
        """Return both as one; where both say something `later` wins (OpenFeature 3.2.3)."""
        return EvaluationContext(
            targeting_key=later.targeting_key or self.targeting_key,
            attributes={**self.attributes, **later.attributes},
        )


def _is_readable(targeting_key: object, attributes: object) -> bool:
    return isinstance(targeting_key, str) and isinstance(attributes, Mapping)


def text_of(value: object) -> str | None:
    """Spell a value as constraints compare it: true, 12, 1.5; None for what has no text."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if value.bit_length() <= _LONGEST_INTEGER else None
        case float():
            return str(int(value)) if value.is_integer() and abs(value) <= _EXACT else repr(value)
        case datetime():
            return value.isoformat()
        case _:
            return None
