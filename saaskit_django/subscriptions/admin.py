"""Admin pages of subscriptions."""

from __future__ import annotations

from django.contrib import admin

from saaskit_django.rest.read_only_admin import ReadOnlyAdmin
from saaskit_django.subscriptions.models import Subscription, SubscriptionTransition


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    """Shows who has what, and until when."""

    list_display = (
        "reference",
        "customer",
        "subscription_plan",
        "status",
        "end_date",
        "auto_renew",
    )
    list_filter = ("status", "billed_by", "auto_renew")
    list_select_related = ("customer", "subscription_plan")
    search_fields = ("reference", "customer__email", "customer__name")


@admin.register(SubscriptionTransition)
class SubscriptionTransitionAdmin(ReadOnlyAdmin):
    """Shows what moved a subscription, and when."""

    list_display = ("subscription", "sequence", "event", "from_status", "to_status", "occurred_at")
    list_filter = ("event",)
    list_select_related = ("subscription",)
    search_fields = ("subscription__reference",)
