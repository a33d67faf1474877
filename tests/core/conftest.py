"""Every run of the core's tests starts with empty caches."""

from __future__ import annotations

import functools
import gc

import pytest


@pytest.fixture(scope="session", autouse=True)
def empty_caches() -> None:
    """Forget what was computed before: a process forked from a warm one must compute it anew."""
    for found in gc.get_objects():
        if isinstance(found, functools._lru_cache_wrapper) and _is_ours(found):
            found.cache_clear()


def _is_ours(cached: functools._lru_cache_wrapper[object]) -> bool:
    return str(getattr(cached, "__module__", "")).startswith("saaskit_core")
