import asyncio
from datetime import UTC, datetime

import pytest

pytest.importorskip("openfeature")

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from saaskit_core.features import (
    UNLIMITED,
    Constraint,
    FeatureDefinition,
    FeatureType,
    Grant,
    TargetingRule,
    compile_features,
    define,
    serve,
)
from saaskit_core.openfeature import SaasKitProvider

SPAIN = TargetingRule(
    id="spain",
    serves=serve(True),
    constraints=(Constraint(attribute="country", operator="IN", values=("ES",)),),
)
DEFINITIONS = define(
    FeatureDefinition(path=path, type=FeatureType(kind), default=default, **more)
    for path, kind, default, more in [
        ("a.flag", "bool", False, {}),
        ("a.calls", "limit", "unlimited", {}),
        ("a.ratio", "float", 1, {}),
        ("a.name", "str", "", {}),
        ("a.level", "enum", "low", {"choices": ("low", "high")}),
        ("a.options", "object", {"x": [1]}, {}),
        ("spain", "bool", False, {"rules": (SPAIN,)}),
        ("off", "bool", True, {"is_enabled": False}),
    ]
)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def features(plan="pro", **granted):
    grants = [Grant(plan=plan, features={"a.flag": True, **granted}, version=2)]
    return compile_features(DEFINITIONS, grants=grants, now=NOW)


@pytest.fixture
def client(request):
    yield connected(request.node.name, features())
    api.clear_providers()


def connected(name, source):
    api.set_provider_and_wait(SaasKitProvider(source), name)
    return api.get_client(name)


def test_a_flag_comes_with_its_reason(client):
    found = client.get_boolean_details("a.flag", False)
    assert (found.value, found.reason, found.variant) == (True, Reason.TARGETING_MATCH, "on")
    assert dict(found.flag_metadata) == {
        "rule_type": "plan_entitlement",
        "plan": "pro",
        "plan_version": 2,
    }


@pytest.mark.parametrize(
    ("kind", "path", "default", "value"),
    [
        ("boolean", "a.flag", False, True),
        ("integer", "a.calls", 0, UNLIMITED),
        ("float", "a.ratio", 0.0, 1.0),
        ("string", "a.name", "x", ""),
        ("string", "a.level", "x", "low"),
        ("object", "a.options", {}, {"x": [1]}),
    ],
)
def test_every_type_is_answered(client, kind, path, default, value):
    found = getattr(client, f"get_{kind}_details")(path, default)
    assert (found.value, type(found.value), found.error_code) == (value, type(value), None)
    assert getattr(client, f"get_{kind}_value")(path, default) == value
    later = asyncio.run(getattr(client, f"get_{kind}_details_async")(path, default))
    assert later.value == value


def test_an_unlimited_limit_says_so_and_a_prefix_answers_with_all_below(client):
    assert client.get_integer_details("a.calls", 0).flag_metadata["unlimited"] is True
    assert client.get_object_value("a", {})["calls"] == "unlimited"


@pytest.mark.parametrize(
    ("kind", "path", "default"),
    [
        ("integer", "a.flag", 7),
        ("float", "a.flag", 0.5),
        ("float", "a.calls", 0.5),
        ("integer", "a.ratio", 7),
        ("boolean", "a.calls", True),
        ("string", "a.flag", "x"),
        ("object", "a.flag", {"x": 1}),
    ],
)
def test_another_type_is_the_default_and_an_error(client, kind, path, default):
    found = getattr(client, f"get_{kind}_details")(path, default)
    assert (found.value, found.reason) == (default, Reason.ERROR)
    assert (found.error_code, found.variant) == (ErrorCode.TYPE_MISMATCH, None)


def test_what_isnt_known_or_is_disabled_is_the_default(client):
    unknown = client.get_object_details("zzz", {"x": 1})
    assert (unknown.value, unknown.error_code) == ({"x": 1}, ErrorCode.FLAG_NOT_FOUND)
    disabled = client.get_boolean_details("off", False)
    assert (disabled.value, disabled.reason, disabled.error_code) == (False, Reason.DISABLED, None)


def test_rules_read_the_context_of_the_call(client):
    spain = EvaluationContext(targeting_key="u1", attributes={"country": "ES"})
    assert client.get_boolean_value("spain", False, spain) is True
    assert client.get_boolean_value("spain", True) is False


def test_a_function_finds_whose_features_count():
    sets = {"1": features(), "2": features("free", **{"a.flag": False})}
    client = connected("by customer", lambda context: sets.get(context.targeting_key))

    def asked(key):
        return client.get_boolean_details("a.flag", True, EvaluationContext(targeting_key=key))

    assert (asked("1").value, asked("2").value) == (True, False)
    assert asked("3").error_code is ErrorCode.INVALID_CONTEXT
    assert asked("").error_code is ErrorCode.TARGETING_KEY_MISSING
    for kind, default in (("string", "x"), ("integer", 1), ("float", 0.5), ("object", {})):
        missing = getattr(client, f"get_{kind}_details")("a.flag", default)
        assert (missing.value, missing.error_code) == (default, ErrorCode.TARGETING_KEY_MISSING)
    api.clear_providers()


def test_a_call_without_a_context_is_answered():
    found = SaasKitProvider(features()).resolve_boolean_details("spain", default_value=True)
    assert (found.value, found.reason) == (False, Reason.DEFAULT)


def test_the_provider_has_a_name():
    assert SaasKitProvider(features()).get_metadata().name == "SaaSKit"
