"""Admin pages of renewals."""

from __future__ import annotations

from django.contrib import admin

from saaskit_django.renewals.models import Renewal, Slot
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin


@admin.register(Renewal)
class RenewalAdmin(ReadOnlyAdmin):
    """Shows each step into a next period."""

    list_display = ("subscription", "renewal_date", "renewal_cost_minor", "currency", "renewed_by")
    list_select_related = ("subscription", "renewed_by")


@admin.register(Slot)
class SlotAdmin(ReadOnlyAdmin):
    """Shows what ran when, and what came of it."""

    list_display = ("job", "scheduled_for", "attempts", "started_at", "finished_at", "error")
    list_filter = ("job",)
