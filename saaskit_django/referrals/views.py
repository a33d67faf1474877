"""The endpoints of referrals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.crypto import salted_hmac
from rest_framework.response import Response

from saaskit_django import clock
from saaskit_django.customers.permissions import MayMoveMoney
from saaskit_django.customers.selectors import acting_customer
from saaskit_django.limits.services import guess_limited
from saaskit_django.referrals.selectors import stats_of
from saaskit_django.referrals.serializers import (
    ApplyReferralInput,
    code_data,
    referral_data,
    stats_data,
)
from saaskit_django.referrals.services.claims import claim
from saaskit_django.referrals.services.codes import generate
from saaskit_django.rest.client_addresses import client_ip
from saaskit_django.rest.serializers import NoInput, body_of, query_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class GenerateCode(SaasKitView):
    """The code a user shares."""

    permission_classes = (MayMoveMoney,)

    def post(self, request: Request) -> Response:
        """Answer it, made on first need."""
        body_of(request, NoInput)
        customer = acting_customer(request)
        code = generate(customer, user=request.user, ip_hash=_ip_hash(request))
        return Response(code_data(code, currency=customer.currency))


class ApplyCode(SaasKitView):
    """Somebody's code, given by who came by it."""

    permission_classes = (MayMoveMoney,)

    def post(self, request: Request) -> Response:
        """Note the referral, once for life."""
        given = body_of(request, ApplyReferralInput)
        guess_limited(request, "referral")
        customer = acting_customer(request)
        row = claim(
            customer,
            code=given["code"],
            user=request.user,
            now=clock.now(),
            ip_hash=_ip_hash(request),
        )
        return Response(referral_data(row, currency=customer.currency))


class Stats(SaasKitView):
    """What came of a user's code."""

    permission_classes = (MayMoveMoney,)

    def get(self, request: Request) -> Response:
        """Count referrals and rewards."""
        query_of(request, NoInput)
        customer = acting_customer(request)
        stats = stats_of(customer, user=request.user)
        return Response(stats_data(stats, currency=customer.currency))


def _ip_hash(request: Request) -> str:
    """The address itself isn't kept: two alike are all that is asked for."""
    return salted_hmac("saaskit.referrals", client_ip(request), algorithm="sha256").hexdigest()[:32]
