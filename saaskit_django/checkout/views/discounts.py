"""The endpoints of coupons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.response import Response

from saaskit_core.coupons import CouponCodeInvalid, CouponNotRedeemable
from saaskit_django import clock
from saaskit_django.checkout.selectors import price_for_sale
from saaskit_django.checkout.serializers.purchases import (
    ApplyInput,
    ValidateInput,
    held_data,
    unusable_data,
    usable_data,
)
from saaskit_django.checkout.services.discounts import hold_coupon, validate_coupon
from saaskit_django.customers.permissions import MayMoveMoney
from saaskit_django.customers.selectors import acting_customer
from saaskit_django.limits.services import guess_limited
from saaskit_django.rest.idempotency import run_idempotent
from saaskit_django.rest.serializers import body_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class ValidateDiscount(SaasKitView):
    """A coupon code."""

    def post(self, request: Request) -> Response:
        """Say what it would take off; an unusable one gets one general answer."""
        given = body_of(request, ValidateInput)
        guess_limited(request, "coupon")
        price = price_for_sale(
            plan_id=given.get("plan_id"), frequency=given.get("billing_frequency")
        )
        try:
            coupon, discount = validate_coupon(
                acting_customer(request), code=given["code"], price=price, now=clock.now()
            )
        except (CouponNotRedeemable, CouponCodeInvalid):
            return Response(unusable_data(given["code"]))
        return Response(usable_data(coupon, discount, price))


class ApplyDiscount(SaasKitView):
    """A coupon for the acting customer's next purchase."""

    permission_classes = (MayMoveMoney,)

    def post(self, request: Request) -> Response:
        """Hold one use of it; the price is the server's."""
        given = body_of(request, ApplyInput)
        guess_limited(request, "coupon")
        price = price_for_sale(
            plan_id=given["subscription_plan_id"], frequency=given.get("billing_frequency")
        )

        def work() -> Response:
            usage = hold_coupon(
                acting_customer(request),
                code=given["code"],
                price=price,
                user=request.user,
                now=clock.now(),
            )
            return Response(held_data(usage))

        return run_idempotent(request, f"user:{request.user.pk}", work)
