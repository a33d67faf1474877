"""The endpoints of plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.response import Response

from saaskit_django.customers.permissions import IsAdmin
from saaskit_django.plans.selectors import plans_for_sale, plans_within
from saaskit_django.plans.serializers import (
    AdminQuery,
    PlanChangeInput,
    PlanInput,
    SaleQuery,
    changed_data,
    plan_data,
    plan_filter,
    plan_terms,
)
from saaskit_django.plans.services.editing import delete_plan, offer_plan, revise_plan
from saaskit_django.rest.pagination import paginated
from saaskit_django.rest.permissions import Anyone
from saaskit_django.rest.serializers import NoInput, body_of, query_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.request import Request


class PlansForSale(SaasKitView):
    """What anyone may subscribe to."""

    permission_classes = (Anyone,)

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Ask nobody: an old token must not be in the way of the prices."""
        return []

    def get(self, request: Request) -> Response:
        """List the plans for sale, cheapest per month first."""
        wanted = query_of(request, SaleQuery)
        return paginated(request, plans_for_sale(currency=wanted.get("currency")), plan_data)


class ListPlans(SaasKitView):
    """All plans, for admins."""

    permission_classes = (IsAdmin,)

    def get(self, request: Request) -> Response:
        """List them, those taken off sale too."""
        wanted = plan_filter(query_of(request, AdminQuery))
        return paginated(request, plans_within(wanted), plan_data)


class CreatePlan(SaasKitView):
    """A new plan."""

    permission_classes = (IsAdmin,)

    def post(self, request: Request) -> Response:
        """Put it on sale."""
        terms = plan_terms(body_of(request, PlanInput))
        return Response(plan_data(offer_plan(terms, actor=request.user)), status=201)


class UpdatePlan(SaasKitView):
    """One plan."""

    permission_classes = (IsAdmin,)

    def patch(self, request: Request, plan_id: int) -> Response:
        """Change it; another amount is a new version of its price."""
        terms = plan_terms(body_of(request, PlanChangeInput))
        return Response(changed_data(revise_plan(plan_id=plan_id, terms=terms, actor=request.user)))

    put = patch


class DeletePlan(SaasKitView):
    """One plan that nobody has."""

    permission_classes = (IsAdmin,)

    def delete(self, request: Request, plan_id: int) -> Response:
        """Hide it."""
        body_of(request, NoInput)
        delete_plan(plan_id=plan_id, actor=request.user)
        return Response(status=204)
