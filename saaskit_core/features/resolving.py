"""Who decides about one feature: nine levels, climbed from the weakest to the strongest.

What stands higher wins. Only an override that `extend`s looks at what stands below it, which is why
the climb begins at the bottom.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from saaskit_core.features.definitions import FeatureDefinition, FeatureValueInvalid
from saaskit_core.features.grants import Override, OverrideMode, OverrideScope
from saaskit_core.features.merging import extended, merged
from saaskit_core.features.prerequisites import holds
from saaskit_core.features.resolution import ErrorCode, Metadata, Reason, Resolution, failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from saaskit_core.features.contexts import EvaluationContext
    from saaskit_core.features.documents import JSON
    from saaskit_core.features.rollouts import Rollout
    from saaskit_core.features.sources import Case
    from saaskit_core.features.targeting import Segments

Answer: TypeAlias = "Resolution[JSON]"
Lookup = Callable[[str], "Answer | None"]
"""Finds the answer of another feature, for prerequisites."""


class Level(StrEnum):
    """Who may decide, the strongest first."""

    KILL_SWITCH = "kill switch"
    PREREQUISITES = "prerequisites"
    USER_OVERRIDE = "override of the user"
    ORGANISATION_OVERRIDE = "override of the organisation"
    TARGETING_RULES = "targeting rules"
    ENTITLEMENT = "plans and add-ons"
    ROLLOUT = "rollout of the default"
    CATALOGUE_DEFAULT = "default of the catalogue"
    CALLER_DEFAULT = "default of the caller"


OVERRIDES = {
    Level.KILL_SWITCH: OverrideScope.GLOBAL,
    Level.USER_OVERRIDE: OverrideScope.USER,
    Level.ORGANISATION_OVERRIDE: OverrideScope.ORGANISATION,
}
"""The levels at which overrides stand."""


@dataclass(frozen=True, slots=True)
class Step:
    """One level of the climb: what it said itself, None for nothing, and the answer up to here."""

    level: Level
    said: Answer | None
    answer: Answer


def resolved(case: Case, context: EvaluationContext, segments: Segments, find: Lookup) -> Answer:
    """Return the answer for one feature. Never raises for what documents hold."""
    *_, last = climb(case, context, segments, find)
    return last.answer


def climb(
    case: Case, context: EvaluationContext, segments: Segments, find: Lookup
) -> Iterator[Step]:
    """Yield the levels at which there is something, the weakest first."""
    refusal = _refusal(case, context)
    if refusal is not None:
        yield Step(Level.CALLER_DEFAULT, refusal, refusal)
        return
    answer = case.definition.unmentioned(is_static=case.is_static)
    yield Step(Level.CATALOGUE_DEFAULT, answer, answer)
    for level in _levels(case):
        said = _said(level, case, answer, (context, segments, find))
        answer = answer if said is None else said
        yield Step(level, said, answer)


def _levels(case: Case) -> Iterator[Level]:
    """Name the levels above the catalogue at which there is something, the weakest first."""
    definition = case.definition
    scopes = {override.scope for override in case.overrides}
    if definition.rollout is not None:
        yield Level.ROLLOUT
    if case.offers:
        yield Level.ENTITLEMENT
    if case.rules:
        yield Level.TARGETING_RULES
    if OverrideScope.ORGANISATION in scopes:
        yield Level.ORGANISATION_OVERRIDE
    if OverrideScope.USER in scopes:
        yield Level.USER_OVERRIDE
    if definition.requires:
        yield Level.PREREQUISITES
    if OverrideScope.GLOBAL in scopes:
        yield Level.KILL_SWITCH


def _said(
    level: Level,
    case: Case,
    below: Answer,
    surroundings: tuple[EvaluationContext, Segments, Lookup],
) -> Answer | None:
    context, segments, find = surroundings
    match level:
        case Level.ROLLOUT:
            return _rolled_out(case, context)
        case Level.ENTITLEMENT:
            return _granted(case)
        case Level.TARGETING_RULES:
            return _targeted(case, context, segments)
        case Level.PREREQUISITES:
            return _held_off(case, find)
        case _:
            return _overridden(case, OVERRIDES[level], below)


def _refusal(case: Case, context: EvaluationContext) -> Answer | None:
    if not case.definition.is_enabled:
        return Resolution(None, Reason.DISABLED)
    if case.problem:
        return failed(ErrorCode.PARSE_ERROR, f"{case.path}: {case.problem}")
    if case.is_conditional and not context.is_valid:
        return failed(ErrorCode.INVALID_CONTEXT, "the context is a key and an object of attributes")
    return None


def _rolled_out(case: Case, context: EvaluationContext) -> Answer | None:
    rollout = case.definition.rollout
    return None if rollout is None else _drawn(case, rollout, context, {"rule_type": "rollout"})


def _drawn(
    case: Case, rollout: Rollout, context: EvaluationContext, metadata: Metadata
) -> Answer | None:
    variant = rollout.drawn(context, path=case.path)
    if variant is None:
        return None
    is_split = metadata["rule_type"] == "rollout"
    reason = Reason.SPLIT if is_split else Reason.TARGETING_MATCH
    return case.definition.answer(variant.value, reason, metadata, variant.name)


def _targeted(case: Case, context: EvaluationContext, segments: Segments) -> Answer | None:
    for rule in case.rules:
        if rule.is_for(context, segments):
            kind = "targeting_rule" if rule.serves.is_for_everybody else "rollout"
            metadata = {"rule_type": kind, "rule_id": rule.id}
            found = _drawn(case, rule.serves, context, metadata)
            if found is not None:
                return found
    return None


def _granted(case: Case) -> Answer:
    """Merge what plans and add-ons offer; the last one that made a difference is named."""
    definition = case.definition
    (chosen, first), *others = case.offers
    try:
        best = definition.normalise(first)
        for grant, raw in others:
            both = merged(definition, best, definition.normalise(raw))
            if both != best:
                best, chosen = both, grant
    except FeatureValueInvalid as problem:
        return failed(ErrorCode.PARSE_ERROR, str(problem))
    reason = Reason.STALE if chosen.is_stale else Reason.TARGETING_MATCH
    kind = "addon_entitlement" if chosen.is_addon else "plan_entitlement"
    metadata: dict[str, bool | int | float | str] = {"rule_type": kind, "plan": chosen.plan}
    if chosen.version:
        metadata["plan_version"] = chosen.version
    return definition.answer(best, reason, metadata)


def _held_off(case: Case, find: Lookup) -> Answer | None:
    """Return the least there is when something that the feature requires doesn't hold."""
    for prerequisite in case.definition.requires:
        if not holds(prerequisite, find(prerequisite.path)):
            metadata = {"rule_type": "prerequisite", "prerequisite": prerequisite.path}
            definition = case.definition
            return definition.answer(definition.off, Reason.TARGETING_MATCH, metadata)
    return None


