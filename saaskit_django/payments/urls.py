"""Where payments are."""

from __future__ import annotations

from django.urls import path

from saaskit_django.payments.views import methods, payments, providers, webhooks

payment_urls = [
    path("confirm/", payments.ConfirmPayment.as_view(), name="confirm"),
    path("status/", payments.PaymentStatusView.as_view(), name="status"),
    path("refund/", payments.RefundPayment.as_view(), name="refund"),
    path("providers/", providers.ListProviders.as_view(), name="providers"),
    path("webhook/<str:provider>/", webhooks.ReceiveWebhook.as_view(), name="webhook"),
]

auth_urls = [
    path("payment/status/", providers.ServiceStatus.as_view(), name="payment-status"),
]

core_urls = [
    path("payments/", payments.ListPayments.as_view(), name="payments"),
    path("payments/billing/history/", payments.BillingHistory.as_view(), name="billing-history"),
    path("billing/payment-methods/", methods.PaymentMethods.as_view(), name="payment-methods"),
    path(
        "billing/payment-methods/<int:method_id>/",
        methods.PaymentMethodView.as_view(),
        name="payment-method",
    ),
]

admin_urls = [
    path("payments/", payments.ListAllPayments.as_view(), name="payments"),
]
