"""Take, keep and give back uses of coupons: exact however many ask at once.

Every step begins with an UPDATE of the coupon's row, so that whoever uses the same coupon waits for
his turn, on SQLite as on PostgreSQL. What a limit allows is a condition of that UPDATE, and a
constraint of the table besides.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q

from saaskit_core.coupons import (
    CouponCustomerRequired,
    CouponUsedByCustomer,
    CouponUsedUp,
    Uses,
    redeem,
)
from saaskit_django.coupons.models import TAKEN, Coupon, CouponUsage, UsageStatus
from saaskit_django.coupons.selectors import existing_coupon, known_spelling

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from saaskit_django.coupons.selectors import Buyer

HELD_FOR = timedelta(minutes=30)
"""How long a use is held for a purchase that hasn't begun."""

CHUNK = 500


def hold(code: str, buyer: Buyer, *, now: datetime) -> CouponUsage:
    """Hold a use for a purchase to come, all rules checked anew. Inside a transaction.

    A use that is held already is held on. Raises CouponNotRedeemable subclasses, and then nothing
    is taken.
    """
    return _placed(code, buyer, now=now, expires_at=now + HELD_FOR)


def reserve(code: str, buyer: Buyer, *, reference: str, now: datetime) -> CouponUsage:
    """Take a use for the purchase `reference`, all rules checked anew. Inside a transaction.

    Once per purchase: the same reference again returns the same use. A use that is held for the
    customer is taken first. Raises CouponNotRedeemable subclasses, and then nothing is taken.
    """
    return _placed(code, buyer, now=now, reference=reference)


def confirm(usage: CouponUsage, *, now: datetime) -> None:
    """Keep a reserved use for good: its purchase is paid. Again does nothing."""
    CouponUsage.objects.filter(pk=usage.pk, status=UsageStatus.RESERVED).update(
        status=UsageStatus.CONFIRMED, confirmed_at=now, expires_at=None, updated_at=now
    )


def release(usage: CouponUsage, *, now: datetime) -> None:
    """Give a reserved use back: its purchase came to nothing. Inside a transaction.

    Again does nothing; a confirmed use stays.
    """
    held = CouponUsage.objects.filter(pk=usage.pk, status=UsageStatus.RESERVED)
    _drop(usage.coupon.code, held, now)


def release_expired(*, now: datetime, limit: int = CHUNK) -> int:
    """Give back uses that were held too long; each coupon in its own transaction."""
    lapsed = CouponUsage.objects.filter(status=UsageStatus.RESERVED, expires_at__lte=now)
    codes = set(lapsed.order_by("expires_at").values_list("coupon__code", flat=True)[:limit])
    given_back = 0
    for code in sorted(codes):
        with transaction.atomic():
            given_back += _expire(code, now)
    return given_back


def _placed(
    raw_code: str,
    buyer: Buyer,
    *,
    now: datetime,
    reference: str = "",
    expires_at: datetime | None = None,
) -> CouponUsage:
    code = known_spelling(raw_code)
    if buyer.customer is None:
        raise CouponCustomerRequired(code=code)
    with transaction.atomic():
        has_taken = _take(code) or (_expire(code, now) > 0 and _take(code))
        coupon = existing_coupon(code)
        theirs = _taken_by(coupon, buyer, now)
        standing = [usage for usage in theirs if reference and usage.reference == reference]
        held = [usage for usage in theirs if not usage.reference]
        if has_taken and (standing or held):
            _give_back(code, 1, now)
        elif not (has_taken or standing or held):
            raise CouponUsedUp(code=coupon.code)
        if standing:
            return standing[0]
        usage = held[0] if held else _new(coupon, buyer, theirs)
        usage.coupon = coupon
        _price(usage, buyer, by_customer=len(theirs) - len(held), now=now)
        usage.reference, usage.expires_at = reference, expires_at
        return _renewed(usage, now) if held else _inserted(usage)


def _take(code: str) -> bool:
    """Count one more use if the limit allows it; this also locks the coupon's row."""
    free = Q(max_uses=0) | Q(current_uses__lt=F("max_uses"))
    return bool(Coupon.objects.filter(free, code=code).update(current_uses=F("current_uses") + 1))


def _give_back(code: str, uses: int, now: datetime) -> None:
    rows = Coupon.objects.filter(code=code, current_uses__gte=uses)
    rows.update(current_uses=F("current_uses") - uses, updated_at=now)


def _taken_by(coupon: Coupon, buyer: Buyer, now: datetime) -> list[CouponUsage]:
    """Return the customer's uses of the coupon, after giving back what he held too long."""
    theirs = CouponUsage.objects.filter(coupon=coupon, customer=buyer.customer, status__in=TAKEN)
    found = list(theirs.order_by("pk"))
    if any(_has_lapsed(usage, now) for usage in found):
        coupon.current_uses -= _expire(coupon.code, now)
        found = [usage for usage in found if not _has_lapsed(usage, now)]
    return found


def _has_lapsed(usage: CouponUsage, now: datetime) -> bool:
    return (
        usage.status == UsageStatus.RESERVED
        and usage.expires_at is not None
        and usage.expires_at <= now
    )


def _new(coupon: Coupon, buyer: Buyer, theirs: Iterable[CouponUsage]) -> CouponUsage:
    slot = None
    if coupon.max_uses_per_user:
        taken = {usage.slot for usage in theirs}
        slot = next(number for number in count(1) if number not in taken)
    return CouponUsage(coupon=coupon, customer=buyer.customer, user=buyer.user, slot=slot)


def _price(usage: CouponUsage, buyer: Buyer, *, by_customer: int, now: datetime) -> None:
    """Check every rule under the lock; the use itself is counted already, so it isn't here."""
    coupon = usage.coupon
    uses = Uses(
        total=max(0, coupon.current_uses - 1),
        by_customer=by_customer,
        has_purchased=buyer.has_purchased,
    )
    discount = redeem(coupon.to_core(), plan=buyer.plan, price=buyer.price, uses=uses, now=now)
    usage.currency = buyer.price.currency
    usage.original_amount_minor = buyer.price.minor
    usage.discount_applied_minor = discount.amount.minor


def _inserted(usage: CouponUsage) -> CouponUsage:
    usage.save(force_insert=True)
    return usage


def _renewed(usage: CouponUsage, now: datetime) -> CouponUsage:
    """Keep what was held, for the purchase now, unless another purchase was faster."""
    still_held = CouponUsage.objects.filter(pk=usage.pk, reference="", status=UsageStatus.RESERVED)
    changed = still_held.update(
        reference=usage.reference,
        expires_at=usage.expires_at,
        currency=usage.currency,
        original_amount_minor=usage.original_amount_minor,
        discount_applied_minor=usage.discount_applied_minor,
        updated_at=now,
    )
    if not changed:
        raise CouponUsedByCustomer(code=usage.coupon.code)
    return usage


def _expire(code: str, now: datetime) -> int:
    lapsed = CouponUsage.objects.filter(status=UsageStatus.RESERVED, expires_at__lte=now)
    return _drop(code, lapsed, now)


def _drop(code: str, usages: QuerySet[CouponUsage], now: datetime) -> int:
    """Give back some uses of one coupon. Its row is locked before theirs, as everywhere."""
    Coupon.objects.filter(code=code).update(updated_at=now)
    dropped = usages.filter(coupon__code=code).update(
        status=UsageStatus.RELEASED, released_at=now, updated_at=now
    )
    if dropped:
        _give_back(code, dropped, now)
    return dropped
