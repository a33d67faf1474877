"""Where the plans are: for sale to anyone, and all of them to admins."""

from __future__ import annotations

from django.urls import path

from saaskit_django.plans import views

auth_urls = [
    path("subscriptionplans/", views.PlansForSale.as_view(), name="plan-list"),
]

admin_urls = [
    path("subscriptionplans/list/", views.ListPlans.as_view(), name="subscriptionplan-list"),
    path("subscriptionplans/create/", views.CreatePlan.as_view(), name="subscriptionplan-create"),
    path(
        "subscriptionplans/<int:plan_id>/update/",
        views.UpdatePlan.as_view(),
        name="subscriptionplan-update",
    ),
    path(
        "subscriptionplans/<int:plan_id>/delete/",
        views.DeletePlan.as_view(),
        name="subscriptionplan-delete",
    ),
]
