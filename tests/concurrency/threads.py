"""Many at once: real threads, each with its own connection to the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connections

Given = TypeVar("Given")
Result = TypeVar("Result")


def at_once(work: Callable[[Given], Result], given: Sequence[Given]) -> list[Result]:
    """Run `work` on each of `given`, all in threads of their own that start together."""
    barrier = Barrier(len(given))

    def one(each: Given) -> Result:
        barrier.wait()
        try:
            return work(each)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(given)) as pool:
        return list(pool.map(one, given))
