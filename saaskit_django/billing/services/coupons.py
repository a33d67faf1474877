"""Coupons on subscriptions: put on, kept once paid, taken off when nothing came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saaskit_django.billing.models import AppliedCoupon
from saaskit_django.coupons.selectors import Buyer, known_spelling
from saaskit_django.coupons.services import confirm, release, reserve

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_django.billing.models import Invoice
    from saaskit_django.plans.models import Price
    from saaskit_django.subscriptions.models import Subscription


def apply_coupon(
    row: Subscription,
    *,
    code: str,
    user: Any,
    has_purchased: bool,
    now: datetime,
    price: Price | None = None,
    is_change: bool = False,
) -> None:
    """Reserve a use and put the coupon on the subscription, inside a transaction.

    `price` is what is bought when it isn't the subscription's own, `is_change` that only a change
    of plan is. The use lives as long as the purchase may still be paid. One that is on it already
    stays as it is. Raises CouponNotRedeemable subclasses.
    """
    if row.coupons.filter(is_released=False, coupon__code=known_spelling(code)).exists():
        return
    bought = price or row.price
    buyer = Buyer(
        customer=row.customer,
        plan=bought.plan.key,
        price=bought.amount * row.quantity,
        user=user,
        has_purchased=has_purchased,
    )
    usage = reserve(code, buyer, reference=_purchase(row, is_change=is_change), now=now)
    AppliedCoupon.objects.get_or_create(
        usage=usage, defaults={"subscription": row, "coupon": usage.coupon}
    )


def confirm_coupons(row: Subscription, invoice: Invoice, *, now: datetime) -> None:
    """Keep the uses that a paid invoice was discounted by, inside a transaction."""
    if not invoice.discount_minor:
        return
    for applied in row.coupons.filter(is_released=False).select_related("usage"):
        confirm(applied.usage, now=now)
    row.coupons.filter(is_released=False, first_period_start__isnull=True).update(
        first_period_start=invoice.period_start or invoice.issued_at
    )


def release_coupons(row: Subscription, *, now: datetime, is_change: bool = False) -> None:
    """Give back the uses of a purchase that came to nothing, inside a transaction.

    `is_change` gives back those alone that were taken for a change of plan.
    """
    unconfirmed = AppliedCoupon.objects.filter(
        subscription=row, is_released=False, usage__status="reserved"
    )
    if is_change:
        unconfirmed = unconfirmed.filter(usage__reference=_purchase(row, is_change=True))
    for applied in unconfirmed.select_related("usage"):
        release(applied.usage, now=now)
        applied.is_released = True
        applied.save(update_fields=["is_released"])


def _purchase(row: Subscription, *, is_change: bool) -> str:
    """Name the purchase that a use is taken for: the subscription, or a change of it."""
    return f"{row.reference}:change" if is_change else row.reference
