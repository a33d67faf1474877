"""Where the dashboards are."""

from __future__ import annotations

from django.urls import path

from saaskit_django.analytics import views

admin_urls = [
    path("dashboard/stats/", views.SiteStats.as_view(), name="dashboard-stats"),
    path("analytics/dashboard/", views.RevenueDashboard.as_view(), name="analytics-dashboard"),
    path(
        "subscriptions/analytics/",
        views.SubscriptionAnalytics.as_view(),
        name="subscription-analytics",
    ),
    path(
        "subscriptions/dashboard/",
        views.SubscriptionDashboard.as_view(),
        name="subscription-dashboard",
    ),
    path(
        "subscriptionplans/analytics/",
        views.PlanAnalytics.as_view(),
        name="subscriptionplan-analytics",
    ),
    path(
        "subscriptionplans/dashboard/",
        views.PlanDashboard.as_view(),
        name="subscriptionplan-dashboard",
    ),
]
