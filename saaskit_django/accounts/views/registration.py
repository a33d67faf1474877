"""Make an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.response import Response

from saaskit_core.periods import BillingFrequency
from saaskit_django import clock
from saaskit_django.accounts.serializers import (
    RegisterInput,
    RegisterUserInput,
    profile_values,
    registered_data,
    user_data,
)
from saaskit_django.accounts.services import registration
from saaskit_django.accounts.services.registration import NewUser, Order
from saaskit_django.accounts.views.base import OpenView, origin_of
from saaskit_django.rest.serializers import body_of

if TYPE_CHECKING:
    from rest_framework.request import Request


class Register(OpenView):
    """Make an account with a plan. The address is what keeps a repetition from happening twice."""

    def post(self, request: Request) -> Response:
        """Make user and subscription; a paid plan waits for its payment, or its trial runs."""
        given = body_of(request, RegisterInput)
        order = Order(
            plan_id=given["subscription_plan_id"],
            frequency=BillingFrequency(given["billing_frequency"]),
            currency=given["currency"],
            coupon_code=given["coupon_code"],
            provider=given["provider"],
            payment_method=given["payment_method"],
        )
        registered = registration.register(
            new=_new_user(given), order=order, origin=origin_of(request), now=clock.now()
        )
        return Response(registered_data(registered), status=201)


class RegisterUser(OpenView):
    """Make an account without a plan; the default plan needs no row."""

    def post(self, request: Request) -> Response:
        """Make the user."""
        given = body_of(request, RegisterUserInput)
        user = registration.register_user(
            new=_new_user(given), origin=origin_of(request), now=clock.now()
        )
        return Response(user_data(user), status=201)


def _new_user(given: dict[str, Any]) -> NewUser:
    return NewUser(
        email=given["email"],
        password=given["password"],
        full_name=given["full_name"],
        profile=profile_values(given),
        referral_code=given.get("referral_code", ""),
    )
