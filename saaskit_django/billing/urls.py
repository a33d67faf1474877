"""Where invoices and the wallet are."""

from __future__ import annotations

from django.urls import path

from saaskit_django.billing import views

core_urls = [
    path("billing/invoices/", views.ListInvoices.as_view(), name="invoices"),
    path("billing/invoices/<uuid:public_id>/", views.OneInvoice.as_view(), name="invoice"),
    path(
        "billing/invoices/<uuid:public_id>/html/",
        views.InvoiceDocument.as_view(),
        name="invoice-html",
    ),
    path("billing/wallet/", views.Wallet.as_view(), name="wallet"),
]
