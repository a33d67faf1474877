"""Compile definitions, what plans grant and overrides into a FeatureSet.

The first that says something wins: a global override, the user's own, his organisation's, the
plans' (merged), the definition's default. An override that `extend`s combines with what stands
below it and never takes anything away; one that `replace`s is exact and may also revoke.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from saaskit_core.features.definitions import (
    UNLIMITED,
    Definitions,
    FeatureDefinition,
    FeatureType,
    FeatureValueInvalid,
    Merge,
    unknown_feature,
)
from saaskit_core.features.documents import JSON, leaves
from saaskit_core.features.evaluation import FeatureSet
from saaskit_core.features.resolution import ErrorCode, Metadata, Reason, Resolution
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime


class OverrideMode(StrEnum):
    REPLACE = "replace"
    EXTEND = "extend"


class OverrideScope(StrEnum):
    """Whom an override is for, in rising precedence."""

    ORGANISATION = "organisation"
    USER = "user"
    GLOBAL = "global"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one plan, or one add-on, gives: its feature document."""

    plan: str
    features: Mapping[str, JSON]
    is_addon: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """An exception for somebody, in force within [starts_at, ends_at)."""

    path: str
    value: JSON
    scope: OverrideScope
    mode: OverrideMode = OverrideMode.REPLACE
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    id: str = ""

    def __post_init__(self) -> None:
        """Bring its instants to UTC. Raises NaiveDatetime."""
        for name in ("starts_at", "ends_at"):
            moment = getattr(self, name)
            if moment is not None:
                object.__setattr__(self, name, utc(moment))


def compile_features(
    definitions: Definitions,
    *,
    grants: Sequence[Grant] = (),
    overrides: Iterable[Override] = (),
    now: datetime,
    is_stale: bool = False,
) -> FeatureSet:
    """Resolve every defined feature at `now`. `is_stale` marks plans past due but in grace.

    Never raises for what plans or overrides hold: what isn't defined is left out, what has the
    wrong type answers with the default and PARSE_ERROR.
    """
    now, exceptions = utc(now), tuple(overrides)
    reason = Reason.STALE if is_stale else Reason.TARGETING_MATCH
    resolved = _defaults(definitions)
    granted = [(grant, dict(leaves(grant.features, definitions))) for grant in grants]
    for path, definition in definitions.items():
        if definition.is_enabled:
            offers = [(grant, values[path]) for grant, values in granted if path in values]
            if offers:
                resolved[path] = _granted(definition, offers, reason)
    for override in sorted(exceptions, key=_precedence):
        if _is_in_force(override, now) and override.path in definitions:
            definition = definitions[override.path]
            if definition.is_enabled:
                resolved[override.path] = _overridden(definition, resolved[override.path], override)
    return FeatureSet(
        resolutions=resolved,
        limits=frozenset(d.path for d in definitions.values() if d.type is FeatureType.LIMIT),
        valid_until=_next_boundary(exceptions, now),
    )


def check_override(override: Override, definitions: Definitions) -> Override:
    """Return the override with its value normalised.

    Raises UnknownFeature, or FeatureValueInvalid for a value of the wrong type and for a text that
    is to extend another one.
    """
    definition = definitions.get(override.path)
    if definition is None:
        raise unknown_feature(override.path, definitions)
    if override.mode is OverrideMode.EXTEND and definition.type is FeatureType.STR:
        raise FeatureValueInvalid(
            path=override.path, value="extended", allowed="a text, which can only be replaced"
        )
    return replace(override, value=definition.normalise(override.value))


def _defaults(definitions: Definitions) -> dict[str, Resolution[JSON]]:
    return {
        path: _resolution(definition, definition.default, Reason.DEFAULT, {"rule_type": "default"})
        if definition.is_enabled
        else Resolution(None, Reason.DISABLED)
        for path, definition in definitions.items()
    }


