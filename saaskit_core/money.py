"""Exact money: integer minor units and an ISO 4217 currency. No floats, no pydantic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from saaskit_core.currencies import EXPONENTS
from saaskit_core.errors import SaasKitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_MINOR = 2**63 - 1
"""The largest amount a signed 64-bit database column holds."""


class UnknownCurrency(SaasKitError):
    code = "unknown_currency"
    template = "%(currency)s is not an ISO 4217 currency code."


class InvalidAmount(SaasKitError):
    code = "invalid_amount"
    template = "%(amount)s is not an amount of money: %(problem)s."


class CurrencyMismatch(SaasKitError):
    code = "currency_mismatch"
    template = "%(left)s and %(right)s can't be combined: amounts are never converted."


def exponent(currency: str) -> int:
    """Return the number of decimals of `currency` (ISO 4217: JPY 0, USD 2, KWD 3).

    Raises UnknownCurrency for anything but an upper-case code of the list.
    """
    try:
        return EXPONENTS[currency]
    except (KeyError, TypeError):
        raise UnknownCurrency(currency=str(currency)[:16]) from None


def round_half_away(value: Fraction) -> int:
    """Round to the nearest integer, halves away from zero: 8.5 → 9, −8.5 → −9."""
    magnitude = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return magnitude if value >= 0 else -magnitude


def check_money(value: object) -> None:
    """Raise InvalidAmount for what isn't money, a float above all."""
    if not isinstance(value, Money):
        raise InvalidAmount(amount=repr(value)[:40], problem="use Money, never a bare number")


