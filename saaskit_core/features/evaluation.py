"""A compiled set of features: one flat dict, so that a check costs little more than a lookup."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from saaskit_core.features.contexts import EvaluationContext
from saaskit_core.features.documents import JSON, nested
from saaskit_core.features.explaining import Explanation, explained, unexplained
from saaskit_core.features.resolution import ErrorCode, Reason, Resolution, failed
from saaskit_core.features.resolving import resolved
from saaskit_core.features.values import UNLIMITED, UNLIMITED_WORD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from saaskit_core.features.sources import Case, Sources

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class FeatureSet:
    """What one customer may do, resolved. Getters never raise: in trouble they give the default.

    `valid_until` is the instant at which something begins or ends and the set has to be compiled
    anew. `limits` names the paths whose value is a limit, `conditional` those that depend on the
    `context`: they are worked out when they are asked for, once. Don't change an object you were
    given.
    """

    resolutions: Mapping[str, Resolution[JSON]]
    limits: frozenset[str] = frozenset()
    valid_until: datetime | None = None
    conditional: Mapping[str, Case] = field(default_factory=dict)
    sources: Sources | None = None
    context: EvaluationContext = field(default_factory=EvaluationContext)
    _worked_out: dict[str, Resolution[JSON]] = field(default_factory=dict, init=False)

    def for_context(self, context: EvaluationContext) -> FeatureSet:
        """Return the set for another context; what doesn't depend on it isn't worked out again."""
        return FeatureSet(
            resolutions=self.resolutions,
            limits=self.limits,
            valid_until=self.valid_until,
            conditional=self.conditional,
            sources=self.sources,
            context=context,
        )

    def boolean(self, path: str, default: bool) -> Resolution[bool]:  # noqa: FBT001
        """Resolve a flag."""
        found = self.resolutions.get(path)
        if found is not None and type(found.value) is bool:
            return found  # type: ignore[return-value]
        return self._otherwise(path, default, bool)

    def string(self, path: str, default: str) -> Resolution[str]:
        """Resolve a text or an enum."""
        found = self.resolutions.get(path)
        if found is not None and type(found.value) is str:
            return found  # type: ignore[return-value]
        return self._otherwise(path, default, str)

    def integer(self, path: str, default: int) -> Resolution[int]:
        """Resolve a whole number; an unlimited limit is 2**53 - 1 with the metadata `unlimited`."""
        found = self.resolutions.get(path)
        if found is not None and type(found.value) is int:
            return found  # type: ignore[return-value]
        return self._otherwise(path, default, int)

    def number(self, path: str, default: float) -> Resolution[float]:
        """Resolve a float."""
        found = self.resolutions.get(path)
        if found is not None and type(found.value) is float:
            return found  # type: ignore[return-value]
        return self._otherwise(path, default, float)

    def object(self, path: str, default: JSON) -> Resolution[JSON]:
        """Resolve an object or a list; a prefix of paths answers with all that lies below it."""
        found = self._found(path)
        if found is not None and isinstance(found.value, dict | list):
            return found
        below = f"{path}."
        inner = {key[len(below) :]: value for key, value in self._wire() if key.startswith(below)}
        if inner:
            return Resolution(nested(inner), Reason.TARGETING_MATCH)
        return self._otherwise(path, default, dict, list)

    def allows(self, path: str) -> bool:
        """Tell whether a flag is on, or a limit above nothing. What isn't known isn't allowed."""
        found = self.resolutions.get(path)
        if found is not None and type(found.value) is bool:
            return found.value
        found = self._found(path)
        return found is not None and found.error_code is None and _grants(found.value)

    def limit(self, path: str) -> int | None:
        """Return how many a limit allows: None is unlimited, what isn't known allows none."""
        value = self.integer(path, 0).value
        return None if value >= UNLIMITED else value

    def within_limit(self, path: str, default: bool, *, used: int) -> Resolution[bool]:  # noqa: FBT001
        """Resolve whether a limit has something left after `used`; a limit reached says so."""
        found = self.integer(path, 0)
        if found.error_code is not None or found.reason is Reason.DISABLED:
            return found.with_default(default)
        has_left = found.value >= UNLIMITED or used < found.value
        metadata = dict(found.flag_metadata)
        if has_left or not found.value:
            variant = "on" if has_left else "off"
            return Resolution(has_left, found.reason, variant=variant, flag_metadata=metadata)
        kind = "plan_entitlement_usage_exceeded"
        metadata |= {"rule_type": kind, "limit": found.value, "used": used}
        reason = Reason.TARGETING_MATCH
        return Resolution(has_left, reason, variant="off", flag_metadata=metadata)

    def explain(self, path: str) -> Explanation:
        """Return who was asked about a feature, who said what and who decided."""
        if self.sources is None or path not in self.sources.definitions:
            return unexplained(path, failed(ErrorCode.FLAG_NOT_FOUND, f"{path} is not a feature"))
        return explained(self.sources, path, self.context, self._found)

    def document(self) -> dict[str, JSON]:
        """Return all values as one nested object, limits without end as "unlimited"."""
        return nested(dict(self._wire()))

    def _found(self, path: str) -> Resolution[JSON] | None:
        found = self.resolutions.get(path) or self._worked_out.get(path)
        if found is None and path in self.conditional and self.sources is not None:
            case, segments = self.conditional[path], self.sources.segments
            found = self._worked_out[path] = resolved(case, self.context, segments, self._found)
        return found

    def _wire(self) -> list[tuple[str, JSON]]:
        paths = [*self.resolutions, *sorted(self.conditional)]
        return [
            (path, _wire_value(found.value, is_limit=path in self.limits))
            for path in paths
            if (found := self._found(path)) is not None
        ]

    def _otherwise(self, path: str, default: T, *kinds: type) -> Resolution[T]:
        """Answer what isn't at hand: what depends on the context, or the caller's default."""
        found = self._found(path)
        if found is None:
            message = f"{path} is not a feature"
            return Resolution(
                default, Reason.ERROR, error_code=ErrorCode.FLAG_NOT_FOUND, error_message=message
            )
        if type(found.value) in kinds:
            return found  # type: ignore[return-value]
        if found.reason in (Reason.DISABLED, Reason.ERROR):
            return found.with_default(default)
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
