"""The endpoints of plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_django.plans.selectors import plans_for_sale
from saaskit_django.plans.serializers import PlanFilter, plan_data
from saaskit_django.rest.pagination import paginated
from saaskit_django.rest.permissions import Anyone
from saaskit_django.rest.serializers import query_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.request import Request
    from rest_framework.response import Response


class PlansForSale(SaasKitView):
    """What anyone may subscribe to."""

    permission_classes = (Anyone,)

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Ask nobody: an old token must not be in the way of the prices."""
        return []

    def get(self, request: Request) -> Response:
        """List the plans for sale, cheapest per month first."""
        wanted = query_of(request, PlanFilter)
        return paginated(request, plans_for_sale(currency=wanted.get("currency")), plan_data)
