"""Where periodic work is started."""

from __future__ import annotations

from django.urls import path

from saaskit_django.renewals import views

admin_urls = [
    path("subscriptions/sync/auto-renew/", views.AutoRenew.as_view(), name="auto-renew"),
    path(
        "subscriptions/<int:subscription_id>/renew/",
        views.RenewSubscription.as_view(),
        name="subscription-renew",
    ),
    path(
        "customers/<int:customer_id>/test-clock/",
        views.AdvanceTestClock.as_view(),
        name="test-clock",
    ),
]
