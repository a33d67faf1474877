import pickle
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.features import (
    OPERATORS,
    Constraint,
    ErrorCode,
    EvaluationContext,
    FeatureDefinition,
    FeatureType,
    Grant,
    InvalidFeatureDefinition,
    Level,
    Merge,
    Override,
    OverrideMode,
    OverrideScope,
    Prerequisite,
    Reason,
    Rollout,
    Segment,
    TargetingRule,
    Variant,
    compile_features,
    define,
    serve,
)
from saaskit_core.periods import NaiveDatetime

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPAIN = Constraint(attribute="country", operator="IN", values=("ES",))
IN_SPAIN = EvaluationContext(targeting_key="u1", attributes={"country": "ES"})


def feature(path, kind="bool", default=False, **more):
    return FeatureDefinition(path=path, type=FeatureType(kind), default=default, **more)


def rule(value, name="r", **more):
    return TargetingRule(id=name, serves=serve(value), **more)


def features(*definitions, **more):
    return compile_features(define(definitions), now=NOW, **more)


def override(value, scope, path="x", **more):
    return Override(path=path, value=value, scope=OverrideScope(scope), **more)


def levels():
    """A text that says which level decided, and what to take away so that the next one does."""
    definition = {
        "rules": (rule("rule", constraints=(SPAIN,)),),
        "rollout": serve("rollout"),
        "requires": (Prerequisite(path="parent"),),
    }
    overrides = [override(scope, scope) for scope in ("global", "user", "organisation")]
    return definition, overrides, [Grant(plan="pro", features={"x": "plan"})]


def test_the_nine_levels_stand_above_each_other():
    definition, overrides, grants = levels()
    parent_on, answers = False, []
    for taken in range(9):
        overrides = overrides[1:] if taken in (1, 3, 4) else overrides
        parent_on = parent_on or taken == 2
        if taken == 5:
            definition = {**definition, "rules": ()}
        grants = [] if taken >= 6 else grants
        if taken == 7:
            definition = {**definition, "rollout": None}
        if taken == 8:
            definition = {**definition, "is_enabled": False}
        found = features(
            feature("x", "str", "default", **definition),
            feature("parent", default=parent_on),
            overrides=overrides,
            grants=grants,
            context=IN_SPAIN,
        )
        answers.append((found.string("x", "caller").value, found.explain("x").decided_by))
    assert answers == [
        ("global", Level.KILL_SWITCH),
        ("default", Level.PREREQUISITES),
        ("user", Level.USER_OVERRIDE),
        ("organisation", Level.ORGANISATION_OVERRIDE),
        ("rule", Level.TARGETING_RULES),
        ("plan", Level.ENTITLEMENT),
        ("rollout", Level.ROLLOUT),
        ("default", Level.CATALOGUE_DEFAULT),
        ("caller", Level.CALLER_DEFAULT),
    ]


@pytest.mark.parametrize(
    ("scope", "kind"),
    [
        ("global", "global_override"),
        ("user", "user_override"),
        ("organisation", "org_override"),
    ],
)
def test_an_override_is_a_match(scope, kind):
    ends_at = NOW + HOUR
    found = features(feature("x"), overrides=[override(True, scope, id="7", ends_at=ends_at)])
    answer = found.boolean("x", False)
    assert (answer.value, answer.reason, answer.variant) == (True, Reason.TARGETING_MATCH, "on")
    assert answer.flag_metadata == {
        "rule_type": kind,
        "override_id": "7",
        "expires_at": ends_at.isoformat(),
    }


def test_a_plan_says_its_version_and_whether_it_is_stale():
    grants = [
        Grant(plan="pro", features={"x": True, "y": 5}, version=3, is_stale=True),
        Grant(plan="seats", features={"y": 9}, is_addon=True),
    ]
    found = features(feature("x"), feature("y", "limit", 0), grants=grants)
    stale, fresh = found.boolean("x", False), found.integer("y", 0)
    assert stale.reason is Reason.STALE
    assert stale.flag_metadata == {
        "rule_type": "plan_entitlement",
        "plan": "pro",
        "plan_version": 3,
    }
    assert (fresh.value, fresh.reason) == (9, Reason.TARGETING_MATCH)
    assert fresh.flag_metadata == {"rule_type": "addon_entitlement", "plan": "seats"}


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "counts", "boundary"),
    [
        (None, NOW, False, None),
        (NOW, None, True, None),
        (NOW - HOUR, NOW + HOUR, True, NOW + HOUR),
        (NOW + HOUR, None, False, NOW + HOUR),
    ],
)
def test_grants_and_rules_have_half_open_windows(starts_at, ends_at, counts, boundary):
    window = {"starts_at": starts_at, "ends_at": ends_at}
    granted = features(feature("x"), grants=[Grant(plan="p", features={"x": True}, **window)])
    ruled = features(feature("x", rules=(rule(True, **window),)))
    for found in (granted, ruled):
        assert found.allows("x") is counts
        assert found.valid_until == boundary


