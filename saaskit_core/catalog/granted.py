"""What a plan grants, feature by feature, and which of two values is more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.features import JSON, Definitions, FeatureDefinition, FeatureType
from saaskit_core.features.documents import leaves

if TYPE_CHECKING:
    from saaskit_core.plans import Plan


def granted(plan: Plan, definitions: Definitions) -> dict[str, JSON]:
    """Return the values that a plan sets, by path, in the form each type is kept in."""
    return {
        path: definitions[path].normalise(value)
        for path, value in leaves(plan.features, definitions)
    }


def rank(definition: FeatureDefinition, value: JSON) -> float | None:
    """Return by how much a value grants; None where values can't be compared (texts, objects).

    A flag is 0 or 1, a number itself, a choice its place, the least being 0.
    """
    if definition.type is FeatureType.ENUM:
        return definition.choices.index(str(value))
    if isinstance(value, bool | int | float):
        return value
    return None
