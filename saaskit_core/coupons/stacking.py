"""Several coupons on one purchase: which go together, in which order, and what each takes off."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.coupons.codes import normalise_code
from saaskit_core.coupons.discounts import canonical
from saaskit_core.coupons.redemption import (
    CouponHasNoEffect,
    Discount,
    Uses,
    check_terms,
    take_off,
)
from saaskit_core.coupons.terms import Coupon, CouponNotRedeemable
from saaskit_core.money import Money

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

MAX_COMBINED = 5
MAX_CODES = 30


class CouponNotStackable(CouponNotRedeemable):
    code = "coupon_not_stackable"
    template = "The coupon %(code)s can't be combined with another one."


class TooManyCoupons(CouponNotRedeemable):
    code = "too_many_coupons"
    template = "At most %(most)s coupons can be combined."


class ApplicationMode(StrEnum):
    """What happens when one of several coupons can't be used: none is, or it alone is left out."""

    ALL = "all"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A coupon that was asked for, and how often it is taken."""

    coupon: Coupon
    uses: Uses


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A coupon that isn't used, no use of it taken, and why."""

    coupon_code: str
    reason: CouponNotRedeemable


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """What several coupons take off one price, in the order they did."""

    price: Money
    discounts: tuple[Discount, ...]
    skipped: tuple[Skipped, ...]

    @property
    def off(self) -> Money:
        """What all take off together."""
        return Money.total((each.amount for each in self.discounts), self.price.currency)

    @property
    def total(self) -> Money:
        """What is left to pay, never below nothing; a total of nothing is not to be charged."""
        return self.price - self.off

    def explain(self) -> tuple[str, ...]:
        """Return one sentence per coupon: what it took off of what, or why it was left out."""
        left, told = self.price, []
        for each in self.discounts:
            told.append(f"{each.coupon_code} takes {each.amount} off {left}.")
            left = left - each.amount
        return (*told, *(f"{each.coupon_code} is left out: {each.reason}" for each in self.skipped))


def check_codes(given: Sequence[str]) -> tuple[str, ...]:
    """Return the codes in their one spelling, each once, before any is looked up.

    Raises TooManyCoupons when more than 30 are sent at all, CouponCodeInvalid.
    """
    if len(given) > MAX_CODES:
        raise TooManyCoupons(code="", most=MAX_CODES)
    return tuple(dict.fromkeys(normalise_code(raw) for raw in given))


def check_combination(coupons: Sequence[Coupon]) -> tuple[Coupon, ...]:
    """Return the coupons to apply in canonical order, each once; refuse what doesn't go together.

    Percentages come before fixed amounts, then by code, so that the order they were given in never
    matters. An exclusive one is returned alone. Raises TooManyCoupons, or CouponNotStackable unless
    each allows the others.
    """
    chosen = canonical({coupon.code: coupon for coupon in coupons}.values())
    if len(chosen) > MAX_COMBINED:
        raise TooManyCoupons(code="", most=MAX_COMBINED)
    exclusive = [coupon for coupon in chosen if coupon.exclusive]
    if exclusive:
        return (exclusive[0],)
    for index, coupon in enumerate(chosen):
        _check_company(coupon, chosen[:index])
    return chosen


def combine(
    candidates: Sequence[Candidate],
    *,
    plan: str,
    price: Money,
    now: datetime,
    mode: ApplicationMode = ApplicationMode.ALL,
) -> Combination:
    """Work out what the candidates take off `price` together, each of what those before it left.

    All are checked against the price before discounts. Of exclusive ones that could be used the
    first in canonical order is applied alone. What has nothing left to take off is left out and
    keeps its use, in both modes. With ALL any other refusal is raised, a CouponNotRedeemable
    subclass, and nothing is applied; with PARTIAL the coupon is skipped with its reason.
    """
    mode, distinct = ApplicationMode(mode), {each.coupon.code: each for each in candidates}
    if mode is ApplicationMode.ALL and len(distinct) > MAX_COMBINED:
        raise TooManyCoupons(code="", most=MAX_COMBINED)
    tab = _Tab(price=price, left=price, mode=mode)
    usable = []
    for coupon in canonical(each.coupon for each in distinct.values()):
        candidate = distinct[coupon.code]
        try:
            check_terms(coupon, plan=plan, price=price, uses=candidate.uses, now=now)
        except CouponNotRedeemable as reason:
            tab.leave_out(coupon, reason)
        else:
            usable.append(candidate)
    for candidate in sorted(usable, key=lambda each: not each.coupon.exclusive):
        try:
            tab.apply(candidate)
        except CouponNotRedeemable as reason:
            tab.leave_out(candidate.coupon, reason)
    return Combination(price=price, discounts=tuple(tab.discounts), skipped=tuple(tab.skipped))


@dataclass(slots=True, kw_only=True)
class _Tab:
    """What has been taken off so far, while several coupons are applied."""

    price: Money
    left: Money
    mode: ApplicationMode
    applied: list[Coupon] = field(default_factory=list)
    discounts: list[Discount] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    spent: Counter[str] = field(default_factory=Counter)

    def apply(self, candidate: Candidate) -> None:
        """Take the coupon off what is left. Raises CouponNotRedeemable, changing nothing."""
        coupon = candidate.coupon
        if len(self.applied) == MAX_COMBINED:
            raise TooManyCoupons(code=coupon.code, most=MAX_COMBINED)
        _check_company(coupon, self.applied)
        campaign = coupon.campaign.key if coupon.campaign else ""
        spent = candidate.uses.spent.get(self.price.currency, 0) + self.spent[campaign]
        discount = take_off(coupon, self.left, spent={self.price.currency: spent})
        self.spent[campaign] += discount.amount.minor
        self.left -= discount.amount
        self.applied.append(coupon)
        self.discounts.append(discount)

    def leave_out(self, coupon: Coupon, reason: CouponNotRedeemable) -> None:
        """Note why the coupon isn't used; where all must be, raise it unless that is harmless."""
        stands_alone = any(each.exclusive for each in self.applied)
        is_harmless = stands_alone or isinstance(reason, CouponHasNoEffect)
        if self.mode is ApplicationMode.ALL and not is_harmless:
            raise reason
        self.skipped.append(Skipped(coupon_code=coupon.code, reason=reason))


def _check_company(coupon: Coupon, others: Iterable[Coupon]) -> None:
    if not all(coupon.combines(other) for other in others):
        raise CouponNotStackable(code=coupon.code)
