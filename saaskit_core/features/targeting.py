"""Whom a feature is for: segments, rules in their order, and features it depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.features.windows import bring_to_utc

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.features.constraints import Constraint
    from saaskit_core.features.contexts import EvaluationContext
    from saaskit_core.features.rollouts import Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A named group of people: those for whom all constraints hold."""

    key: str
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        """Keep the constraints as a tuple."""
        object.__setattr__(self, "constraints", tuple(self.constraints))


Segments = Mapping[str, Segment]
"""Segments by key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetingRule:
    """What those get for whom all segments and all constraints hold, within [starts_at, ends_at).

    A segment that nobody defined holds for nobody. When `serves` has nothing for somebody (he is
    not in its share), the rule doesn't match and the next one is asked.
    """

    id: str
    serves: Rollout
    constraints: tuple[Constraint, ...] = ()
    segments: tuple[str, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        """Bring its instants to UTC. Raises NaiveDatetime."""
        object.__setattr__(self, "constraints", tuple(self.constraints))
        object.__setattr__(self, "segments", tuple(self.segments))
        bring_to_utc(self)

    @property
    def is_for_everybody(self) -> bool:
        """Whether it matches whoever asks and gives all the same."""
        return not self.constraints and not self.segments and self.serves.is_for_everybody

    def is_for(self, context: EvaluationContext, segments: Segments) -> bool:
        """Tell whether everything it asks for holds; its window and its share aside."""
        return all(_holds(segments.get(key), context) for key in self.segments) and all(
            constraint.holds(context) for constraint in self.constraints
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prerequisite:
    """Another feature that must be on (or off), or answer with one of the named variants."""

    path: str
    is_enabled: bool = True
    variants: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Keep the variants as a set."""
        object.__setattr__(self, "variants", frozenset(self.variants))


def _holds(segment: Segment | None, context: EvaluationContext) -> bool:
    return segment is not None and all(
        constraint.holds(context) for constraint in segment.constraints
    )