def _granted(
    definition: FeatureDefinition, offers: Sequence[tuple[Grant, JSON]], reason: Reason
) -> Resolution[JSON]:
    best: JSON = None
    chosen: Grant | None = None
    for grant, raw in offers:
        try:
            value = definition.normalise(raw)
        except FeatureValueInvalid as problem:
            return _unreadable(definition, str(problem))
        merged = value if chosen is None else _merged(definition, best, value)
        if chosen is None or merged != best:
            best, chosen = merged, grant
    grant = chosen or offers[0][0]
    kind = "addon_entitlement" if grant.is_addon else "plan_entitlement"
    return _resolution(definition, best, reason, {"rule_type": kind, "plan": grant.plan})


def _overridden(
    definition: FeatureDefinition, below: Resolution[JSON], override: Override
) -> Resolution[JSON]:
    try:
        value = definition.normalise(override.value)
    except FeatureValueInvalid as problem:
        return _unreadable(definition, str(problem))
    if override.mode is OverrideMode.EXTEND:
        value = _merged(definition, below.value, value)
        if value == below.value:
            return below
    names = {OverrideScope.ORGANISATION: "org_override", OverrideScope.USER: "user_override"}
    metadata = {"rule_type": names.get(override.scope, "global_override")}
    if override.id:
        metadata["override_id"] = override.id
    if override.ends_at:
        metadata["expires_at"] = override.ends_at.isoformat()
    return _resolution(definition, value, Reason.TARGETING_MATCH, metadata)


def _resolution(
    definition: FeatureDefinition, value: JSON, reason: Reason, metadata: Metadata
) -> Resolution[JSON]:
    variant = None
    if definition.type is FeatureType.BOOL:
        variant = "on" if value else "off"
    elif definition.type is FeatureType.ENUM:
        variant = str(value)
    elif definition.type is FeatureType.LIMIT and value == UNLIMITED:
        metadata = {**metadata, "unlimited": True}
    return Resolution(value, reason, variant=variant, flag_metadata=metadata)


def _unreadable(definition: FeatureDefinition, message: str) -> Resolution[JSON]:
    return Resolution(
        definition.default,
        Reason.ERROR,
        error_code=ErrorCode.PARSE_ERROR,
        error_message=message,
    )


def _merged(definition: FeatureDefinition, one: JSON, other: JSON) -> JSON:
    """Combine two normalised values of one feature, so that nobody loses by it."""
    match definition.type:
        case FeatureType.BOOL:
            return bool(one) or bool(other)
        case FeatureType.LIMIT | FeatureType.INT | FeatureType.FLOAT:
            return _merged_number(definition, cast("float", one), cast("float", other))
        case FeatureType.ENUM:
            return max(str(one), str(other), key=definition.choices.index)
        case FeatureType.OBJECT:
            return _merged_object(one, other)
        case FeatureType.STR:
            return one


def _merged_number(definition: FeatureDefinition, one: float, other: float) -> float:
    if definition.merge is Merge.MOST:
        return max(one, other)
    total = one + other
    return min(total, UNLIMITED) if definition.type is not FeatureType.FLOAT else total


def _merged_object(one: JSON, other: JSON) -> JSON:
    if isinstance(one, dict) and isinstance(other, dict):
        return {**other, **one}
    if isinstance(one, list) and isinstance(other, list):
        return one + [item for item in other if item not in one]
    return one


def _precedence(override: Override) -> tuple[int, int, str]:
    """Order from the weakest to the strongest; of two of one scope what replaces comes first."""
    scope = list(OverrideScope).index(override.scope)
    return (scope, list(OverrideMode).index(override.mode), override.id)


def _is_in_force(override: Override, now: datetime) -> bool:
    has_begun = override.starts_at is None or override.starts_at <= now
    return has_begun and (override.ends_at is None or now < override.ends_at)


def _next_boundary(overrides: Iterable[Override], now: datetime) -> datetime | None:
    moments = [moment for o in overrides for moment in (o.starts_at, o.ends_at) if moment]
    return min((moment for moment in moments if moment > now), default=None)
