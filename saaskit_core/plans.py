"""Plans and their prices: what is for sale, and which way a change of price goes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import CurrencyMismatch, Money
from saaskit_core.periods import INTERVALS, BillingFrequency, Interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saaskit_core.features.documents import JSON

MAX_TRIAL_DAYS = 3650
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")


class NegativePrice(SaasKitError):
    code = "negative_price"
    template = "The price of %(plan)s can't be %(amount)s: a price is zero or more."


class InvalidPrice(SaasKitError):
    code = "invalid_price"
    template = "The price of %(plan)s is not possible: %(problem)s."


class InvalidPlan(SaasKitError):
    code = "invalid_plan"
    template = "The plan %(plan)s is not possible: %(problem)s."


class PriceNotForSale(SaasKitError):
    code = "price_not_for_sale"
    kind = ErrorKind.INVALID
    template = "%(plan)s is not sold %(frequency)s in %(currency)s."


class ChangeType(StrEnum):
    """Which way a change of price goes, by the amount per month."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    SAME_LEVEL = "same_level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a plan costs per interval in one currency. Another amount is another version.

    `interval` follows from `frequency` when left out; One-Time has none. A custom interval has
    no frequency.
    """

    id: str
    plan: str
    amount: Money
    frequency: BillingFrequency | None = None
    interval: Interval | None = None
    version: int = 1

    def __post_init__(self) -> None:
        """Refuse a negative amount and an interval that contradicts the frequency."""
        _check_kinds(self)
        if self.amount.minor < 0:
            raise NegativePrice(plan=self.plan, amount=str(self.amount))
        if type(self.version) is not int or self.version < 1:
            raise InvalidPrice(plan=self.plan, problem="versions count from 1")
        if self.frequency is None:
            if self.interval is None:
                raise InvalidPrice(plan=self.plan, problem="it needs a frequency or an interval")
            return
        object.__setattr__(self, "frequency", _frequency(self))
        usual = INTERVALS.get(self.frequency)
        if self.interval not in (None, usual):
            raise InvalidPrice(
                plan=self.plan, problem=f"{self.frequency} has its own interval, leave it out"
            )
        object.__setattr__(self, "interval", usual)

    @property
    def is_recurring(self) -> bool:
        """Whether it is due again and again; One-Time isn't."""
        return self.interval is not None

    @property
    def is_free(self) -> bool:
        """Whether it costs nothing."""
        return not self.amount

    def supersedes(self, other: Price) -> bool:
        """Tell whether it is a newer version of `other`: same plan, currency and interval."""
        return (
            self.version > other.version
            and self.plan == other.plan
            and self.amount.currency == other.amount.currency
            and self.interval == other.interval
        )

    @property
    def monthly(self) -> Fraction:
        """Minor units per month, exact; nothing for One-Time, which doesn't recur."""
        return Fraction(self.amount.minor) / self.interval.months if self.interval else Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is sold: features at prices. Of the plans of one `group` a customer has one."""

    key: str
    name: str
    description: str = ""
    group: str = "main"
    trial_days: int = 0
    features: Mapping[str, JSON] = field(default_factory=dict)
    prices: tuple[Price, ...] = ()
    is_public: bool = True
    is_active: bool = True

    def __post_init__(self) -> None:
        """Refuse a malformed key or group, an impossible trial, two prices for one thing."""
        check_key(self.key)
        check_key(self.group)
        if not _is_said(self.name):
            raise InvalidPlan(plan=self.key, problem="it needs a name")
        if type(self.trial_days) is not int or not 0 <= self.trial_days <= MAX_TRIAL_DAYS:
            raise InvalidPlan(plan=self.key, problem=f"trial days are 0 to {MAX_TRIAL_DAYS}")
        sold = [(price.amount.currency, price.interval) for price in self.prices]
        if len(set(sold)) != len(sold):
            raise InvalidPlan(plan=self.key, problem="two prices for one currency and frequency")
        if any(price.plan != self.key for price in self.prices):
            raise InvalidPlan(plan=self.key, problem="it holds a price of another plan")

    @property
    def is_for_sale(self) -> bool:
        """Whether a customer may choose it by himself."""
        return self.is_public and self.is_active

    def price(self, *, currency: str, frequency: BillingFrequency) -> Price:
        """Return the price for a currency and frequency. Raises PriceNotForSale if none."""
        for price in self.prices:
            if (price.amount.currency, price.frequency) == (currency, frequency):
                return price
        raise PriceNotForSale(plan=self.name, currency=currency, frequency=frequency)

    def successor(self, price: Price) -> Price | None:
        """Return the newer version of a price that is sold now; None when there is none."""
        return next((newer for newer in self.prices if newer.supersedes(price)), None)


def revised(price: Price, *, price_id: str, amount: Money) -> Price:
    """Return the next version of a price, under an id of its own.

    A used price is never edited: whoever has it keeps it until the policy `price_change` says
    otherwise. Raises InvalidPrice for the same id, CurrencyMismatch for another currency.
    """
    if price_id == price.id:
        raise InvalidPrice(plan=price.plan, problem="a new version needs an id of its own")
    if amount.currency != price.amount.currency:
        raise CurrencyMismatch(left=price.amount.currency, right=amount.currency)
    return replace(price, id=price_id, amount=amount, version=price.version + 1)


def check_key(key: object) -> None:
    """Refuse a key that isn't 1 to 64 of a–z, 0–9, - and _. Raises InvalidPlan."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidPlan(plan=repr(key)[:70], problem="a key is 1 to 64 of a-z, 0-9, - and _")


def change_type(current: Price, new: Price) -> ChangeType:
    """Tell which way a change goes, by the exact amount per month.

    From free to paid is always an upgrade, in any currency. A paid One-Time price never falls
    due again, so it ranks above every recurring one. Raises CurrencyMismatch between paid
    prices of two currencies.
    """
    if current.is_free and new.is_free:
        return ChangeType.SAME_LEVEL
    if current.is_free:
        return ChangeType.UPGRADE
    if new.is_free:
        return ChangeType.DOWNGRADE
    if current.amount.currency != new.amount.currency:
        raise CurrencyMismatch(left=current.amount.currency, right=new.amount.currency)
    before, after = _rank(current), _rank(new)
    if before == after:
        return ChangeType.SAME_LEVEL
    return ChangeType.UPGRADE if after > before else ChangeType.DOWNGRADE


def _rank(price: Price) -> tuple[bool, Fraction]:
    amount = price.monthly if price.is_recurring else Fraction(price.amount.minor)
    return (not price.is_recurring, amount)


def _is_said(name: object) -> bool:
    return isinstance(name, str) and bool(name.strip())


def _check_kinds(price: Price) -> None:
    amount: object = price.amount
    interval: object = price.interval
    if not isinstance(amount, Money):
        raise InvalidPrice(plan=price.plan, problem="its amount is not money")
    if interval is not None and not isinstance(interval, Interval):
        raise InvalidPrice(plan=price.plan, problem="its interval is not one")


def _frequency(price: Price) -> BillingFrequency:
    """Read the wire value too: what is none must never pass for One-Time."""
    try:
        return BillingFrequency(str(price.frequency))
    except ValueError:
        raise InvalidPrice(
            plan=price.plan, problem=f"{price.frequency!r:.40} is not a frequency"
        ) from None