def test_naive_instants_are_refused():
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(NaiveDatetime):
        rule(1, starts_at=naive)
    with pytest.raises(NaiveDatetime):
        Grant(plan="p", features={}, ends_at=naive)


def test_rules_are_asked_in_their_order():
    adult = Constraint(attribute="age", operator="NUM_GTE", values=("18",))
    rules = (
        rule("spain", "one", constraints=(SPAIN,)),
        rule("adult", "two", segments=("adults",)),
        rule("nobody", "three", segments=("unknown",)),
    )
    found = features(
        feature("x", "str", "default", rules=rules),
        segments=[Segment(key="adults", constraints=(adult,))],
    )

    def answer(**attributes):
        return found.for_context(EvaluationContext(attributes=attributes)).string("x", "")

    assert answer(country="ES", age=20).value == "spain"
    assert answer(country="FR", age=20).flag_metadata == {
        "rule_type": "targeting_rule",
        "rule_id": "two",
    }
    assert answer(country="FR", age=20).reason is Reason.TARGETING_MATCH
    for context in ({"country": "FR", "age": 17}, {}, {"country": None}):
        nobody = answer(**context)
        assert (nobody.value, nobody.reason) == ("default", Reason.DEFAULT)


def test_a_share_is_a_split_and_who_is_outside_falls_through():
    some = TargetingRule(id="beta", serves=Rollout(variants=(Variant(value=True),), share=50))
    found = features(feature("x", rules=(some,), rollout=serve(False)), feature("y"))
    answers = [
        found.for_context(EvaluationContext(targeting_key=str(n))).boolean("x", True)
        for n in range(50)
    ]
    inside = [answer for answer in answers if answer.value]
    assert 10 < len(inside) < 40
    assert {answer.reason for answer in answers} == {Reason.SPLIT}
    assert inside[0].flag_metadata == {"rule_type": "rollout", "rule_id": "beta"}
    assert found.boolean("x", True).flag_metadata == {"rule_type": "rollout"}


def test_variants_are_named():
    split = Rollout(variants=(Variant(value="a", name="A"), Variant(value="b", name="B")))
    found = features(feature("x", "str", "", rollout=split))
    answer = found.for_context(EvaluationContext(targeting_key="u1")).string("x", "")
    assert (answer.reason, answer.variant) == (Reason.SPLIT, answer.value.upper())
    assert found.string("x", "z").reason is Reason.DEFAULT


def test_values_of_variants_are_brought_into_form_and_checked():
    definition = feature("x", "float", 0, rules=(rule(1),), rollout=serve(2))
    assert type(definition.rules[0].serves.variants[0].value) is float
    assert type(definition.rollout.variants[0].value) is float
    with pytest.raises(Exception, match="can't be 'a'"):
        feature("x", "float", 0, rules=(rule("a"),))


@pytest.mark.parametrize(
    ("kind", "default", "more", "off"),
    [
        ("bool", True, {}, False),
        ("limit", "unlimited", {}, 0),
        ("enum", "high", {"choices": ("low", "high")}, "low"),
        ("str", "text", {}, "text"),
        ("int", -4, {}, -4),
        ("float", 0.5, {}, 0.5),
        ("object", {"a": 1}, {}, {"a": 1}),
    ],
)
def test_what_misses_a_prerequisite_is_off(kind, default, more, off):
    needy = feature("x", kind, default, requires=(Prerequisite(path="parent"),), **more)
    found = features(needy, feature("parent"), overrides=[override(default, "user")])
    answer = found.resolutions.get("x") or found.explain("x").answer
    assert (answer.value, answer.reason) == (off, Reason.TARGETING_MATCH)
    assert answer.flag_metadata == {"rule_type": "prerequisite", "prerequisite": "parent"}


