"""Workers: threads in a small proof, forked processes in a large one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from django.db import connections

from tests.proof.sizes import IS_LARGE

Given = TypeVar("Given")
Result = TypeVar("Result")


def together(work: Callable[[Given], Result], given: Sequence[Given]) -> list[Result]:
    """Run `work` on each of `given` at the same time; `work` must be importable by its name."""
    if IS_LARGE:
        connections.close_all()  # A child must never inherit an open connection.
    with _pool(len(given)) as pool:
        return list(pool.map(partial(_and_hang_up, work), given))


def _pool(size: int) -> Executor:
    if IS_LARGE:
        return ProcessPoolExecutor(size, mp_context=get_context("fork"))
    return ThreadPoolExecutor(size)


def _and_hang_up(work: Callable[[Given], Result], given: Given) -> Result:
    try:
        return work(given)
    finally:
        connections.close_all()
