"""Features and limits: a check in the core, beside a plain nested lookup and a bare counter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

from saaskit_core.features import BUILTIN, Feature, Grant, compile_features
from saaskit_core.limits import MemoryCounterStore, Policy
from tests.bench.report import Row, medians

TIMES = 200_000
NOW = datetime(2026, 6, 1, tzinfo=UTC)
FEATURE_GOAL = 2.0


def measure() -> list[Row]:
    """Measure a resolved flag, a yes or no, and a charge in memory."""
    nested = {"a": {"b": {"c": {"d": {"e": True}}}}}
    grants = [Grant(plan="pro", features={"export_formats": {"csv": True}})]
    features = compile_features(BUILTIN, grants=grants, now=NOW)
    path = Feature.EXPORT_CSV.value
    taken = medians(
        {
            "nested": _repeated(lambda: nested["a"]["b"]["c"]["d"]["e"]),
            "boolean": _repeated(lambda: features.boolean(path, False)),
            "allows": _repeated(lambda: features.allows(path)),
        }
    )
    return [
        _feature("flag with its reason, beside a nested five-level lookup", taken, "boolean"),
        _feature("yes or no, beside a nested five-level lookup", taken, "allows"),
        _charge(),
    ]


def _feature(what: str, taken: dict[str, float], name: str) -> Row:
    ratio = taken[name] / taken["nested"]
    return Row(
        what=what,
        ours=_each(taken[name], TIMES),
        beside=_each(taken["nested"], TIMES),
        ratio=ratio,
        goal=f"≤ {FEATURE_GOAL}",
        met=ratio <= FEATURE_GOAL,
    )


def _charge() -> Row:
    store, times = MemoryCounterStore(), TIMES // 20
    policies = [Policy(name="calls", quota=10**9, window=timedelta(hours=1))]
    counts, lock = {"c": 0}, Lock()

    def bare() -> None:
        with lock:
            counts["c"] += 1

    taken = medians(
        {
            "ours": _repeated(lambda: store.consume("c", policies, cost=1, now=NOW), times),
            "bare": _repeated(bare, times),
        }
    )
    return Row(
        what="charge of a sliding window in memory, beside a dict and a lock",
        ours=_each(taken["ours"], times),
        beside=_each(taken["bare"], times),
        ratio=taken["ours"] / taken["bare"],
        goal="shown",
        met=True,
    )


def _repeated(work: Callable[[], object], times: int = TIMES) -> Callable[[], object]:
    def run() -> None:
        for _ in range(times):
            work()

    return run


def _each(seconds: float, times: int) -> str:
    return f"{seconds / times * 1e6:.3f} µs"
