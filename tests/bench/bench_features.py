"""Features: a check in the core, beside a nested lookup, OpenFeature's own provider and waffle."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from openfeature import api
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from saaskit_core.features import (
    BUILTIN,
    Constraint,
    EvaluationContext,
    Feature,
    FeatureDefinition,
    FeatureSet,
    FeatureType,
    Grant,
    Rollout,
    TargetingRule,
    Variant,
    compile_features,
)
from saaskit_core.openfeature import SaasKitProvider
from tests.bench.report import Row, medians

TIMES = 200_000
SDK_TIMES = 5_000
NOW = datetime(2026, 6, 1, tzinfo=UTC)
PATH = Feature.EXPORT_CSV.value
NESTED_GOAL = 2.0
SDK_GOAL = 1 / 40
WAFFLE_GOAL = 1 / 100


def measure() -> list[Row]:
    """Measure a resolved flag beside what others offer, and what stands around it."""
    return [*_nested(), _sdk(), *_waffle(), *_around()]


def granted(**more: FeatureDefinition) -> FeatureSet:
    """Compile the built-in features, and more, for a plan that grants one of them."""
    grants = [Grant(plan="pro", features={"export_formats": {"csv": True}})]
    return compile_features({**BUILTIN, **more}, grants=grants, now=NOW)


def repeated(work: Callable[[], object], times: int = TIMES) -> Callable[[], object]:
    """Return the same work, done many times."""

    def run() -> None:
        for _ in range(times):
            work()

    return run


def _flags(features: FeatureSet) -> Callable[[], object]:
    """Return many checks in a loop of their own: a call around each would flatter the ratio."""

    def run() -> None:
        check, path = features.boolean, PATH
        for _ in range(TIMES):
            check(path, False)

    return run


def _answers(features: FeatureSet) -> Callable[[], object]:
    def run() -> None:
        check, path = features.allows, PATH
        for _ in range(TIMES):
            check(path)

    return run


def _nested() -> list[Row]:
    document = {"a": {"b": {"c": {"d": {"e": True}}}}}
    features, ruled = granted(), granted(ruled=RULED)

    def look_up() -> None:
        nested = document
        for _ in range(TIMES):
            nested["a"]["b"]["c"]["d"]["e"]

    taken = medians(
        {
            "nested": look_up,
            "boolean": _flags(features),
            "allows": _answers(features),
            "ruled": _flags(ruled),
        }
    )
    each = {name: seconds / TIMES for name, seconds in taken.items()}
    beside = "beside a nested five-level lookup"
    return [
        _row(f"flag with its reason, {beside}", each["boolean"], each["nested"], NESTED_GOAL),
        _row(f"yes or no, {beside}", each["allows"], each["nested"], NESTED_GOAL),
        _row(
            f"the same flag where others have rules, {beside}",
            each["ruled"],
            each["nested"],
            NESTED_GOAL,
        ),
    ]


def _sdk() -> Row:
    flag = InMemoryFlag(default_variant="on", variants={"on": True, "off": False})
    api.set_provider_and_wait(InMemoryProvider({PATH: flag}), "in-memory")
    client, features = api.get_client("in-memory"), granted()
    taken = medians(
        {
            "sdk": repeated(lambda: client.get_boolean_details(PATH, False), SDK_TIMES),
            "ours": repeated(lambda: features.boolean(PATH, False), SDK_TIMES),
        }
    )
    return _row(
        "flag with its reason, beside OpenFeature's in-memory provider",
        taken["ours"] / SDK_TIMES,
        taken["sdk"] / SDK_TIMES,
        SDK_GOAL,
    )


def _waffle() -> list[Row]:
    if importlib.util.find_spec("waffle") is None:
        print("django-waffle isn't installed (extra bench): not measured", file=sys.stderr)
        return []
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench.beside_waffle"],
        check=True,
        capture_output=True,
        text=True,
    )
    each = json.loads(ran.stdout)
    what = "flag with its reason, beside waffle's flag in local memory"
    return [_row(what, each["ours"], each["waffle"], WAFFLE_GOAL)]


def _around() -> list[Row]:
    """What has no goal: our answers through the SDK, a rule, compiling."""
    api.set_provider_and_wait(SaasKitProvider(granted()), "saaskit")
    flag = InMemoryFlag(default_variant="on", variants={"on": True, "off": False})
    api.set_provider_and_wait(InMemoryProvider({PATH: flag}), "in-memory")
    ours, theirs = api.get_client("saaskit"), api.get_client("in-memory")
    features, ruled = granted(), granted(ruled=RULED)
    context = EvaluationContext(targeting_key="u1", attributes={"country": "ES"})
    taken = medians(
        {
            "ours": repeated(lambda: ours.get_boolean_details(PATH, False), SDK_TIMES),
            "theirs": repeated(lambda: theirs.get_boolean_details(PATH, False), SDK_TIMES),
            "rule": repeated(lambda: ruled.for_context(context).boolean("ruled", False), SDK_TIMES),
            "plain": repeated(lambda: features.boolean(PATH, False), SDK_TIMES),
            "compile": repeated(granted, SDK_TIMES // 10),
        }
    )
    each = {name: seconds / SDK_TIMES for name, seconds in taken.items()}
    compiling = taken["compile"] / (SDK_TIMES // 10)
    return [
        _row("our provider in the SDK, beside its in-memory one", each["ours"], each["theirs"]),
        _row(
            "a rule with a rollout, first asked, beside a plain flag", each["rule"], each["plain"]
        ),
        _row("compiling 15 features and a plan, beside a plain flag", compiling, each["plain"]),
    ]


RULED = FeatureDefinition(
    path="ruled",
    type=FeatureType.BOOL,
    default=False,
    rules=(
        TargetingRule(
            id="spain",
            serves=Rollout(variants=(Variant(value=True),), share=50),
            constraints=(Constraint(attribute="country", operator="IN", values=("ES",)),),
        ),
    ),
)


def _row(what: str, ours: float, beside: float, goal: float | None = None) -> Row:
    ratio = ours / beside
    return Row(
        what=what,
        ours=f"{ours * 1e6:.3f} µs",
        beside=f"{beside * 1e6:.3f} µs",
        ratio=ratio,
        goal="shown" if goal is None else f"≤ {goal:g}",
        met=goal is None or ratio <= goal,
    )
