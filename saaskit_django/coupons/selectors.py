"""Reads of coupons and of their uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saaskit_core.coupons import (
    MAX_CODE_LENGTH,
    CouponCodeInvalid,
    CouponNotRedeemable,
    Uses,
    normalise_code,
    redeem,
)
from saaskit_django.coupons.models import TAKEN, Coupon, CouponUsage, UsageStatus

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from saaskit_core.coupons import Discount
    from saaskit_core.money import Money
    from saaskit_django.customers.models import Customer


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who buys what: the customer (None: a stranger), the plan's key, the undiscounted price."""

    customer: Customer | None
    plan: str
    price: Money
    user: Any = None
    has_purchased: bool = False


def coupons() -> QuerySet[Coupon]:
    """Return coupons with everything `to_core()` needs, in three queries however many."""
    return Coupon.objects.prefetch_related("amounts", "applicable_plans").order_by("pk")


def existing_coupon(raw: str) -> Coupon:
    """Return the coupon of a code in any spelling.

    Raises CouponNotRedeemable, which doesn't say whether there is such a coupon.
    """
    code = known_spelling(raw)
    coupon = coupons().filter(code=code).first()
    if coupon is None:
        raise CouponNotRedeemable(code=code)
    return coupon


def known_spelling(raw: str) -> str:
    """Return the one spelling of a code. Raises CouponNotRedeemable for what can't be one."""
    try:
        return normalise_code(raw)
    except CouponCodeInvalid as exc:
        raise CouponNotRedeemable(code=raw.strip()[:MAX_CODE_LENGTH]) from exc


def check(code: str, buyer: Buyer, *, now: datetime) -> tuple[Coupon, Discount]:
    """Work out what a coupon would take off, taking no use.

    A use that the customer holds already counts as his to take. Raises CouponNotRedeemable
    subclasses.
    """
    coupon = existing_coupon(code)
    taken = CouponUsage.objects.filter(coupon=coupon, status__in=TAKEN)
    lapsed = taken.filter(status=UsageStatus.RESERVED, expires_at__lte=now)
    theirs, held = _of(buyer, taken.exclude(pk__in=lapsed.values("pk")))
    uses = Uses(
        total=max(0, coupon.current_uses - lapsed.count() - held),
        by_customer=theirs,
        has_purchased=buyer.has_purchased,
    )
    return coupon, redeem(coupon.to_core(), plan=buyer.plan, price=buyer.price, uses=uses, now=now)


def _of(buyer: Buyer, taken: QuerySet[CouponUsage]) -> tuple[int | None, int]:
    """Return how many uses the buyer has taken (None: a stranger), and how many he holds."""
    if buyer.customer is None:
        return None, 0
    references = list(
        taken.filter(customer_id=buyer.customer.pk).values_list("reference", flat=True)
    )
    held = references.count("")
    return len(references) - held, held