@pytest.mark.parametrize(
    ("parent", "asked", "holds"),
    [
        (feature("p", default=True), {}, True),
        (feature("p"), {}, False),
        (feature("p"), {"is_enabled": False}, True),
        (feature("p", default=True), {"is_enabled": False}, False),
        (feature("p", default=True, is_enabled=False), {}, False),
        (feature("p", default=True, is_enabled=False), {"is_enabled": False}, True),
        (feature("p", "limit", 3), {}, True),
        (feature("p", "limit", 0), {}, False),
        (feature("p", "enum", "low", choices=("low", "high")), {}, True),
        (feature("p", "enum", "low", choices=("low", "high")), {"variants": {"low"}}, True),
        (feature("p", "enum", "low", choices=("low", "high")), {"variants": {"high"}}, False),
        (feature("p", default=True), {"variants": {"off"}}, False),
        (feature("p", rules=(rule(True, constraints=(SPAIN,)),)), {}, True),
        (feature("q", default=True), {}, False),
        (feature("q", default=True), {"is_enabled": False}, False),
    ],
)
def test_what_a_prerequisite_asks(parent, asked, holds):
    child = feature("x", default=True, requires=(Prerequisite(path="p", **asked),))
    definitions = {each.path: each for each in (child, parent)}
    found = compile_features(definitions, now=NOW, context=IN_SPAIN)
    assert found.boolean("x", False).value is holds


def test_a_parent_that_cant_be_read_fulfils_nothing():
    child = feature("x", default=True, requires=(Prerequisite(path="p", is_enabled=False),))
    found = features(child, feature("p"), grants=[Grant(plan="pro", features={"p": "what"})])
    assert found.boolean("x", True).value is False


def test_prerequisites_may_have_prerequisites_and_all_must_hold():
    chain = [feature("f0", default=True)] + [
        feature(f"f{n}", default=True, requires=(Prerequisite(path=f"f{n - 1}"),))
        for n in range(1, 10)
    ]
    both = feature(
        "both", default=True, requires=(Prerequisite(path="f9"), Prerequisite(path="no"))
    )
    on = features(*chain, both, feature("no", default=True))
    assert on.allows("f9")
    assert on.allows("both")
    off = features(feature("f0"), *chain[1:], both, feature("no", default=True))
    assert not off.allows("f9")
    assert not features(*chain, both, feature("no")).allows("both")


def circle(size):
    return [
        feature(f"f{n}", default=True, requires=(Prerequisite(path=f"f{(n + 1) % size}"),))
        for n in range(size)
    ]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_circle_is_refused_where_it_is_defined(size):
    with pytest.raises(InvalidFeatureDefinition, match="in a circle: f0"):
        define(circle(size))


def test_a_circle_is_found_where_it_is_evaluated():
    outside = feature("x", default=True, requires=(Prerequisite(path="f0"),))
    definitions = {each.path: each for each in (*circle(3), outside)}
    found = compile_features(definitions, now=NOW)
    for path in definitions:
        answer = found.boolean(path, True)
        assert (answer.value, answer.error_code) == (True, ErrorCode.PARSE_ERROR)
        assert "in a circle" in answer.error_message
        assert not found.allows(path)


def test_a_chain_has_an_end_and_what_is_required_exists():
    long = [feature("f0")] + [
        feature(f"f{n}", requires=(Prerequisite(path=f"f{n - 1}"),)) for n in range(1, 40)
    ]
    with pytest.raises(InvalidFeatureDefinition, match="more than 20"):
        define(long)
    with pytest.raises(InvalidFeatureDefinition, match="requires zzz, which isn't defined"):
        define([feature("x", requires=(Prerequisite(path="zzz"),))])


def test_a_context_that_isnt_one_is_an_error_for_what_depends_on_it_only():
    found = features(feature("x", rules=(rule(True, constraints=(SPAIN,)),)), feature("y"))
    broken = found.for_context(EvaluationContext(attributes=[]))
    assert broken.boolean("x", True).error_code is ErrorCode.INVALID_CONTEXT
    assert broken.boolean("x", True).value is True
    assert broken.boolean("y", True).reason is Reason.STATIC


