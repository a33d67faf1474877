"""Admin pages of recurring revenue: shown, never edited."""

from __future__ import annotations

from django.contrib import admin

from saaskit_django.analytics.models import RevenueStretch
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin


@admin.register(RevenueStretch)
class RevenueStretchAdmin(ReadOnlyAdmin):
    """Shows what each subscription brought, from when until when."""

    list_display = (
        *("subscription_reference", "customer", "currency", "amount_minor"),
        *("interval_unit", "interval_count", "starts_at", "ends_at"),
    )
    list_filter = ("currency",)
    search_fields = ("subscription_reference",)
    list_select_related = ("customer",)
