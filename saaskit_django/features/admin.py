"""Admin page of exceptions from what plans grant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from saaskit_django import clock
from saaskit_django.features import services
from saaskit_django.features.models import FeatureOverride
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(FeatureOverride)
class FeatureOverrideAdmin(ReadOnlyAdmin):
    """Shows who has what beside his plan; an action ends it."""

    list_display = ("path", "value", "mode", "customer", "user", "starts_at", "ends_at", "reason")
    list_filter = ("path", "mode")
    list_select_related = ("customer", "user")
    actions = ("end_now",)

    @admin.action(description="End now")
    def end_now(self, request: HttpRequest, rows: QuerySet[FeatureOverride]) -> None:
        """End the chosen exceptions."""
        now = clock.now()
        ended = sum(
            services.end_override(override_id=row.pk, now=now, actor=request.user) for row in rows
        )
        self.message_user(request, f"{ended} ended.")
