import pickle
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.features import (
    BUILTIN,
    UNLIMITED,
    ErrorCode,
    FeatureDefinition,
    FeatureType,
    FeatureValueInvalid,
    Grant,
    Merge,
    Override,
    OverrideMode,
    OverrideScope,
    Reason,
    UnknownFeature,
    check_override,
    compile_features,
    define,
)
from saaskit_core.periods import NaiveDatetime

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEFINITIONS = define(
    FeatureDefinition(path=path, type=FeatureType(kind), default=default, **more)
    for path, kind, default, more in [
        ("flag", "bool", False, {}),
        ("top", "limit", 1, {}),
        ("seats", "limit", 1, {"merge": Merge.SUM}),
        ("rate", "float", 0.5, {"merge": Merge.SUM}),
        ("level", "enum", "low", {"choices": ("low", "middle", "high")}),
        ("theme", "str", "plain", {}),
        ("options", "object", {}, {}),
        ("regions", "object", ["eu"], {}),
        ("off", "bool", True, {"is_enabled": False}),
    ]
)


def plan(name="pro", *, is_addon=False, **features):
    return Grant(plan=name, features=features, is_addon=is_addon)


def override(path, value, scope=OverrideScope.USER, **more):
    return Override(path=path, value=value, scope=scope, **more)


def compiled(*grants, overrides=(), definitions=DEFINITIONS, now=NOW, **more):
    return compile_features(definitions, grants=grants, overrides=overrides, now=now, **more)


def test_what_nobody_mentions_is_the_default():
    found = compiled(plan(top=3)).boolean("flag", True)
    assert (found.value, found.reason, found.variant) == (False, Reason.DEFAULT, "off")
    assert found.flag_metadata == {"rule_type": "default"}


def test_what_nobody_could_mention_is_static():
    found = compiled().boolean("flag", True)
    assert (found.value, found.reason, found.variant) == (False, Reason.STATIC, "off")
    assert found.flag_metadata == {"rule_type": "static"}


def test_a_plan_grants():
    found = compiled(plan(flag=True, level="high")).boolean("flag", False)
    assert (found.value, found.reason, found.variant) == (True, Reason.TARGETING_MATCH, "on")
    assert found.flag_metadata == {"rule_type": "plan_entitlement", "plan": "pro"}
    assert compiled(plan(level="high")).string("level", "").variant == "high"


def test_a_plan_in_grace_is_stale():
    assert compiled(plan(flag=True), is_stale=True).boolean("flag", False).reason is Reason.STALE
    assert compiled(plan(), is_stale=True).boolean("flag", False).reason is Reason.DEFAULT


@pytest.mark.parametrize(
    ("path", "values", "merged"),
    [
        ("flag", (False, True), True),
        ("top", (3, 2), 3),
        ("top", (3, "unlimited"), UNLIMITED),
        ("seats", (3, 2), 5),
        ("seats", (3, "unlimited"), UNLIMITED),
        ("rate", (1, 0.25), 1.25),
        ("level", ("high", "middle"), "high"),
        ("theme", ("dark", "light"), "dark"),
        ("options", ({"a": 1}, {"a": 2, "b": 3}), {"a": 1, "b": 3}),
        ("regions", (["eu"], ["us", "eu"]), ["eu", "us"]),
        ("options", ({"a": 1}, [1]), {"a": 1}),
    ],
)
def test_plans_are_merged_to_the_most_generous(path, values, merged):
    one, other = (plan(f"p{i}", **{path: value}) for i, value in enumerate(values))
    assert compiled(one, other).resolutions[path].value == merged


def test_the_grant_that_decided_is_named():
    found = compiled(plan(top=1), plan("extra", is_addon=True, top=5)).integer("top", 0)
    assert found.flag_metadata == {"rule_type": "addon_entitlement", "plan": "extra"}


@pytest.mark.parametrize(
    ("scopes", "winner"),
    [
        (("organisation", "user"), "user"),
        (("user", "global"), "global"),
        (("global", "organisation"), "global"),
    ],
)
def test_the_stronger_override_wins_whatever_the_order(scopes, winner):
    for order in (scopes, scopes[::-1]):
        overrides = [override("theme", scope, OverrideScope(scope)) for scope in order]
        assert compiled(plan(theme="dark"), overrides=overrides).string("theme", "").value == winner


def test_an_override_may_revoke_and_says_who_and_how_long():
    ends_at = NOW + HOUR
    revoked = override("flag", False, OverrideScope.ORGANISATION, ends_at=ends_at, id="7")
    found = compiled(plan(flag=True), overrides=[revoked]).boolean("flag", True)
    assert found.value is False
    assert found.flag_metadata == {
        "rule_type": "org_override",
        "override_id": "7",
        "expires_at": ends_at.isoformat(),
    }


