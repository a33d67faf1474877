"""Chance that can be repeated: the same seed and names give the same numbers, anywhere, always.

The generator is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
generators", OOPSLA 2014): number k is a mix of `start + k × constant`, so it is a mere counter.
The start is the BLAKE2b hash of the seed and of names, so that every customer has a stream of his
own and one customer more changes nobody else's. Whole numbers only: no float, no hash(), no order
of a set, so that results don't depend on the Python version or on PYTHONHASHSEED.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

T = TypeVar("T")

SPAN = 2**64
"""A draw is one of so many whole numbers, from 0 on."""
_MASK = SPAN - 1
_GAMMA = 0x9E3779B97F4A7C15
_WEIGHT_PLACES = 10**6


class Stream:
    """One endless row of numbers, fixed by a seed and names."""

    __slots__ = ("_state",)

    def __init__(self, seed: int, *names: str) -> None:
        text = "\x1f".join((str(seed), *names))
        self._state = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")

    def draw(self) -> int:
        """Return the next number, from 0 to 2⁶⁴ − 1."""
        self._state = state = (self._state + _GAMMA) & _MASK
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def below(self, count: int) -> int:
        """Return a number from 0 to `count` − 1; the bias is under count ÷ 2⁶⁴."""
        return (self.draw() * count) >> 64

    def between(self, low: int, high: int) -> int:
        """Return a number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, threshold: int) -> bool:
        """Tell whether something happens that has this `threshold` (see `threshold_of`)."""
        return self.draw() < threshold


def threshold_of(rate: Decimal) -> int:
    """Return what a draw must be under to happen as often as `rate` says, from 0 to 1, exactly."""
    part, whole = rate.as_integer_ratio()
    return SPAN * part // whole


@dataclass(frozen=True, slots=True)
class Mix(Generic[T]):
    """Values with their weights, to pick from."""

    values: tuple[T, ...]
    weights: tuple[int, ...]
    bounds: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Add the weights up once."""
        object.__setattr__(self, "bounds", tuple(accumulate(self.weights)))

    def pick(self, stream: Stream) -> T:
        """Return one of the values, each as often as it weighs."""
        return self.values[bisect_right(self.bounds, stream.below(self.bounds[-1]))]


def mix_of(weights: Mapping[T, Decimal]) -> Mix[T] | None:
    """Return the mix of what weighs more than nothing (to six decimals), None when nothing does."""
    whole = {value: int(weight * _WEIGHT_PLACES) for value, weight in weights.items()}
    kept = {value: weight for value, weight in whole.items() if weight > 0}
    return Mix(tuple(kept), tuple(kept.values())) if kept else None
