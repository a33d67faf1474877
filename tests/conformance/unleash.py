"""Unleash documents in our words, as far as the client specification goes.

Every toggle becomes two features under the same rules: a flag, and an object that carries the
payload of the variant. A toggle's strategies become targeting rules in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from saaskit_core.features import (
    TARGETING_KEY,
    Constraint,
    EvaluationContext,
    FeatureDefinition,
    FeatureSet,
    FeatureType,
    Prerequisite,
    Rollout,
    Segment,
    TargetingRule,
    Variant,
    compile_features,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NEVER = "never"
NO_VARIANT = "on"
_OWN_FIELDS = ("userId", "sessionId", "remoteAddress", "environment", "appName", "currentTime")


@dataclass(frozen=True)
class Toggles:
    """A translated document."""

    features: FeatureSet
    paths: Mapping[str, str]

    def is_enabled(self, name: str, context: Mapping[str, Any]) -> bool:
        found = self.features.for_context(translated_context(context))
        return found.boolean(self.paths.get(name, NEVER), False).value

    def variant(self, name: str, context: Mapping[str, Any]) -> dict[str, Any]:
        found = self.features.for_context(translated_context(context))
        path = self.paths.get(name, NEVER)
        enabled = found.boolean(path, False).value
        drawn = found.object(f"payload_{path}", {})
        if not enabled or drawn.variant is None:
            return {"name": "disabled", "enabled": False, "feature_enabled": enabled}
        payload = {"payload": drawn.value} if drawn.value else {}
        return {"name": drawn.variant, "enabled": True, "feature_enabled": True, **payload}


def translated(state: Mapping[str, Any]) -> Toggles:
    """Translate the state of a specification. Not with `define`: circles are in it on purpose."""
    toggles = {toggle["name"]: toggle for toggle in state["features"]}
    paths = {name: f"t{index}" for index, name in enumerate(toggles)}
    segments = [
        Segment(key=str(each["id"]), constraints=_constraints(each))
        for each in state.get("segments", [])
    ]
    definitions = {
        NEVER: FeatureDefinition(path=NEVER, type=FeatureType.BOOL, default=False),
    }
    for name, toggle in toggles.items():
        for definition in _definitions(toggle, toggles, paths):
            definitions[definition.path] = definition
        assert paths[name] in definitions
    return Toggles(compile_features(definitions, segments=segments, now=NOW), paths)


def translated_context(context: Mapping[str, Any]) -> EvaluationContext:
    """Fields of a context come first; anything else stands in its properties."""
    fields = {name: context[name] for name in _OWN_FIELDS if name in context}
    key = context.get("userId") or context.get("sessionId") or ""
    properties = context.get("properties") or {}
    return EvaluationContext(targeting_key=key, attributes={**properties, **fields})


def _definitions(
    toggle: Mapping[str, Any], toggles: Mapping[str, Any], paths: Mapping[str, str]
) -> Iterator[FeatureDefinition]:
    path = paths[toggle["name"]]
    rules = tuple(_rules(toggle)) if toggle["enabled"] else ()
    requires = tuple(_requires(toggle, toggles, paths))
    flag = FeatureDefinition(
        path=path,
        type=FeatureType.BOOL,
        default=False,
        rules=tuple(each for rule in rules for each in _flag_rules(rule)),
        requires=requires,
    )
    yield flag
    yield FeatureDefinition(
        path=f"payload_{path}",
        type=FeatureType.OBJECT,
        default={},
        rules=rules,
        requires=requires,
    )


def _flag_rules(rule: TargetingRule) -> Iterator[TargetingRule]:
    """A toggle is on for whom a strategy is meant, also when no variant can be drawn for him."""
    named = tuple(
        replace(each, value=True, name=each.name or NO_VARIANT) for each in rule.serves.variants
    )
    plain = (Variant(value=True, name=NO_VARIANT),)
    yield replace(rule, serves=replace(rule.serves, variants=named))
    yield replace(rule, serves=replace(rule.serves, variants=plain))


def _requires(
    toggle: Mapping[str, Any], toggles: Mapping[str, Any], paths: Mapping[str, str]
) -> Iterator[Prerequisite]:
    """In Unleash a parent has no parents: such a dependency never holds, unless it is a circle."""
    for each in toggle.get("dependencies") or []:
        parent = toggles.get(each["feature"])
        grandparents = [d["feature"] for d in (parent or {}).get("dependencies") or []]
        is_circle = toggle["name"] in grandparents
        path = NEVER if grandparents and not is_circle else paths.get(each["feature"], "missing")
        names = (NO_VARIANT if n == "disabled" else n for n in each.get("variants") or [])
        yield Prerequisite(
            path=path, is_enabled=each.get("enabled", True), variants=frozenset(names)
        )


def _rules(toggle: Mapping[str, Any]) -> Iterator[TargetingRule]:
    strategies = toggle.get("strategies") or [{"name": "default"}]
    for index, strategy in enumerate(strategies):
        shares = _shares(strategy)
        if shares is None:
            continue
        rollout, own = shares
        rule = TargetingRule(
            id=str(index),
            serves=rollout,
            constraints=(*own, *_constraints(strategy)),
            segments=tuple(str(key) for key in strategy.get("segments") or []),
        )
        yield from _with_variants(rule, toggle, strategy)


def _with_variants(
    rule: TargetingRule, toggle: Mapping[str, Any], strategy: Mapping[str, Any]
) -> Iterator[TargetingRule]:
    of_strategy = strategy.get("variants") or []
    variants = of_strategy or toggle.get("variants") or []
    if not variants:
        yield rule
        return
    for each in variants:
        for override in each.get("overrides") or []:
            chosen = Constraint(
                attribute=override["contextName"], operator="IN", values=override["values"]
            )
            yield replace(
                rule,
                constraints=(*rule.constraints, chosen),
                serves=replace(rule.serves, variants=(_variant(each),)),
            )
    stickiness = _stickiness(variants[0].get("stickiness"))
    drawn = tuple(_variant(each) for each in variants)
    yield replace(
        rule,
        serves=replace(
            rule.serves,
            variants=drawn,
            variants_group=rule.serves.group if of_strategy else toggle["name"],
            variants_stickiness=rule.serves.stickiness if of_strategy else stickiness,
        ),
    )


def _variant(variant: Mapping[str, Any]) -> Variant:
    return Variant(value=variant.get("payload", {}), name=variant["name"], weight=variant["weight"])


def _shares(strategy: Mapping[str, Any]) -> tuple[Rollout, tuple[Constraint, ...]] | None:
    """Return whom a strategy is for: a share of everybody, and conditions of its own."""
    parameters = strategy.get("parameters") or {}
    everybody = Rollout(variants=(Variant(value={}),))
    known = {
        "default": lambda: (everybody, ()),
        "userWithId": lambda: (everybody, (_listed("userId", "IN", parameters["userIds"]),)),
        "remoteAddress": lambda: (
            everybody,
            (_listed("remoteAddress", "IN_CIDR", parameters["IPs"]),),
        ),
        "flexibleRollout": lambda: (
            _gradual(parameters, "rollout", parameters.get("stickiness")),
            (),
        ),
        "gradualRolloutUserId": lambda: _gradual_for(parameters, "userId"),
        "gradualRolloutSessionId": lambda: _gradual_for(parameters, "sessionId"),
        "gradualRolloutRandom": lambda: (_gradual(parameters, "percentage", None), ()),
    }
    return known[strategy["name"]]() if strategy["name"] in known else None


def _gradual_for(
    parameters: Mapping[str, Any], attribute: str
) -> tuple[Rollout, tuple[Constraint, ...]]:
    """These are for nobody without the attribute, not even at 100 %."""
    is_known = Constraint(attribute=attribute, operator="STR_STARTS_WITH", values=("",))
    return _gradual(parameters, "percentage", attribute), (is_known,)


def _gradual(parameters: Mapping[str, Any], share: str, stickiness: str | None) -> Rollout:
    return Rollout(
        variants=(Variant(value={}),),
        share=int(parameters[share]),
        group=parameters.get("groupId", ""),
        stickiness=_stickiness(stickiness),
    )


def _stickiness(name: str | None) -> str:
    return TARGETING_KEY if name in (None, "default", "random") else name


def _listed(attribute: str, operator: str, values: str) -> Constraint:
    names = tuple(value.strip() for value in values.split(","))
    return Constraint(attribute=attribute, operator=operator, values=names)


def _constraints(holder: Mapping[str, Any]) -> tuple[Constraint, ...]:
    return tuple(
        Constraint(
            attribute=each["contextName"],
            operator=each["operator"],
            values=(each["value"],) if "value" in each else each.get("values", ()),
            is_inverted=each.get("inverted", False),
            is_case_insensitive=each.get("caseInsensitive", False),
        )
        for each in holder.get("constraints") or []
    )
