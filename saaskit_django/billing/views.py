"""The endpoints of invoices and the wallet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from rest_framework.response import Response

from saaskit_django.billing.documents import invoice_html
from saaskit_django.billing.selectors import invoice_of, invoices_of, wallet_balances
from saaskit_django.billing.serializers import invoice_data
from saaskit_django.customers.permissions import MayMoveMoney
from saaskit_django.customers.selectors import acting_customer
from saaskit_django.rest.fields import money_text
from saaskit_django.rest.pagination import paginated
from saaskit_django.rest.serializers import NoInput, query_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request


class ListInvoices(SaasKitView):
    """The acting customer's invoices."""

    permission_classes = (MayMoveMoney,)

    def get(self, request: Request) -> Response:
        """List them, newest first."""
        query_of(request, NoInput)
        return paginated(request, invoices_of(acting_customer(request)), invoice_data)


class OneInvoice(SaasKitView):
    """One invoice of the acting customer."""

    permission_classes = (MayMoveMoney,)

    def get(self, request: Request, public_id: UUID) -> Response:
        """Show it."""
        return Response(invoice_data(invoice_of(acting_customer(request), public_id)))


class InvoiceDocument(SaasKitView):
    """One invoice of the acting customer as a page."""

    permission_classes = (MayMoveMoney,)

    def get(self, request: Request, public_id: UUID) -> HttpResponse:
        """Show the page; it loads nothing from elsewhere."""
        page = HttpResponse(invoice_html(invoice_of(acting_customer(request), public_id)))
        page["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        return page


class Wallet(SaasKitView):
    """The acting customer's credit."""

    permission_classes = (MayMoveMoney,)

    def get(self, request: Request) -> Response:
        """Show the balance per currency."""
        balances = wallet_balances(acting_customer(request))
        return Response({"balances": {each.currency: money_text(each) for each in balances}})
