"""Exact amounts per month as whole numbers, so that a million of them add up fast."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

from saaskit_core.periods import Interval, Unit

USUAL = 84
"""Enough for the six frequencies: a week brings 365/84 of its amount per month."""


class Denominator:
    """Turns amounts into whole numbers: minor units per month times `value`.

    `value` grows when an interval needs it to; whoever keeps such numbers multiplies them then by
    the ratio that `raise_for` and `factor` report through `value`.
    """

    __slots__ = ("_factors", "value")

    def __init__(self) -> None:
        """Begin with what the six frequencies need."""
        self.value = USUAL
        self._factors: dict[tuple[str, int], int] = {}

    def factor(self, unit: str, count: int) -> int:
        """Return what an amount per `count` `unit`s is multiplied by; `value` may grow for it."""
        known = self._factors.get((unit, count))
        return known if known is not None else self._learn(unit, count)

    def raise_for(self, denominator: int) -> None:
        """Make `value` a multiple of a denominator."""
        if self.value % denominator:
            self.value = lcm(self.value, denominator)
            self._factors.clear()

    def scaled(self, monthly: Fraction) -> int:
        """Return an exact amount per month as a whole number; `value` may grow for it."""
        numerator, denominator = monthly.as_integer_ratio()
        if self.value % denominator:
            self.raise_for(denominator)
        return numerator * (self.value // denominator)

    def exact(self, scaled: int) -> Fraction:
        """Return the minor units per month that a whole number stands for."""
        return Fraction(scaled, self.value)

    def _learn(self, unit: str, count: int) -> int:
        rate = 1 / Interval(Unit(unit), count).months
        self.raise_for(rate.denominator)
        factor = rate.numerator * (self.value // rate.denominator)
        self._factors[unit, count] = factor
        return factor
