"""Lines of a subscription's items: whole periods, and parts of them, with their discounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.billing.explanations import explain_discount, explain_part, explain_whole
from saaskit_core.billing.invoices import LineDraft, LineKind
from saaskit_core.billing.proration import Prorated, prorate
from saaskit_core.coupons import AppliedCoupon, Coupon, applies_to, canonical, discount_lines
from saaskit_core.money import Money
from saaskit_core.periods import Period, ProrationMode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saaskit_core.plans import Price
    from saaskit_core.subscriptions.terms import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Discounted:
    """An item and what coupons take off a whole period of it."""

    item: Item
    discount: Money
    codes: str = ""

    @property
    def net(self) -> Money:
        """What a whole period costs after discounts, without tax."""
        return self.item.amount - self.discount


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What is left of a period at an instant, and how it is counted."""

    period: Period
    at: datetime
    mode: ProrationMode
    zone: str

    @property
    def span(self) -> Period:
        """The part that is left."""
        return Period(max(self.period.starts_at, self.at), self.period.ends_at)

    def part(self, full: Money) -> Money:
        """Return what is left of an amount, rounded once."""
        return self._prorated(full).amount

    def explain(self, full: Money) -> str:
        """Say how much of an amount is left, with the exact fraction."""
        part = self._prorated(full)
        return explain_part(
            full, part.fraction, part.amount, self.period, at=self.at, mode=self.mode
        )

    def _prorated(self, full: Money) -> Prorated:
        return prorate(full, self.period, at=self.at, mode=self.mode, zone=self.zone)


def coupons_in_effect(
    coupons: Sequence[AppliedCoupon], *, price: Price, period: Period | None, zone: str = "UTC"
) -> tuple[Coupon, ...]:
    """Return the coupons that take something off `price` in a period, in canonical order."""
    return canonical(
        applied.coupon
        for applied in coupons
        if _fits(applied.coupon, price)
        and (period is None or applies_to(applied, period.starts_at, tz=zone))
    )


def discounted(
    items: Sequence[Item],
    coupons: Sequence[AppliedCoupon],
    *,
    period: Period | None,
    zone: str = "UTC",
) -> tuple[Discounted, ...]:
    """Work out what the coupons take off each item in a period.

    A coupon takes its part of all the items that it is for, rounded once and spread by largest
    remainder; one that is limited to plans leaves the other items alone.
    """
    if not coupons:
        zero = Money.zero(items[0].price.amount.currency)
        return tuple(Discounted(item=item, discount=zero) for item in items)
    meant = [
        {
            each.code: each
            for each in coupons_in_effect(coupons, price=item.price, period=period, zone=zone)
        }
        for item in items
    ]
    left = [item.amount for item in items]
    used: list[list[str]] = [[] for _ in items]
    known = {code: coupon for fitting in meant for code, coupon in fitting.items()}
    for coupon in canonical(known.values()):
        places = [place for place, fitting in enumerate(meant) if coupon.code in fitting]
        offs = discount_lines([left[place] for place in places], [coupon])
        for place, off in zip(places, offs, strict=True):
            left[place] -= off
            used[place] += [coupon.code] if off else []
    return tuple(
        Discounted(item=item, discount=item.amount - rest, codes=", ".join(codes))
        for item, rest, codes in zip(items, left, used, strict=True)
    )


def whole_line(
    item: Discounted, kind: LineKind, *, period: Period | None, description: str
) -> LineDraft:
    """Make the line of a whole period, or of a purchase without one."""
    return _line(
        item.item,
        kind,
        amount=item.item.amount,
        discount=item.discount,
        period=period,
        description=description,
        explanation=_whole(item.item, period)
        + explain_discount(item.item.amount, item.discount, item.codes),
    )


def rest_line(item: Discounted, rest: Rest, *, description: str) -> LineDraft:
    """Make the line that charges what is left of a period.

    The discount is that of a whole period in proportion, so that a change back at the same instant
    credits exactly what this one charged.
    """
    amount, net = rest.part(item.item.amount), rest.part(item.net)
    discount = amount - net
    return _line(
        item.item,
        LineKind.REMAINING_DEBIT,
        amount=amount,
        discount=discount,
        period=rest.span,
        description=description,
        explanation="Charge: "
        + rest.explain(item.item.amount)
        + explain_discount(amount, discount, item.codes),
    )


def unused_line(item: Item, net: Money, rest: Rest, *, description: str) -> LineDraft:
    """Make the line that gives back what is left of a period that cost `net`."""
    return _line(
        item,
        LineKind.UNUSED_CREDIT,
        amount=-rest.part(net),
        discount=Money.zero(net.currency),
        period=rest.span,
        description=description,
        explanation="Credit: " + rest.explain(net),
    )


def often(price: Price) -> str:
    """Say how often a price is due."""
    if price.frequency is not None:
        return price.frequency.value
    if price.interval is None:
        return "once"
    return f"every {price.interval.count} {price.interval.unit}"


def _whole(item: Item, period: Period | None) -> str:
    text = explain_whole(item.price.amount, item.quantity * item.times, item.amount, period)
    if item.times == 1:
        return text
    return f"{text} It is {item.quantity} × {item.times} periods, {often(item.price)}."


def _line(
    item: Item,
    kind: LineKind,
    *,
    amount: Money,
    discount: Money,
    period: Period | None,
    description: str,
    explanation: str,
) -> LineDraft:
    return LineDraft(
        kind=kind,
        description=description,
        quantity=item.quantity * item.times,
        unit=item.price.amount,
        amount=amount,
        discount=discount,
        tax=Money.zero(amount.currency),
        period=period,
        price_id=item.price.id,
        explanation=explanation,
    )


def _fits(coupon: Coupon, price: Price) -> bool:
    if coupon.plans and price.plan not in coupon.plans:
        return False
    return coupon.percent is not None or price.amount.currency in coupon.amounts
