"""Where the plans are, below the auth prefix."""

from __future__ import annotations

from django.urls import path

from saaskit_django.plans import views

auth_urls = [
    path("subscriptionplans/", views.PlansForSale.as_view(), name="plan-list"),
]