def test_an_extension_that_gives_nothing_leaves_the_plan_as_the_reason():
    extension = override("top", 2, mode=OverrideMode.EXTEND)
    found = compiled(plan(top=5), overrides=[extension]).integer("top", 0)
    assert (found.value, found.flag_metadata["rule_type"]) == (5, "plan_entitlement")


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "is_in_force", "valid_until"),
    [
        (None, None, True, None),
        (NOW, NOW + HOUR, True, NOW + HOUR),
        (NOW - HOUR, NOW, False, None),
        (NOW + HOUR, None, False, NOW + HOUR),
    ],
)
def test_an_override_is_in_force_within_its_half_open_window(
    starts_at, ends_at, is_in_force, valid_until
):
    found = compiled(overrides=[override("flag", True, starts_at=starts_at, ends_at=ends_at)])
    assert found.allows("flag") is is_in_force
    assert found.valid_until == valid_until


def test_an_override_of_something_unknown_or_disabled_changes_nothing():
    found = compiled(overrides=[override("zzz", 1), override("off", False)])
    assert "zzz" not in found.resolutions
    assert found.boolean("off", True).reason is Reason.DISABLED


def test_a_value_nobody_can_read_answers_with_the_callers_default():
    for found in (compiled(plan(top="many")), compiled(overrides=[override("top", "many")])):
        resolution = found.integer("top", 7)
        assert (resolution.value, resolution.reason) == (7, Reason.ERROR)
        assert (resolution.error_code, resolution.variant) == (ErrorCode.PARSE_ERROR, None)
        assert found.limit("top") == 0
        assert not found.allows("top")


def test_naive_instants_are_refused():
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(NaiveDatetime):
        override("flag", True, starts_at=naive)
    with pytest.raises(NaiveDatetime):
        compiled(now=naive)


def test_an_override_is_checked_against_its_definition():
    assert check_override(override("flag", 1), DEFINITIONS).value is True
    with pytest.raises(UnknownFeature, match="did you mean level"):
        check_override(override("levl", 1), DEFINITIONS)
    with pytest.raises(FeatureValueInvalid):
        check_override(override("top", "many"), DEFINITIONS)
    with pytest.raises(FeatureValueInvalid, match="only be replaced"):
        check_override(override("theme", "x", mode=OverrideMode.EXTEND), DEFINITIONS)


def test_a_compiled_set_survives_a_cache():
    copy = pickle.loads(pickle.dumps(compiled(plan(flag=True))))
    assert copy.allows("flag")


values = {
    "flag": st.booleans(),
    "top": st.one_of(st.integers(0, 100), st.just("unlimited")),
    "seats": st.one_of(st.integers(0, 100), st.just("unlimited")),
    "rate": st.floats(0, 100),
    "level": st.sampled_from(["low", "middle", "high"]),
}
scopes = st.sampled_from(OverrideScope)


def overrides_of(modes):
    return st.lists(
        st.sampled_from(sorted(values)).flatmap(
            lambda path: st.builds(
                override, st.just(path), values[path], scopes, mode=st.sampled_from(modes)
            )
        ),
        max_size=4,
    )


def rank(path, value):
    return ["low", "middle", "high"].index(value) if path == "level" else value


@given(st.fixed_dictionaries({}, optional=values), overrides_of([OverrideMode.EXTEND]))
def test_an_extension_never_takes_anything_away(features, extensions):
    before = compiled(plan(**features)).resolutions
    after = compiled(plan(**features), overrides=extensions).resolutions
    for path in values:
        assert rank(path, after[path].value) >= rank(path, before[path].value)


@given(st.fixed_dictionaries({}, optional=values), overrides_of(list(OverrideMode)), values["top"])
def test_a_global_replacement_is_exact(features, others, value):
    switch = override("top", value, OverrideScope.GLOBAL)
    others = [each for each in others if (each.path, each.scope) != ("top", OverrideScope.GLOBAL)]
    found = compiled(plan(**features), overrides=[*others, switch])
    assert found.limit("top") == (None if value == "unlimited" else value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*DEFINITIONS, "zzz"]), json_values), json_values)
def test_no_stored_nonsense_ever_raises(features, value):
    overrides = [override(path, value, mode=mode) for path in DEFINITIONS for mode in OverrideMode]
    for found in (compiled(Grant(plan="p", features=features)), compiled(overrides=overrides)):
        for path in DEFINITIONS:
            for getter, default in (
                (found.boolean, True),
                (found.string, "x"),
                (found.integer, 7),
                (found.number, 0.5),
            ):
                assert type(getter(path, default).value) is type(default)
            found.limit(path)
            found.allows(path)


def test_the_built_in_features_compile():
    found = compile_features(BUILTIN, now=NOW)
    assert found.document()["api_access"]["calls_per_hour"] == "unlimited"
