"""Write coupons: their terms, and their uses."""

from __future__ import annotations

from saaskit_django.coupons.selectors import Buyer, check
from saaskit_django.coupons.services.reservations import (
    confirm,
    hold,
    release,
    release_expired,
    reserve,
)
from saaskit_django.coupons.services.terms import (
    CatalogImported,
    CouponLimitBelowUses,
    CouponPlanUnknown,
    import_catalog,
    put_coupon,
    set_active,
)

__all__ = [
    "Buyer",
    "CatalogImported",
    "CouponLimitBelowUses",
    "CouponPlanUnknown",
    "check",
    "confirm",
    "hold",
    "import_catalog",
    "put_coupon",
    "release",
    "release_expired",
    "reserve",
    "set_active",
]