def _overridden(case: Case, scope: OverrideScope, below: Answer) -> Answer | None:
    """Apply the overrides of one scope; None when they change nothing."""
    answer: Answer | None = None
    for override in case.overrides:
        if override.scope is scope:
            answer = _applied(case.definition, override, answer or below) or answer
    return answer


def _applied(definition: FeatureDefinition, override: Override, below: Answer) -> Answer | None:
    """Return what one override makes of what stands below; None when it adds nothing.

    An extension that can't be read takes nothing away; a replacement that can't be read is an
    error, since what it was to revoke must not stay.
    """
    is_extension = override.mode is OverrideMode.EXTEND
    try:
        value = definition.normalise(override.value)
    except FeatureValueInvalid as problem:
        return None if is_extension else failed(ErrorCode.PARSE_ERROR, str(problem))
    if is_extension:
        base = definition.default if below.error_code else below.value
        value = extended(definition, base, value)
        if value == below.value:
            return None
    names = {OverrideScope.ORGANISATION: "org_override", OverrideScope.USER: "user_override"}
    metadata: dict[str, bool | int | float | str] = {
        "rule_type": names.get(override.scope, "global_override")
    }
    if override.id:
        metadata["override_id"] = override.id
    if override.ends_at:
        metadata["expires_at"] = override.ends_at.isoformat()
    return definition.answer(value, Reason.TARGETING_MATCH, metadata)