def test_what_depends_on_the_context_stands_in_the_document():
    found = features(
        feature("a.x", rules=(rule(True, constraints=(SPAIN,)),)), feature("a.y"), context=IN_SPAIN
    )
    assert found.document() == {"a": {"x": True, "y": False}}
    assert found.object("a", {}).value == {"x": True, "y": False}
    assert found.for_context(EvaluationContext()).document() == {"a": {"x": False, "y": False}}
    assert found.boolean("a.x", False) is found.boolean("a.x", False)


def test_a_set_with_rules_survives_a_cache():
    needy = feature(
        "x", rules=(rule(True, constraints=(SPAIN,)),), requires=(Prerequisite(path="p"),)
    )
    found = features(needy, feature("p", default=True), context=IN_SPAIN)
    copy = pickle.loads(pickle.dumps(found))
    assert copy.boolean("x", False) == found.boolean("x", False)
    assert copy.allows("x")


def test_metadata_cant_be_changed():
    answer = features(feature("x")).boolean("x", False)
    with pytest.raises(TypeError):
        answer.flag_metadata["rule_type"] = "mine"


@pytest.mark.parametrize(
    ("limit", "used", "value", "kind"),
    [
        (5, 4, True, "plan_entitlement"),
        (5, 5, False, "plan_entitlement_usage_exceeded"),
        (5, 9, False, "plan_entitlement_usage_exceeded"),
        ("unlimited", 2**60, True, "plan_entitlement"),
        (0, 0, False, "plan_entitlement"),
    ],
)
def test_a_limit_that_is_reached_is_a_no_that_says_so(limit, used, value, kind):
    found = features(feature("x", "limit", 0), grants=[Grant(plan="p", features={"x": limit})])
    answer = found.within_limit("x", True, used=used)
    assert (answer.value, answer.reason) == (value, Reason.TARGETING_MATCH)
    assert answer.flag_metadata["rule_type"] == kind
    if kind == "plan_entitlement_usage_exceeded":
        assert (answer.flag_metadata["limit"], answer.flag_metadata["used"]) == (5, used)


def test_a_limit_that_isnt_known_answers_with_the_callers_default():
    found = features(feature("x"), feature("off", "limit", 3, is_enabled=False))
    assert found.within_limit("x", True, used=1).error_code is ErrorCode.TYPE_MISMATCH
    assert found.within_limit("nope", True, used=1).value is True
    assert found.within_limit("off", False, used=1).reason is Reason.DISABLED


def test_an_extension_is_no_sum():
    seats = feature("x", "int", 1, merge=Merge.SUM)
    plans = [Grant(plan=name, features={"x": 3}) for name in ("a", "b")]
    extension = override(4, "user", mode=OverrideMode.EXTEND)
    assert features(seats, grants=plans, overrides=[extension]).integer("x", 0).value == 6
    larger = override(10, "user", mode=OverrideMode.EXTEND)
    assert features(seats, grants=plans, overrides=[larger]).integer("x", 0).value == 10


def test_an_extension_takes_nothing_away_even_when_it_cant_be_read():
    plans = [Grant(plan="pro", features={"x": True})]
    nonsense = override("nonsense", "user", mode=OverrideMode.EXTEND)
    assert features(feature("x"), grants=plans, overrides=[nonsense]).allows("x")
    helps = override(True, "user", mode=OverrideMode.EXTEND)
    broken = [Grant(plan="pro", features={"x": "nonsense"})]
    assert features(feature("x"), grants=broken, overrides=[helps]).allows("x")


