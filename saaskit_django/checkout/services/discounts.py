"""Trying a coupon, and holding a use of it for a purchase to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from saaskit_django.coupons.selectors import Buyer, check
from saaskit_django.coupons.services import hold
from saaskit_django.customers.services import ensure_saved, lock_customer
from saaskit_django.payments.selectors import has_paid_before

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.coupons import Discount
    from saaskit_django.coupons.models import Coupon, CouponUsage
    from saaskit_django.customers.models import Customer
    from saaskit_django.plans.models import Price


def validate_coupon(
    customer: Customer, *, code: str, price: Price, now: datetime
) -> tuple[Coupon, Discount]:
    """Work out what a coupon would take off a plan's price, changing nothing.

    Raises CouponNotRedeemable subclasses.
    """
    return check(code, _buyer(customer, price, None), now=now)


@transaction.atomic(durable=True)
def hold_coupon(
    customer: Customer, *, code: str, price: Price, user: Any, now: datetime
) -> CouponUsage:
    """Hold a use for the customer's next purchase. Raises CouponNotRedeemable subclasses."""
    locked = lock_customer(ensure_saved(customer).pk)
    return hold(code, _buyer(locked, price, user), now=now)


def _buyer(customer: Customer, price: Price, user: Any) -> Buyer:
    return Buyer(
        customer=customer,
        plan=price.plan.key,
        price=price.amount,
        user=user,
        has_purchased=has_paid_before(customer),
    )
