"""Coupons, customers and purchases as the tests of this room need them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from saaskit_core.coupons import Candidate, Coupon, DiscountType, Purchase, Subject, Uses
from saaskit_core.money import Money

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
TTL = timedelta(minutes=30)


def usd(minor):
    return Money(minor, "USD")


def percent(value="20", code="SAVE", **terms):
    return Coupon(code=code, discount_type=DiscountType.PERCENTAGE, percent=Decimal(value), **terms)


def fixed(minor=1000, code="FIX", **terms):
    amounts = terms.pop("amounts", {"USD": minor})
    return Coupon(code=code, discount_type=DiscountType.FIXED, amounts=amounts, **terms)


def who(name):
    return Subject(account=name)


def purchase(order="o1", subject=None, *, minor=10000, currency="USD", plan="pro", **more):
    return Purchase(
        order=order,
        subject=who("ada") if subject is None else subject,
        plan=plan,
        price=Money(minor, currency),
        **more,
    )


def candidates(*coupons, **uses):
    return [Candidate(coupon=coupon, uses=Uses(**uses)) for coupon in coupons]
