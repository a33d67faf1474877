"""The endpoints that look back on a subscription and ahead to its invoices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.response import Response

from saaskit_django import clock
from saaskit_django.checkout.forecasts import upcoming_invoices
from saaskit_django.checkout.serializers.outlook import (
    HistoryQuery,
    UpcomingQuery,
    line_data,
    reasons_data,
    upcoming_data,
)
from saaskit_django.customers.permissions import MayMoveMoney
from saaskit_django.customers.selectors import acting_customer
from saaskit_django.customers.services import billing_now
from saaskit_django.rest.pagination import paginated
from saaskit_django.rest.serializers import query_of
from saaskit_django.rest.views import SaasKitView
from saaskit_django.subscriptions.history import History, history_of
from saaskit_django.subscriptions.selectors import latest_subscription

if TYPE_CHECKING:
    from rest_framework.request import Request


class SubscriptionHistory(SaasKitView):
    """What happened to the acting customer's subscription, and why."""

    def get(self, request: Request) -> Response:
        """List it in words, newest first, with why he gets in or doesn't."""
        wanted = query_of(request, HistoryQuery)
        customer = acting_customer(request)
        row = latest_subscription(customer, group=wanted["group"])
        at = billing_now(customer, clock.now())
        history = history_of(row, at=at) if row is not None else History()
        return paginated(request, history.lines, line_data, extra=reasons_data(row, history))


class UpcomingInvoices(SaasKitView):
    """What the acting customer will be billed."""

    permission_classes = (MayMoveMoney,)

    def get(self, request: Request) -> Response:
        """Show the next invoices, twelve unless asked, each line explained."""
        wanted = query_of(request, UpcomingQuery)
        row = latest_subscription(acting_customer(request), group=wanted["group"])
        coming = upcoming_invoices(row, wanted["count"]) if row is not None else ()
        return Response(upcoming_data(row, coming))