contexts = st.builds(
    EvaluationContext,
    targeting_key=st.text(max_size=3),
    attributes=st.dictionaries(
        st.sampled_from(["a", "b"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none()),
    ),
)
constraints = st.builds(
    Constraint,
    attribute=st.sampled_from(["a", "b", "targeting_key"]),
    operator=st.sampled_from([*sorted(OPERATORS), "NONSENSE"]),
    values=st.lists(st.text(max_size=5) | st.integers(0, 9).map(str), max_size=2),
    is_inverted=st.booleans(),
)
rollouts = st.builds(
    Rollout,
    variants=st.lists(
        st.builds(Variant, value=st.booleans(), weight=st.integers(1, 3)), min_size=1, max_size=3
    ),
    share=st.integers(0, 100),
    stickiness=st.sampled_from(["targeting_key", "a"]),
)
rules = st.builds(
    TargetingRule,
    id=st.text(max_size=2),
    serves=rollouts,
    constraints=st.lists(constraints, max_size=2),
    segments=st.lists(st.sampled_from(["s", "unknown"]), max_size=1),
)
prerequisites = st.builds(
    Prerequisite, path=st.sampled_from(["x", "y", "zzz"]), is_enabled=st.booleans()
)
definitions = st.builds(
    feature,
    st.sampled_from(["x", "y"]),
    default=st.booleans(),
    rules=st.lists(rules, max_size=2).map(tuple),
    rollout=st.none() | rollouts,
    requires=st.lists(prerequisites, max_size=1).map(tuple),
    is_enabled=st.booleans(),
)
overrides = st.builds(
    override,
    st.none() | st.booleans() | st.text(max_size=2),
    st.sampled_from(["global", "user", "organisation"]),
    path=st.sampled_from(["x", "y"]),
    mode=st.sampled_from(OverrideMode),
    ends_at=st.none() | st.sampled_from([NOW - HOUR, NOW, NOW + HOUR]),
)


@given(
    st.lists(definitions, max_size=2),
    st.lists(overrides, max_size=3),
    st.booleans() | st.text(max_size=2),
    contexts,
    st.lists(constraints, max_size=1),
)
def test_nothing_ever_raises_and_the_explanation_says_the_same(
    some, exceptions, granted, context, segment
):
    found = compile_features(
        {each.path: each for each in some},
        overrides=exceptions,
        grants=[Grant(plan="p", features={"x": granted})],
        segments=[Segment(key="s", constraints=segment)],
        now=NOW,
        context=context,
    )
    for path in ("x", "y", "zzz"):
        answer, explanation = found.boolean(path, True), found.explain(path)
        assert type(answer.value) is bool
        assert explanation.answer.reason == answer.reason
        assert explanation.answer.flag_metadata == answer.flag_metadata
        if answer.error_code is None and answer.reason is not Reason.DISABLED:
            assert explanation.answer == answer
        assert str(explanation).startswith(f"{path} is ")
        assert sum(line.startswith("→") for line in str(explanation).splitlines()) == 1


@given(st.lists(definitions, max_size=2), st.lists(overrides, max_size=4), contexts, st.data())
def test_an_extension_never_takes_a_flag_away(some, exceptions, context, data):
    def compiled(given_overrides):
        return compile_features(
            {each.path: replaced(each) for each in some},
            overrides=given_overrides,
            now=NOW,
            context=context,
        )

    def replaced(definition):
        """Who requires that something is off loses by its being on, so nobody does here."""
        return feature(
            definition.path,
            default=definition.default,
            rules=definition.rules,
            rollout=definition.rollout,
        )

    more = data.draw(overrides.filter(lambda each: each.mode is OverrideMode.EXTEND))
    before, after = compiled(exceptions), compiled([*exceptions, more])
    for path in ("x", "y"):
        assert after.allows(path) >= before.allows(path)


@given(st.lists(overrides, max_size=3), st.integers(0, 9), st.none() | st.integers(0, 9))
def test_a_replacement_is_exact_unless_somebody_stronger_speaks(others, value, granted):
    weaker = [each for each in others if each.scope is OverrideScope.ORGANISATION]
    plans = [Grant(plan="p", features={"x": granted})]
    exact = override(value, "user")
    found = features(feature("x", "limit", 5), overrides=[*weaker, exact], grants=plans)
    assert found.limit("x") == value
    assert found.explain("x").decided_by is Level.USER_OVERRIDE


@given(st.booleans(), st.booleans(), st.timedeltas(HOUR * -48, HOUR * 48))
def test_an_override_that_has_ended_falls_through_by_itself(granted, value, after):
    plans = [Grant(plan="p", features={"x": granted})]
    exception = override(value, "user", starts_at=NOW, ends_at=NOW + HOUR)
    at = NOW + after
    found = compile_features(define([feature("x")]), grants=plans, overrides=[exception], now=at)
    is_in_force = timedelta(0) <= after < HOUR
    assert found.allows("x") is (value if is_in_force else granted)
