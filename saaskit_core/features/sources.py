"""Everything that may say something about features, sorted by path, at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.features.documents import leaves
from saaskit_core.features.prerequisites import unresolvable
from saaskit_core.features.windows import is_in_force, next_boundary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from saaskit_core.features.definitions import Definitions, FeatureDefinition
    from saaskit_core.features.documents import JSON
    from saaskit_core.features.grants import Grant, Override
    from saaskit_core.features.targeting import Segments, TargetingRule
    from saaskit_core.features.windows import Windowed

Offers = tuple[tuple["Grant", "JSON"], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is said about one feature: all of it in force, the weakest override first.

    `problem` says why its prerequisites can't be worked out; empty when they can.
    """

    definition: FeatureDefinition
    offers: Offers = ()
    overrides: tuple[Override, ...] = ()
    rules: tuple[TargetingRule, ...] = ()
    problem: str = ""
    has_plan: bool = False

    @property
    def path(self) -> str:
        """The feature's path."""
        return self.definition.path

    @property
    def is_static(self) -> bool:
        """Whether nothing but the catalogue could have answered."""
        definition = self.definition
        said = self.overrides or definition.rules or definition.rollout or definition.requires
        return not said and not self.has_plan

    @property
    def is_conditional(self) -> bool:
        """Whether the answer depends on the context or on other features."""
        rollout = self.definition.rollout
        return (
            bool(self.definition.requires)
            or not all(rule.is_for_everybody for rule in self.rules)
            or (rollout is not None and not rollout.is_for_everybody)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What was compiled: definitions, grants in force by path, all overrides by path."""

    definitions: Definitions
    segments: Segments
    now: datetime
    grants: tuple[tuple[Grant, Mapping[str, JSON]], ...]
    overrides: Mapping[str, tuple[Override, ...]]
    problems: Mapping[str, str]

    def mentioned(self) -> set[str]:
        """Return the paths about which a grant or an override says something."""
        return set(self.overrides).union(*(said for _, said in self.grants))

    def case(self, path: str) -> Case:
        """Return what is said about a defined feature. Raises KeyError."""
        definition, now = self.definitions[path], self.now
        return Case(
            definition=definition,
            offers=tuple((grant, said[path]) for grant, said in self.grants if path in said),
            overrides=tuple(o for o in self.overrides.get(path, ()) if is_in_force(o, now)),
            rules=tuple(rule for rule in definition.rules if is_in_force(rule, now)),
            problem=self.problems.get(path, ""),
            has_plan=bool(self.grants),
        )


def sources(
    definitions: Definitions,
    *,
    segments: Segments,
    grants: Sequence[Grant],
    overrides: Iterable[Override],
    now: datetime,
) -> Sources:
    """Sort what is said by path. `now` is in UTC."""
    by_path: dict[str, tuple[Override, ...]] = {}
    for override in sorted(overrides, key=lambda each: each.precedence):
        by_path[override.path] = (*by_path.get(override.path, ()), override)
    requires = {path: each.requires for path, each in definitions.items() if each.requires}
    return Sources(
        definitions=definitions,
        segments=segments,
        now=now,
        grants=tuple(
            (grant, dict(leaves(grant.features, definitions)))
            for grant in grants
            if is_in_force(grant, now)
        ),
        overrides=by_path,
        problems=unresolvable(requires) if requires else {},
    )


def valid_until(
    definitions: Definitions,
    *,
    grants: Sequence[Grant],
    overrides: Iterable[Override],
    now: datetime,
) -> datetime | None:
    """Return the instant at which something of it begins or ends, or None."""
    rules = (rule for definition in definitions.values() for rule in definition.rules)
    windows: list[Windowed] = [*grants, *overrides, *rules]
    return next_boundary(windows, now)
