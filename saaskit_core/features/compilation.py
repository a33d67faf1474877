"""Compile definitions, what plans grant and overrides into a FeatureSet.

The first that says something wins: a global override, prerequisites, the user's own override, his
organisation's, targeting rules, the plans and add-ons (merged), the rollout of the default, the
definition's default. An override that `extend`s combines with what stands below it and never takes
anything away; one that `replace`s is exact and may also revoke.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saaskit_core.features.contexts import EvaluationContext
from saaskit_core.features.definitions import (
    Definitions,
    FeatureValueInvalid,
    unknown_feature,
)
from saaskit_core.features.evaluation import FeatureSet
from saaskit_core.features.grants import Override, OverrideMode
from saaskit_core.features.resolving import resolved
from saaskit_core.features.sources import sources, valid_until
from saaskit_core.features.values import FeatureType
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from saaskit_core.features.documents import JSON
    from saaskit_core.features.grants import Grant
    from saaskit_core.features.resolution import Resolution
    from saaskit_core.features.sources import Case, Sources
    from saaskit_core.features.targeting import Segment

NOBODY = EvaluationContext()


def compile_features(
    definitions: Definitions,
    *,
    grants: Sequence[Grant] = (),
    overrides: Iterable[Override] = (),
    segments: Iterable[Segment] = (),
    context: EvaluationContext = NOBODY,
    now: datetime,
    is_stale: bool = False,
) -> FeatureSet:
    """Resolve every defined feature at `now`. `is_stale` marks all plans as past due but in grace.

    What depends on the context is worked out when it is asked for, for `context` or the one of
    `FeatureSet.for_context`. Never raises for what plans or overrides hold: what isn't defined is
    left out, what has the wrong type answers with the caller's default and PARSE_ERROR.
    """
    now, exceptions = utc(now), tuple(overrides)
    plans = [replace(grant, is_stale=True) for grant in grants] if is_stale else grants
    said = sources(
        definitions,
        segments={segment.key: segment for segment in segments},
        grants=plans,
        overrides=exceptions,
        now=now,
    )
    fixed, conditional = _resolved(definitions, said)
    return FeatureSet(
        resolutions=fixed,
        limits=frozenset(d.path for d in definitions.values() if d.type is FeatureType.LIMIT),
        valid_until=valid_until(definitions, grants=grants, overrides=exceptions, now=now),
        conditional=conditional,
        sources=said,
        context=context,
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


def _resolved(
    definitions: Definitions, said: Sources
) -> tuple[dict[str, Resolution[JSON]], dict[str, Case]]:
    """Answer what is fixed, and keep as cases what depends on the context."""
    fixed: dict[str, Resolution[JSON]] = {}
    conditional: dict[str, Case] = {}
    mentioned, has_plan = said.mentioned(), bool(said.grants)
    for path, definition in definitions.items():
        if definition.is_plain and path not in mentioned:
            fixed[path] = definition.unmentioned(is_static=not has_plan)
            continue
        case = said.case(path)
        if case.is_conditional:
            conditional[path] = case
        else:
            fixed[path] = resolved(case, NOBODY, said.segments, fixed.get)
    return fixed, conditional
