"""What a subscription is billed for: its price, how many, and the add-ons that go with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.errors import SaasKitError
from saaskit_core.money import Money
from saaskit_core.periods import Interval, Unit
from saaskit_core.plans import InvalidPrice, Price

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_QUANTITY = 1_000_000
MAX_ADD_ONS = 14
"""With the price itself fifteen items: the most that one subscription bills on one day."""


class InvalidQuantity(SaasKitError):
    code = "invalid_quantity"
    template = "%(quantity)s is not possible: the quantity is a whole number from 1 to 1000000."


class AddOnDoesNotFit(SaasKitError):
    code = "add_on_does_not_fit"
    template = "The add-on %(add_on)s can't go with the plan %(plan)s: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOn:
    """A further price that a subscription carries, so many of it."""

    price: Price
    quantity: int = 1

    def __post_init__(self) -> None:
        """Refuse an impossible quantity, and what has no price."""
        _check_price(self.price)
        check_quantity(self.quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a period: `times` is how often the price's interval fits into that period."""

    price: Price
    quantity: int
    times: int = 1

    @property
    def amount(self) -> Money:
        """What it costs for a whole period, before discounts and tax."""
        return self.price.amount * (self.quantity * self.times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A price, a quantity and add-ons that fit together. Raises InvalidQuantity, AddOnDoesNotFit.

    Add-ons are in the order of their price ids, each price once, in the currency of the price; the
    price's interval is a whole number of theirs (a year is twelve months, a week seven days), and
    each is billed that many times, in advance, on the invoice of the price.
    """

    price: Price
    quantity: int = 1
    add_ons: tuple[AddOn, ...] = ()

    def __post_init__(self) -> None:
        """Put the add-ons in order and refuse what doesn't fit."""
        _check_price(self.price)
        check_quantity(self.quantity)
        if self.add_ons:
            object.__setattr__(self, "add_ons", _fitting(self.price, self.add_ons))

    @property
    def items(self) -> tuple[Item, ...]:
        """The price first, then the add-ons."""
        return items(self.price, self.quantity, self.add_ons)

    @property
    def amount(self) -> Money:
        """What a whole period costs, before discounts and tax."""
        return Money.total((item.amount for item in self.items), self.price.amount.currency)

    @property
    def monthly(self) -> Fraction:
        """Minor units per month, exact, before discounts; nothing for what doesn't recur."""
        if self.price.interval is None:
            return Fraction(0)
        return self.amount.minor / self.price.interval.months

    @property
    def scaled(self) -> Price:
        """The price of everything together, to be compared with another."""
        return replace(self.price, amount=self.amount)


def items(price: Price, quantity: int, add_ons: Iterable[AddOn] = ()) -> tuple[Item, ...]:
    """List what a period bills: the price first, then the add-ons. Raises AddOnDoesNotFit."""
    base = Item(price=price, quantity=quantity)
    return (
        base,
        *(
            Item(price=each.price, quantity=each.quantity, times=times(each.price, price))
            for each in add_ons
        ),
    )


def times(add_on: Price, price: Price) -> int:
    """Return how often an add-on's interval fits into that of the price it goes with.

    Raises AddOnDoesNotFit when it doesn't fit without a remainder.
    """
    if add_on.interval is None or price.interval is None:
        raise _misfit(add_on, price, "a One-Time price is bought by itself")
    (kind, length), (part_kind, part) = _length(price.interval), _length(add_on.interval)
    if kind != part_kind or length % part:
        raise _misfit(add_on, price, f"it is billed {_often(add_on)}, the plan {_often(price)}")
    return length // part


def check_quantity(quantity: object) -> None:
    """Raise InvalidQuantity unless it is a whole number from 1 to a million."""
    if type(quantity) is not int or not 1 <= quantity <= MAX_QUANTITY:
        raise InvalidQuantity(quantity=repr(quantity)[:40])


def _check_price(price: object) -> None:
    if not isinstance(price, Price):
        raise InvalidPrice(plan=repr(price)[:40], problem="it is none")


def _check_kinds(price: Price, add_ons: Iterable[object]) -> None:
    for each in add_ons:
        if not isinstance(each, AddOn):
            raise AddOnDoesNotFit(add_on=repr(each)[:40], plan=price.plan, problem="it is none")


def _fitting(price: Price, add_ons: Iterable[AddOn]) -> tuple[AddOn, ...]:
    listed = tuple(add_ons)
    _check_kinds(price, listed)
    ordered = tuple(sorted(listed, key=lambda each: each.price.id))
    seen = {price.id}
    for each in ordered:
        if each.price.id in seen:
            raise _misfit(each.price, price, "it is there already, change its quantity")
        if each.price.amount.currency != price.amount.currency:
            raise _misfit(each.price, price, f"its price is in {each.price.amount.currency}")
        times(each.price, price)
        seen.add(each.price.id)
    if len(ordered) > MAX_ADD_ONS:
        raise _misfit(ordered[-1].price, price, f"there are {MAX_ADD_ONS} already")
    return ordered


def _misfit(add_on: Price, price: Price, problem: str) -> AddOnDoesNotFit:
    return AddOnDoesNotFit(add_on=add_on.plan, plan=price.plan, problem=problem)


def _length(interval: Interval) -> tuple[bool, int]:
    """In months for calendar intervals, in days for the others."""
    match interval.unit:
        case Unit.DAY:
            return False, interval.count
        case Unit.WEEK:
            return False, 7 * interval.count
        case Unit.MONTH:
            return True, interval.count
        case Unit.YEAR:
            return True, 12 * interval.count


def _often(price: Price) -> str:
    if price.interval is None:
        return "once"
    return f"every {price.interval.count} {price.interval.unit}"
