import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.features import (
    BUILTIN,
    UNLIMITED,
    Feature,
    FeatureDefinition,
    FeatureType,
    FeatureValueInvalid,
    InvalidFeatureDefinition,
    Merge,
    UnknownFeature,
    define,
    nested,
    problems,
    unknown_feature,
    validated,
    with_leaf,
)


def feature(kind, default=None, path="a.b", **more):
    return FeatureDefinition(path=path, type=FeatureType(kind), default=default, **more)


GOOD = [
    ("bool", True, True),
    ("bool", 0, False),
    ("bool", {"enabled": 1, "url": "x"}, True),
    ("limit", 0, 0),
    ("limit", "unlimited", UNLIMITED),
    ("int", -3, -3),
    ("float", 1, 1.0),
    ("float", 0.5, 0.5),
    ("str", "", ""),
    ("object", {}, {}),
    ("object", [1], [1]),
]
BAD = [
    ("bool", "true"),
    ("bool", 2),
    ("bool", None),
    ("bool", {"url": "x"}),
    ("bool", 1.0),
    ("limit", -1),
    ("limit", True),
    ("limit", 1.0),
    ("limit", "none"),
    ("limit", 2**53),
    ("int", True),
    ("int", 1.0),
    ("int", 2**60),
    ("float", math.nan),
    ("float", math.inf),
    ("float", True),
    ("float", "1"),
    ("str", 1),
    ("object", "x"),
]


@pytest.mark.parametrize(("kind", "given_value", "kept"), GOOD)
def test_values_are_kept_in_one_form(kind, given_value, kept):
    definition = feature(kind, given_value)
    assert definition.default == kept
    assert type(definition.default) is type(kept)


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_a_value_of_another_type_is_refused_with_what_is_allowed(kind, value):
    with pytest.raises(FeatureValueInvalid, match=r"The feature a\.b can't be .*: it is "):
        feature(kind, value)


def nest(depth):
    value = 1
    for _ in range(depth):
        value = {"a": value} if depth % 2 else [value]
    return value


@pytest.mark.parametrize("depth", [33, 34, 5000])
def test_an_object_that_is_too_deep_or_a_number_that_is_too_long_is_refused(depth):
    with pytest.raises(FeatureValueInvalid, match="nested at most 32 deep"):
        feature("object", nest(depth))
    with pytest.raises(FeatureValueInvalid, match="a huge number"):
        feature("limit", 10**depth * 10**5000)
    assert feature("object", nest(31)).default == nest(31)


def test_an_enum_takes_its_choices_only():
    level = feature("enum", "low", choices=("low", "high"))
    assert level.normalise("high") == "high"
    for wrong in ("middle", 1):
        with pytest.raises(FeatureValueInvalid, match="one of low, high"):
            level.normalise(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "A.b"},
        {"path": "a..b"},
        {"path": ""},
        {"path": "a" * 129},
        {"path": "a.b.c.d.e.f.g"},
        {"type": FeatureType.ENUM},
        {"choices": ("x",)},
        {"merge": Merge.SUM},
    ],
)
def test_a_senseless_definition_is_refused(wrong):
    with pytest.raises(InvalidFeatureDefinition):
        FeatureDefinition(**{"path": "a.b", "type": FeatureType.BOOL, "default": False, **wrong})


def test_definitions_may_not_collide():
    with pytest.raises(InvalidFeatureDefinition, match="twice"):
        define([feature("bool", False), feature("int", 0)])
    with pytest.raises(InvalidFeatureDefinition, match="below"):
        define([feature("bool", False), feature("int", 0, path="a.b.c")])


def test_every_feature_of_the_contract_is_built_in():
    assert set(BUILTIN) == set(Feature)
    assert len(BUILTIN) == 15
    assert BUILTIN[Feature.API_CALLS_PER_HOUR].default == UNLIMITED
    assert BUILTIN[Feature.WEBHOOK_ENABLED].default is False


def test_a_document_may_be_nested_or_dotted():
    expected = {"api_access": {"enabled": True, "calls_per_hour": 5}}
    assert validated({"api_access": {"enabled": 1, "calls_per_hour": 5}}, BUILTIN) == expected
    dotted = {"api_access.enabled": True, "api_access.calls_per_hour": 5}
    assert validated(dotted, BUILTIN) == expected
    endless = {"api_access": {"calls_per_hour": "unlimited"}}
    assert validated(endless, BUILTIN) == endless


def test_a_flag_written_as_an_object_keeps_what_stands_beside_enabled():
    document = {"integrations": {"webhook": {"enabled": True, "url": "https://x.example"}}}
    assert validated(document, BUILTIN) == document


def test_every_mistake_is_found_and_named():
    found = problems(
        {
            "api_access": {"calls_per_hr": 5, "enabled": "yes"},
            "export_formats.csv": True,
            "export_formats": {"csv": False},
            "zzz": 1,
        },
        BUILTIN,
    )
    assert [type(problem) for problem in found] == [
        UnknownFeature,
        FeatureValueInvalid,
        FeatureValueInvalid,
        UnknownFeature,
    ]
    assert "did you mean api_access.calls_per_hour?" in str(found[0])
    assert str(found[3]) == "There is no feature zzz."
    with pytest.raises(UnknownFeature):
        validated({"zzz": 1}, BUILTIN)


def test_an_object_on_the_way_may_not_be_a_value():
    with pytest.raises(UnknownFeature):
        validated({"api_access": True}, BUILTIN)


def test_an_unknown_feature_names_the_closest():
    assert unknown_feature("export_formats.cvs", BUILTIN).params["hint"].endswith("csv?")


def test_setting_one_path_never_touches_another():
    document = {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
    assert with_leaf(document, "a.c.x", 9) == {"a": {"b": 1, "c": {"d": 2, "x": 9}}, "e": 3}
    assert with_leaf(document, "e.f", 9)["e"] == {"f": 9}
    assert document == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}


paths = st.lists(st.sampled_from("abc"), min_size=2, max_size=2).map(".".join)


@given(st.dictionaries(paths, st.integers()))
def test_nesting_loses_nothing(flat):
    document = nested(flat)
    assert {
        f"{a}.{b}": value for a, inner in document.items() for b, value in inner.items()
    } == flat