def has_places(value: Decimal, places: int) -> bool:
    """Tell whether a finite number has at most so many decimals, whatever the decimal context is.

    What is spelt with more than eighty digits hasn't: nobody writes that, and it takes long.
    """
    _, digits, shift = value.as_tuple()
    if len(digits) > _MOST_DIGITS or not isinstance(shift, int) or abs(shift) > _MOST_DIGITS:
        return False
    exact: Fraction = Fraction(value) * 10**places
    return exact.denominator == 1


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency.

    Arithmetic never mixes currencies and never rounds silently.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse what isn't exact: bool, float, an unknown currency, more than 64 bits."""
        if type(self.minor) is not int:
            raise InvalidAmount(amount=repr(self.minor)[:40], problem="minor units are an int")
        if abs(self.minor) > MAX_MINOR:
            raise _too_large(self.minor)
        if self.currency.__class__ is not str or self.currency not in EXPONENTS:
            exponent(self.currency)

    @classmethod
    def of(cls, amount: Decimal | str | int, currency: str) -> Money:
        """Build from major units: `Money.of("19.99", "USD")` is 1999 minor units.

        Raises InvalidAmount for a float, NaN, or more decimals than the currency has.
        """
        places = exponent(currency)
        scaled = Fraction(_decimal(amount)) * 10**places
        if scaled.denominator != 1:
            problem = f"{currency} has {places} decimals"
            raise InvalidAmount(amount=str(amount)[:40], problem=problem)
        return cls(scaled.numerator, currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return nothing, in `currency`."""
        return _zero(currency)

    @classmethod
    def total(cls, amounts: Iterable[Money], currency: str) -> Money:
        """Add up any number of amounts of one currency; none at all is zero."""
        minor = 0
        zero = cls.zero(currency)
        for amount in amounts:
            if amount.__class__ is not Money or amount.currency != currency:
                zero._same(amount)
            minor += amount.minor
        return _exact(minor, currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units with the currency's own number of decimals."""
        return Decimal(f"{self.minor}E-{exponent(self.currency)}")

    def __str__(self) -> str:
        """Format for logs and wires, not for people: "19.99 USD"."""
        places = EXPONENTS[self.currency]
        digits = str(abs(self.minor)).rjust(places + 1, "0")
        sign = "-" if self.minor < 0 else ""
        whole, part = digits[: len(digits) - places], digits[len(digits) - places :]
        return f"{sign}{whole}.{part} {self.currency}" if part else f"{sign}{whole} {self.currency}"

    def __add__(self, other: Money) -> Money:
        """Add two amounts of one currency."""
        return _exact(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Subtract an amount of the same currency."""
        return _exact(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        """Turn a charge into a credit and back."""
        return _exact(-self.minor, self.currency)

    def __mul__(self, count: int) -> Money:
        """Multiply by a whole number; for fractions there is `scaled`."""
        if type(count) is not int:
            raise InvalidAmount(
                amount=repr(count)[:40], problem="multiply by an int, or use scaled()"
            )
        return Money(self.minor * count, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        """Compare amounts of one currency."""
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        """Compare amounts of one currency."""
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        """Compare amounts of one currency."""
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        """Compare amounts of one currency."""
        return self.minor >= self._same(other)

    def __bool__(self) -> bool:
        """Zero is false."""
        return self.minor != 0

    def scaled(self, by: Fraction) -> Money:
        """Multiply by an exact fraction and round once, half away from zero.

        Raises InvalidAmount for a float or a Decimal, which aren't exact fractions.
        """
        if not isinstance(by, Fraction | int):
            raise InvalidAmount(amount=repr(by)[:40], problem="scale by a Fraction")
        return Money(round_half_away(self.minor * by), self.currency)

    def clamped(self, low: Money, high: Money) -> Money:
        """Return the amount, but no less than `low` and no more than `high`."""
        return max(low, min(self, high))

    def allocate(self, weights: Sequence[int | Fraction]) -> tuple[Money, ...]:
        """Split exactly by weight: the parts add up to the whole (largest remainder, then order).

        All weights zero means equal shares. Raises InvalidAmount for no weights or a negative one.
        """
        return tuple(Money(part, self.currency) for part in _largest_remainder(self.minor, weights))

    def _same(self, other: Money) -> int:
        if other.__class__ is not Money and not isinstance(other, Money):
            raise InvalidAmount(amount=repr(other)[:40], problem="only money combines with money")
        if other.currency != self.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)
        return other.minor


_MINOR, _CURRENCY = (Money.__dict__[name].__set__ for name in ("minor", "currency"))


@lru_cache(maxsize=256)
def _zero(currency: str) -> Money:
    return Money(0, currency)


def _exact(minor: int, currency: str) -> Money:
    """Make the sum of amounts that were checked when they were made; only its size is new."""
    if not -MAX_MINOR <= minor <= MAX_MINOR:
        raise _too_large(minor)
    money = object.__new__(Money)
    _MINOR(money, minor)
    _CURRENCY(money, currency)
    return money


def _too_large(minor: int) -> InvalidAmount:
    """Name it by its size: Python writes no int of more than 4300 digits out."""
    named = str(minor)[:40] if minor.bit_length() < 1000 else f"an int of {minor.bit_length()} bits"
    return InvalidAmount(amount=named, problem="it is too large")


def _decimal(amount: Decimal | str | int) -> Decimal:
    """Read an amount exactly, whatever the decimal context is; zero may have any exponent."""
    if isinstance(amount, bool | float):
        problem = "use a Decimal, a string or an int, never a float"
        raise InvalidAmount(amount=repr(amount), problem=problem)
    if isinstance(amount, str) and not _PLAIN.fullmatch(amount):
        raise InvalidAmount(amount=repr(amount[:40]), problem="it is not a decimal number")
    try:
        value = Decimal(amount)
    except (TypeError, ValueError):
        raise InvalidAmount(
            amount=repr(amount)[:40], problem="it is not a decimal number"
        ) from None
    if not value.is_finite():
        raise InvalidAmount(amount=str(amount), problem="it is not finite")
    if value and value.adjusted() > 18:
        raise InvalidAmount(amount=f"{value:.5e}", problem="it is too large")
    if value and value.adjusted() < -40:
        raise InvalidAmount(amount=f"{value:.5e}", problem="it has too many decimals")
    if len(value.as_tuple().digits) > _MOST_DIGITS:
        raise InvalidAmount(amount=f"{value:.5e}", problem="it has too many decimals")
    return value if value else Decimal(0)


_MOST_DIGITS = 80


_PLAIN = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
"""What a string may look like: no exponent, no grouping, no spaces, no other scripts' digits."""


def _largest_remainder(whole: int, weights: Sequence[int | Fraction]) -> list[int]:
    if not all(isinstance(weight, Fraction | int) for weight in weights):
        raise InvalidAmount(amount=str(whole), problem="its weights are whole numbers or Fractions")
    if not weights or any(weight < 0 for weight in weights):
        raise InvalidAmount(amount=str(whole), problem="it needs weights, none of them negative")
    shares = [Fraction(weight) for weight in weights]
    pool = sum(shares) or Fraction(len(shares))
    if not any(shares):
        shares = [Fraction(1)] * len(shares)
    sign = -1 if whole < 0 else 1
    exact = [abs(whole) * share / pool for share in shares]
    parts = [int(value) for value in exact]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_remainder[: abs(whole) - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]
