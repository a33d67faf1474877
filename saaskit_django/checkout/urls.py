"""Where subscribing, discounts, paying and plan changes are."""

from __future__ import annotations

from django.urls import path

from saaskit_django.checkout.views import (
    administration,
    discounts,
    intents,
    lifecycle,
    outlook,
    subscriptions,
)

auth_urls = [
    path(
        "payment/create-intent/", intents.CreatePlanIntent.as_view(), name="payment-create-intent"
    ),
]

core_urls = [
    path("subscription/", subscriptions.CurrentSubscription.as_view(), name="subscription"),
    path(
        "subscription/health/",
        subscriptions.SubscriptionHealthView.as_view(),
        name="subscription-health",
    ),
    path("subscription/stats/", subscriptions.Stats.as_view(), name="subscription-stats"),
    path("subscription/plans/", subscriptions.PlanOptions.as_view(), name="subscription-plans"),
    path(
        "subscription/change/",
        subscriptions.ChangeSubscription.as_view(),
        name="subscription-change",
    ),
    path(
        "subscription/cancel/", lifecycle.CancelSubscription.as_view(), name="subscription-cancel"
    ),
    path(
        "subscription/uncancel/",
        lifecycle.UncancelSubscription.as_view(),
        name="subscription-uncancel",
    ),
    path("subscription/pause/", lifecycle.PauseSubscription.as_view(), name="subscription-pause"),
    path(
        "subscription/resume/", lifecycle.ResumeSubscription.as_view(), name="subscription-resume"
    ),
    path(
        "subscription/quantity/", lifecycle.ChangeQuantity.as_view(), name="subscription-quantity"
    ),
    path(
        "subscription/history/", outlook.SubscriptionHistory.as_view(), name="subscription-history"
    ),
    path("billing/upcoming/", outlook.UpcomingInvoices.as_view(), name="upcoming-invoices"),
    path("discounts/validate/", discounts.ValidateDiscount.as_view(), name="discount-validate"),
    path("discounts/apply/", discounts.ApplyDiscount.as_view(), name="discount-apply"),
]

payment_urls = [
    path("create-intent/", intents.CreateIntent.as_view(), name="create-intent"),
]

admin_urls = [
    path(
        "subscriptions/create/",
        administration.CreateSubscription.as_view(),
        name="subscription-create",
    ),
    path(
        "subscriptions/list/", administration.ListSubscriptions.as_view(), name="subscription-list"
    ),
    path(
        "subscriptions/<int:subscription_id>/update/",
        administration.UpdateSubscription.as_view(),
        name="subscription-update",
    ),
    path(
        "subscriptions/<int:subscription_id>/delete/",
        administration.DeleteSubscription.as_view(),
        name="subscription-delete",
    ),
]
