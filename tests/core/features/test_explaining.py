from datetime import UTC, datetime, timedelta

from saaskit_core.features import (
    Constraint,
    EvaluationContext,
    FeatureDefinition,
    FeatureType,
    Grant,
    Level,
    Override,
    OverrideMode,
    OverrideScope,
    Prerequisite,
    Rollout,
    TargetingRule,
    Variant,
    compile_features,
    define,
    serve,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def seats(**more):
    return FeatureDefinition(path="seats", type=FeatureType.LIMIT, default=1, **more)


def explained(*definitions, path="seats", **more):
    return compile_features(define(definitions), now=NOW, **more).explain(path)


def said(explanation):
    return {each.level: str(each) for each in explanation.considered}


def test_every_level_is_named_from_the_strongest_down():
    explanation = explained(seats())
    assert [each.level for each in explanation.considered] == list(Level)
    assert explanation.decided_by is Level.CATALOGUE_DEFAULT
    assert str(explanation).splitlines() == [
        "seats is 1 (STATIC: rule_type static)",
        "  kill switch: nothing",
        "  prerequisites: nothing",
        "  override of the user: nothing",
        "  override of the organisation: nothing",
        "  targeting rules: nothing",
        "  plans and add-ons: nothing",
        "  rollout of the default: nothing",
        "→ default of the catalogue: 1 (STATIC: rule_type static)",
        "  default of the caller: nothing",
    ]


def test_it_says_who_decided_and_who_was_overruled():
    explanation = explained(
        seats(requires=(Prerequisite(path="teams"),)),
        FeatureDefinition(path="teams", type=FeatureType.BOOL, default=True),
        grants=[Grant(plan="pro", features={"seats": 5}, version=2)],
        overrides=[
            Override(path="seats", value=9, scope=OverrideScope.USER, id="7"),
            Override(path="seats", value=3, scope=OverrideScope.GLOBAL, id="8", ends_at=NOW - HOUR),
            Override(
                path="seats",
                value=2,
                scope=OverrideScope.ORGANISATION,
                mode=OverrideMode.EXTEND,
                starts_at=NOW - HOUR,
            ),
        ],
    )
    assert (explanation.answer.value, explanation.decided_by) == (9, Level.USER_OVERRIDE)
    lines = said(explanation)
    assert lines[Level.KILL_SWITCH] == (
        "kill switch: nothing; 8 ended at 2026-02-28T23:00:00+00:00"
    )
    assert lines[Level.PREREQUISITES] == "prerequisites: nothing; all hold"
    assert lines[Level.USER_OVERRIDE].endswith("rule_type user_override, override_id 7)")
    assert lines[Level.ORGANISATION_OVERRIDE].endswith("nothing; what is there adds nothing")
    assert lines[Level.ENTITLEMENT].endswith("plan_entitlement, plan pro, plan_version 2)")


def test_it_says_why_rules_and_rollouts_were_passed_over():
    spain = Constraint(attribute="country", operator="IN", values=("ES",))
    explanation = explained(
        seats(
            rules=(
                TargetingRule(id="spain", serves=serve(9), constraints=(spain,)),
                TargetingRule(id="easter", serves=serve(8), starts_at=NOW + HOUR),
            ),
            rollout=Rollout(variants=(Variant(value=7),), share=0),
        ),
        context=EvaluationContext(attributes={"country": "FR"}),
    )
    lines = said(explanation)
    assert (
        "easter begins at 2026-03-01T01:00:00+00:00; none matches" in lines[Level.TARGETING_RULES]
    )
    assert lines[Level.ROLLOUT] == "rollout of the default: nothing; not in it"
    assert explanation.decided_by is Level.CATALOGUE_DEFAULT


def test_a_prerequisite_that_doesnt_hold_is_named():
    explanation = explained(
        seats(requires=(Prerequisite(path="teams"),)),
        FeatureDefinition(path="teams", type=FeatureType.BOOL, default=False),
    )
    assert explanation.decided_by is Level.PREREQUISITES
    assert "prerequisite teams" in said(explanation)[Level.PREREQUISITES]


def test_the_callers_default_is_the_last_to_decide():
    unreadable = explained(seats(), grants=[Grant(plan="pro", features={"seats": "many"})])
    assert unreadable.decided_by is Level.CALLER_DEFAULT
    assert "PARSE_ERROR" in said(unreadable)[Level.ENTITLEMENT]
    assert said(unreadable)[Level.CALLER_DEFAULT].startswith("default of the caller: the caller's")

    disabled = explained(seats(is_enabled=False))
    assert str(disabled).splitlines() == [
        "seats is the caller's default (the feature is disabled)",
        "→ default of the caller: the caller's default (the feature is disabled)",
    ]
    unknown = explained(seats(), path="zzz")
    assert unknown.decided_by is Level.CALLER_DEFAULT
    assert "FLAG_NOT_FOUND: zzz is not a feature" in str(unknown)
