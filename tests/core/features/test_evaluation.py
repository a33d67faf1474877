from datetime import UTC, datetime

import pytest

from saaskit_core.features import (
    UNLIMITED,
    ErrorCode,
    FeatureDefinition,
    FeatureType,
    Grant,
    Reason,
    compile_features,
    define,
)

DEFINITIONS = define(
    FeatureDefinition(path=path, type=FeatureType(kind), default=default, **more)
    for path, kind, default, more in [
        ("api.enabled", "bool", True, {}),
        ("api.calls", "limit", "unlimited", {}),
        ("api.none", "limit", 0, {}),
        ("api.name", "str", "", {}),
        ("api.ratio", "float", 0, {}),
        ("api.offset", "int", -1, {}),
        ("api.big", "int", UNLIMITED, {}),
        ("api.options", "object", {"a": 1}, {}),
        ("api.list", "object", [], {}),
        ("off", "bool", True, {"is_enabled": False}),
    ]
)
SET = compile_features(
    DEFINITIONS, grants=[Grant(plan="pro", features={})], now=datetime(2026, 1, 1, tzinfo=UTC)
)


@pytest.mark.parametrize(
    ("getter", "path", "default", "value"),
    [
        ("boolean", "api.enabled", False, True),
        ("string", "api.name", "x", ""),
        ("integer", "api.none", 7, 0),
        ("integer", "api.offset", 7, -1),
        ("number", "api.ratio", 1.5, 0.0),
        ("object", "api.options", {}, {"a": 1}),
        ("object", "api.list", None, []),
    ],
)
def test_zero_values_are_values(getter, path, default, value):
    found = getattr(SET, getter)(path, default)
    assert found.value == value
    assert found.error_code is None


def test_unlimited_is_a_number_that_says_so():
    found = SET.integer("api.calls", 0)
    assert found.value == UNLIMITED
    assert found.flag_metadata["unlimited"] is True
    assert SET.limit("api.calls") is None


@pytest.mark.parametrize(
    ("getter", "path", "default"),
    [
        ("boolean", "api.none", True),
        ("integer", "api.enabled", 7),
        ("integer", "api.ratio", 7),
        ("number", "api.none", 0.5),
        ("string", "api.enabled", "x"),
        ("object", "api.name", {"x": 1}),
    ],
)
def test_another_type_answers_with_the_callers_default(getter, path, default):
    found = getattr(SET, getter)(path, default)
    assert (found.value, found.reason) == (default, Reason.ERROR)
    assert found.error_code is ErrorCode.TYPE_MISMATCH


@pytest.mark.parametrize("getter", ["boolean", "integer", "number", "string", "object"])
def test_an_unknown_path_answers_with_the_callers_default(getter):
    found = getattr(SET, getter)("nope", "default")
    assert (found.value, found.error_code) == ("default", ErrorCode.FLAG_NOT_FOUND)


def test_a_disabled_feature_answers_with_the_callers_default_and_no_variant():
    found = SET.boolean("off", False)
    assert (found.value, found.reason, found.variant) == (False, Reason.DISABLED, None)
    assert not SET.allows("off")


def test_a_prefix_answers_with_all_below_it():
    assert SET.object("api", {}).value == {
        "enabled": True,
        "calls": "unlimited",
        "none": 0,
        "name": "",
        "ratio": 0.0,
        "offset": -1,
        "big": UNLIMITED,
        "options": {"a": 1},
        "list": [],
    }


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("api.enabled", True),
        ("api.calls", True),
        ("api.none", False),
        ("api.name", False),
        ("api.offset", False),
        ("nope", False),
    ],
)
def test_what_is_allowed(path, allowed):
    assert SET.allows(path) is allowed


@pytest.mark.parametrize(("path", "limit"), [("api.none", 0), ("nope", 0), ("api.name", 0)])
def test_what_is_not_known_allows_none(path, limit):
    assert SET.limit(path) == limit


def test_the_document_speaks_the_words_of_catalogues():
    document = SET.document()
    assert document["api"]["calls"] == "unlimited"
    assert document["off"] is None
