"""How several values of one feature combine, so that nobody loses by it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

from saaskit_core.features.definitions import FeatureDefinition, Merge
from saaskit_core.features.values import UNLIMITED, FeatureType

if TYPE_CHECKING:
    from saaskit_core.features.documents import JSON


def merged(definition: FeatureDefinition, one: JSON, other: JSON) -> JSON:
    """Combine what two plans grant: the most generous, or the sum where the feature says so."""
    if definition.merge is Merge.SUM:
        most = sys.float_info.max if definition.type is FeatureType.FLOAT else UNLIMITED
        return max(-most, min(cast("float", one) + cast("float", other), most))
    return extended(definition, one, other)


def extended(definition: FeatureDefinition, one: JSON, other: JSON) -> JSON:
    """Extend `one` by `other`: either flag, the larger number, the higher choice, the union.

    Never less than `one`, and never a sum: what is to be added up is another grant.
    """
    match definition.type:
        case FeatureType.BOOL:
            return bool(one) or bool(other)
        case FeatureType.LIMIT | FeatureType.INT | FeatureType.FLOAT:
            return max(cast("float", one), cast("float", other))
        case FeatureType.ENUM:
            return max(str(one), str(other), key=definition.choices.index)
        case FeatureType.OBJECT:
            return _union(one, other)
        case FeatureType.STR:
            return one


def _union(one: JSON, other: JSON) -> JSON:
    if isinstance(one, dict) and isinstance(other, dict):
        return {**other, **one}
    if isinstance(one, list) and isinstance(other, list):
        return one + [item for item in other if item not in one]
    return one
