"""The endpoints of kept payment methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.response import Response

from saaskit_django import clock, registry
from saaskit_django.customers.permissions import MayMoveMoney
from saaskit_django.customers.selectors import acting_customer
from saaskit_django.customers.services import ensure_saved
from saaskit_django.payments.selectors import methods_of
from saaskit_django.payments.serializers import MethodInput, method_data
from saaskit_django.payments.services.confirm import follow_up
from saaskit_django.payments.services.methods import add_method, remove_method
from saaskit_django.rest.pagination import paginated
from saaskit_django.rest.serializers import NoInput, body_of, query_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class PaymentMethods(SaasKitView):
    """The acting customer's kept payment methods."""

    is_limited_by_plan = False
    permission_classes = (MayMoveMoney,)

    def get(self, request: Request) -> Response:
        """List them, newest first."""
        query_of(request, NoInput)
        rows = methods_of(acting_customer(request))
        return paginated(request, rows, method_data)

    def post(self, request: Request) -> Response:
        """Keep one and make it the default; what is overdue is tried with it at once."""
        given = body_of(request, MethodInput)
        method, to_submit = add_method(
            ensure_saved(acting_customer(request)),
            provider_name=given.get("provider") or registry.default_provider(),
            method_ref=given["payment_method_id"],
            now=clock.now(),
        )
        follow_up(to_submit, now=clock.now())
        return Response(method_data(method), status=201)


class PaymentMethodView(SaasKitView):
    """One kept payment method."""

    is_limited_by_plan = False
    permission_classes = (MayMoveMoney,)

    def delete(self, request: Request, method_id: int) -> Response:
        """Forget it, here and at its provider."""
        body_of(request, NoInput)
        remove_method(acting_customer(request), method_id=method_id, now=clock.now())
        return Response(status=204)
