"""Admin page of counters."""

from __future__ import annotations

from django.contrib import admin

from saaskit_django.limits.models import UsageCounter
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin


@admin.register(UsageCounter)
class UsageCounterAdmin(ReadOnlyAdmin):
    """Shows what was used."""

    list_display = ("subject", "meter", "window_start", "window_end", "used")
    list_filter = ("meter",)
    search_fields = ("subject",)
