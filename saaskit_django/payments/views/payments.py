"""The endpoints of payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.response import Response

from saaskit_core.customers import Role
from saaskit_core.money import Money
from saaskit_django import clock
from saaskit_django.customers.permissions import IsAdmin, MayMoveMoney
from saaskit_django.customers.selectors import acting_customer, role_of
from saaskit_django.payments import selectors
from saaskit_django.payments.serializers import (
    AdminPaymentsQuery,
    ConfirmInput,
    HistoryQuery,
    PaymentsQuery,
    RefundInput,
    StatusQuery,
    admin_payment_filter,
    history_data,
    intent_data,
    payment_data,
    payment_filter,
    refund_data,
    refund_request_data,
    totals_data,
)
from saaskit_django.payments.services.confirm import confirm, refresh
from saaskit_django.payments.services.refund import refund, request_refund
from saaskit_django.rest.errors import PermissionRefused
from saaskit_django.rest.idempotency import run_idempotent
from saaskit_django.rest.pagination import paginated
from saaskit_django.rest.serializers import body_of, query_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class ConfirmPayment(SaasKitView):
    """One payment of the acting customer."""

    permission_classes = (MayMoveMoney,)

    def post(self, request: Request) -> Response:
        """Charge it with the payer's method; a decline is 402 with its reason."""
        given = body_of(request, ConfirmInput)
        payment = selectors.payment_of(acting_customer(request), given["transaction_id"])

        def work() -> Response:
            confirmed = confirm(
                payment,
                method_ref=given["payment_method_id"],
                idempotency_key=request.META.get("HTTP_IDEMPOTENCY_KEY", ""),
                now=clock.now(),
            )
            return Response(intent_data(confirmed))

        return run_idempotent(request, scope_of(request), work)


class PaymentStatusView(SaasKitView):
    """One payment of the acting customer."""

    permission_classes = (MayMoveMoney,)

    def get(self, request: Request) -> Response:
        """Say how it stands; with `refresh` the provider is asked."""
        wanted = query_of(request, StatusQuery)
        payment = selectors.payment_of(acting_customer(request), wanted["transaction_id"])
        if wanted["refresh"]:
            payment = refresh(payment, now=clock.now())
        return Response(intent_data(payment))


class RefundPayment(SaasKitView):
    """One payment: an admin gives money back, its owner asks for it."""

    def post(self, request: Request) -> Response:
        """Refund (200) or file the request for the admins (202)."""
        given = body_of(request, RefundInput)
        is_admin = role_of(request.user) is Role.ADMIN
        if not is_admin and not MayMoveMoney().has_permission(request, self):
            raise PermissionRefused
        payment = (
            selectors.any_payment(given["transaction_id"])
            if is_admin
            else selectors.payment_of(acting_customer(request), given["transaction_id"])
        )
        amount = Money.of(given["amount"], payment.currency) if "amount" in given else None

        def work() -> Response:
            if not is_admin:
                asked = request_refund(
                    payment,
                    amount=amount,
                    reason=given["reason"],
                    user=request.user,
                )
                return Response(refund_request_data(asked), status=202)
            made = refund(
                payment,
                amount=amount,
                reason=given["reason"],
                requested_by=request.user,
                now=clock.now(),
            )
            return Response(refund_data(made))

        return run_idempotent(request, scope_of(request), work)


class ListPayments(SaasKitView):
    """The acting customer's payments."""

    permission_classes = (MayMoveMoney,)

    def get(self, request: Request) -> Response:
        """List them, newest first, with what was received per currency."""
        customer = acting_customer(request)
        rows = selectors.payments_of(
            customer, payment_filter(query_of(request, PaymentsQuery), tz=customer.timezone)
        )
        extra = {"totals": totals_data(selectors.totals(rows))}
        return paginated(request, rows, payment_data, extra)


class ListAllPayments(SaasKitView):
    """All payments, for admins."""

    permission_classes = (IsAdmin,)

    def get(self, request: Request) -> Response:
        """List them, newest first, with what was received per currency."""
        wanted = admin_payment_filter(query_of(request, AdminPaymentsQuery))
        rows = selectors.payments_within(wanted)
        extra = {"totals": totals_data(selectors.totals(rows))}
        return paginated(request, rows, payment_data, extra)


class BillingHistory(SaasKitView):
    """The acting customer's payments with what they paid for."""

    permission_classes = (MayMoveMoney,)

    def get(self, request: Request) -> Response:
        """List them, newest first, with what was received per currency."""
        customer = acting_customer(request)
        rows = selectors.payments_of(
            customer, payment_filter(query_of(request, HistoryQuery), tz=customer.timezone)
        )
        extra = {"totals": totals_data(selectors.totals(rows))}
        return paginated(request, rows, history_data, extra)


def scope_of(request: Request) -> str:
    """Return whose idempotency keys these are."""
    return f"user:{request.user.pk}"
