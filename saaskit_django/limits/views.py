"""The endpoints of limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.response import Response

from saaskit_django import clock
from saaskit_django.features.selectors import entitlements_of
from saaskit_django.limits.selectors import usage_of
from saaskit_django.limits.serializers import LimitsQuery, limits_data
from saaskit_django.rest.serializers import query_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class MyLimits(SaasKitView):
    """The acting customer's limits. Asking is free, even when they are reached."""

    is_limited_by_plan = False

    def get(self, request: Request) -> Response:
        """Show what is used and what remains."""
        wanted = query_of(request, LimitsQuery)
        now = clock.now()
        found = entitlements_of(request, now=now)
        usage = usage_of(found.customer, now=now, features=found.features)
        return Response({"limits": limits_data(usage, check_type=wanted["check_type"])})
