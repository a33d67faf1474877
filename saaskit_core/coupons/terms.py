"""The terms of a coupon, refused at definition when they make no sense."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.choices import read_choices
from saaskit_core.coupons.codes import normalise_code
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import Money, has_places
from saaskit_core.periods import utc
from saaskit_core.plans import MAX_TRIAL_DAYS

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.coupons.campaigns import Campaign

MAX_DURATION_MONTHS = 1200
PERCENT_PLACES = 4


class DiscountType(StrEnum):
    PERCENTAGE = "percentage"
    FIXED = "fixed"


class CouponDuration(StrEnum):
    """For how long it applies: the first period, a number of months, or always."""

    ONCE = "once"
    REPEATING = "repeating"
    FOREVER = "forever"


class InvalidCoupon(SaasKitError):
    code = "invalid_coupon"
    template = "The coupon %(code)s is not possible: %(problem)s."


class PercentOutOfRange(InvalidCoupon):
    code = "percent_out_of_range"
    template = "The coupon %(code)s can't take off %(percent)s %%: only above 0 and up to 100."


class CouponAmountNotPositive(InvalidCoupon):
    code = "coupon_amount_not_positive"
    template = "The coupon %(code)s can't have the amount %(amount)s: it is more than zero."


class CouponNotRedeemable(SaasKitError):
    """Base of every reason why a coupon can't be used now. Tell a stranger only that it can't."""

    code = "coupon_not_redeemable"
    kind = ErrorKind.CONFLICT
    template = "The coupon %(code)s can't be used for this purchase."


class CouponCurrencyMismatch(CouponNotRedeemable):
    code = "coupon_currency_mismatch"
    template = "The coupon %(code)s is not for purchases in %(currency)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """The terms of a coupon. Amounts are minor units per currency, [starts_at, ends_at) half-open.

    `percent` is 0 < p ≤ 100 for a percentage, `amounts` what a fixed one takes off. `minimums`
    are compared with the price before any discount. `plans` are plan keys, none means all.
    0 uses means unlimited.

    A `stackable` coupon goes with every other one that is stackable too; with `combines_with` only
    with those codes and campaigns, and each must name the other. An `exclusive` one goes alone.
    `campaign` limits what its coupons take off together; `trial_days` are a trial it gives.
    """

    code: str
    discount_type: DiscountType
    percent: Decimal | None = None
    amounts: Mapping[str, int] = field(default_factory=dict)
    duration: CouponDuration = CouponDuration.ONCE
    duration_months: int | None = None
    max_uses: int = 0
    max_uses_per_customer: int = 1
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    minimums: Mapping[str, int] = field(default_factory=dict)
    plans: frozenset[str] = frozenset()
    first_purchase_only: bool = False
    stackable: bool = False
    is_active: bool = True
    trial_days: int = 0
    description: str = ""
    exclusive: bool = False
    combines_with: frozenset[str] = frozenset()
    campaign: Campaign | None = None

    def __post_init__(self) -> None:
        """Normalise the code and refuse terms that make no sense."""
        object.__setattr__(self, "code", normalise_code(self.code))
        _check_kinds(self)
        _check_discount(self)
        _check_duration(self)
        _check_counts(self)
        _check_window(self)
        _check_company(self)
        for currency, minor in self.minimums.items():
            _check_amount(self, currency, minor)

    def combines(self, other: Coupon) -> bool:
        """Tell whether both may be used together: each must allow the other."""
        return self._allows(other) and other._allows(self)

    def discount(self, price: Money) -> Money:
        """Return what it takes off `price`: never more than the price, never less than nothing.

        Raises CouponCurrencyMismatch when a fixed coupon has no amount in that currency.
        """
        if self.percent is not None:
            off = price.scaled(Fraction(self.percent) / 100)
        elif price.currency in self.amounts:
            off = Money(self.amounts[price.currency], price.currency)
        else:
            raise CouponCurrencyMismatch(code=self.code, currency=price.currency)
        zero = Money.zero(price.currency)
        return off.clamped(zero, max(price, zero))

    def _allows(self, other: Coupon) -> bool:
        names = {other.code, other.campaign.key} if other.campaign else {other.code}
        return self.stackable and (not self.combines_with or bool(self.combines_with & names))


def _check_kinds(coupon: Coupon) -> None:
    """Read plain values of the enums: what is none must not make a coupon that never applies."""
    kinds = {"discount_type": DiscountType, "duration": CouponDuration}
    read_choices(coupon, kinds, refused=lambda problem: _refused(coupon, problem))
    for name in ("amounts", "minimums"):
        if not isinstance(getattr(coupon, name), Mapping):
            raise InvalidCoupon(code=coupon.code, problem=f"{name} are minor units per currency")
    _read_plans(coupon)


def _refused(coupon: Coupon, problem: str) -> InvalidCoupon:
    return InvalidCoupon(code=coupon.code, problem=problem)


def _read_plans(coupon: Coupon) -> None:
    given: object = coupon.plans
    plans = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (None,)
    if not all(isinstance(plan, str) for plan in plans):
        raise _refused(coupon, "plans are a set of their keys")
    object.__setattr__(coupon, "plans", frozenset(plans))


def _check_discount(coupon: Coupon) -> None:
    if coupon.discount_type is DiscountType.PERCENTAGE:
        if coupon.amounts:
            raise InvalidCoupon(code=coupon.code, problem="a percentage has no amounts")
        _check_percent(coupon.code, coupon.percent)
        return
    if coupon.percent is not None:
        raise InvalidCoupon(code=coupon.code, problem="a fixed discount has no percent")
    if not coupon.amounts:
        raise InvalidCoupon(code=coupon.code, problem="it needs an amount per currency")
    for currency, minor in coupon.amounts.items():
        _check_amount(coupon, currency, minor)


def _check_percent(code: str, percent: object) -> None:
    if not isinstance(percent, Decimal):
        raise InvalidCoupon(code=code, problem="a percentage needs a percent, as a Decimal")
    if not percent.is_finite() or not 0 < percent <= 100:
        raise PercentOutOfRange(code=code, percent=str(percent)[:20])
    if not has_places(percent, PERCENT_PLACES):
        raise InvalidCoupon(code=code, problem=f"a percent has at most {PERCENT_PLACES} decimals")


def _check_amount(coupon: Coupon, currency: str, minor: int) -> None:
    amount = Money(minor, currency)
    if amount.minor <= 0:
        raise CouponAmountNotPositive(code=coupon.code, amount=str(amount))


def _check_duration(coupon: Coupon) -> None:
    months = coupon.duration_months
    if coupon.duration is not CouponDuration.REPEATING:
        if months is not None:
            raise InvalidCoupon(code=coupon.code, problem="only a repeating coupon has months")
    elif type(months) is not int or not 1 <= months <= MAX_DURATION_MONTHS:
        raise InvalidCoupon(
            code=coupon.code, problem=f"a repeating coupon has 1 to {MAX_DURATION_MONTHS} months"
        )


def _check_counts(coupon: Coupon) -> None:
    counts = (coupon.max_uses, coupon.max_uses_per_customer, coupon.trial_days)
    if any(type(count) is not int or not 0 <= count < 2**31 for count in counts):
        raise InvalidCoupon(code=coupon.code, problem="uses and trial days are whole, 0 or more")
    if coupon.trial_days > MAX_TRIAL_DAYS:
        raise InvalidCoupon(code=coupon.code, problem=f"trial days are 0 to {MAX_TRIAL_DAYS}")


def _check_window(coupon: Coupon) -> None:
    for name in ("starts_at", "ends_at"):
        moment = getattr(coupon, name)
        if moment is not None:
            object.__setattr__(coupon, name, utc(moment))
    if coupon.starts_at and coupon.ends_at and coupon.ends_at <= coupon.starts_at:
        raise InvalidCoupon(code=coupon.code, problem="it ends before it starts")


def _check_company(coupon: Coupon) -> None:
    named = frozenset(normalise_code(name) for name in coupon.combines_with)
    object.__setattr__(coupon, "combines_with", named)
    if coupon.stackable and coupon.exclusive:
        raise InvalidCoupon(code=coupon.code, problem="an exclusive coupon isn't stackable")
    if named and not coupon.stackable:
        raise InvalidCoupon(code=coupon.code, problem="only a stackable coupon combines with some")
