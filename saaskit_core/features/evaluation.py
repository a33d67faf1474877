"""A compiled set of features: one flat dict, so that a check costs little more than a lookup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from saaskit_core.features.definitions import UNLIMITED, UNLIMITED_WORD
from saaskit_core.features.documents import JSON, nested
from saaskit_core.features.resolution import ErrorCode, Reason, Resolution

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class FeatureSet:
    """What one customer may do, resolved. Getters never raise: in trouble they give the default.

    `valid_until` is the instant at which an override begins or ends and the set has to be compiled
    anew. `limits` names the paths whose value is a limit. Don't change an object you were given.
    """

    resolutions: Mapping[str, Resolution[JSON]]
    limits: frozenset[str] = frozenset()
    valid_until: datetime | None = None

    def boolean(self, path: str, default: bool) -> Resolution[bool]:  # noqa: FBT001
        """Resolve a flag."""
        found = self.resolutions.get(path)
        if found is not None and type(found.value) is bool:
            return found  # type: ignore[return-value]
        return self._otherwise(path, default)

    def string(self, path: str, default: str) -> Resolution[str]:
        """Resolve a text or an enum."""
        found = self.resolutions.get(path)
        if found is not None and type(found.value) is str:
            return found  # type: ignore[return-value]
        return self._otherwise(path, default)

    def integer(self, path: str, default: int) -> Resolution[int]:
        """Resolve a whole number; an unlimited limit is 2**53 - 1 with the metadata `unlimited`."""
        found = self.resolutions.get(path)
        if found is not None and type(found.value) is int:
            return found  # type: ignore[return-value]
        return self._otherwise(path, default)

    def number(self, path: str, default: float) -> Resolution[float]:
        """Resolve a float."""
        found = self.resolutions.get(path)
        if found is not None and type(found.value) is float:
            return found  # type: ignore[return-value]
        return self._otherwise(path, default)

    def object(self, path: str, default: JSON) -> Resolution[JSON]:
        """Resolve an object or a list; a prefix of paths answers with all that lies below it."""
        found = self.resolutions.get(path)
        if found is not None and isinstance(found.value, dict | list):
            return found
        below = f"{path}."
        inner = {key[len(below) :]: value for key, value in self._wire() if key.startswith(below)}
        if inner:
            return Resolution(nested(inner), Reason.TARGETING_MATCH)
        return self._otherwise(path, default)

    def allows(self, path: str) -> bool:
        """Tell whether a flag is on, or a limit above nothing. What isn't known isn't allowed."""
        found = self.resolutions.get(path)
        return found is not None and found.error_code is None and _grants(found.value)

    def limit(self, path: str) -> int | None:
        """Return how many a limit allows: None is unlimited, what isn't known allows none."""
        value = self.integer(path, 0).value
        return None if value >= UNLIMITED else value

    def document(self) -> dict[str, JSON]:
        """Return all values as one nested object, limits without end as "unlimited"."""
        return nested(dict(self._wire()))

    def _wire(self) -> list[tuple[str, JSON]]:
        return [
            (path, _wire_value(found.value, is_limit=path in self.limits))
            for path, found in self.resolutions.items()
        ]

    def _otherwise(self, path: str, default: T) -> Resolution[T]:
        found = self.resolutions.get(path)
        if found is None:
            message = f"{path} is not a feature"
            return Resolution(
                default, Reason.ERROR, error_code=ErrorCode.FLAG_NOT_FOUND, error_message=message
            )
        if found.reason is Reason.DISABLED:
            return Resolution(default, Reason.DISABLED)
        message = f"{path} is a {type(found.value).__name__}, not a {type(default).__name__}"
        return Resolution(
            default, Reason.ERROR, error_code=ErrorCode.TYPE_MISMATCH, error_message=message
        )


def _grants(value: JSON) -> bool:
    if isinstance(value, bool):
        return value
    return isinstance(value, int) and value > 0


def _wire_value(value: JSON, *, is_limit: bool) -> JSON:
    return UNLIMITED_WORD if is_limit and value == UNLIMITED else value
