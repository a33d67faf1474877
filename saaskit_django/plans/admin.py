"""Admin pages of plans. What a plan is comes from catalogues and services; here it goes on sale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from saaskit_django.plans.models import CustomFeature, FeatureFlags, Price, SubscriptionPlan
from saaskit_django.plans.services.catalogue import set_active
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(SubscriptionPlan)
class SubscriptionPlanAdmin(ReadOnlyAdmin):
    """Shows plans; two actions put them on sale and take them off."""

    list_display = ("name", "key", "group", "trial_days", "is_active", "is_public")
    list_filter = ("group", "is_active", "is_public")
    search_fields = ("name", "key")
    actions = ("put_on_sale", "take_off_sale")

    @admin.action(description="Put on sale")
    def put_on_sale(self, request: HttpRequest, rows: QuerySet[SubscriptionPlan]) -> None:
        """Activate the chosen plans."""
        self._set(request, rows, is_active=True)

    @admin.action(description="Take off sale")
    def take_off_sale(self, request: HttpRequest, rows: QuerySet[SubscriptionPlan]) -> None:
        """Deactivate the chosen plans; who subscribes keeps his."""
        self._set(request, rows, is_active=False)

    def _set(
        self, request: HttpRequest, rows: QuerySet[SubscriptionPlan], *, is_active: bool
    ) -> None:
        changed = sum(
            set_active(plan_id=row.pk, is_active=is_active, actor=request.user) for row in rows
        )
        self.message_user(request, f"{changed} changed.")


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    """Shows every version of every price."""

    list_display = ("plan", "currency", "amount_minor", "frequency", "version", "is_current")
    list_filter = ("is_current", "currency", "frequency")
    list_select_related = ("plan",)


@admin.register(FeatureFlags)
class FeatureFlagsAdmin(ReadOnlyAdmin):
    """Shows what plans grant."""

    list_display = ("subscription_plan", "updated_at")
    list_select_related = ("subscription_plan",)


@admin.register(CustomFeature)
class CustomFeatureAdmin(ReadOnlyAdmin):
    """Shows the features that catalogues defined."""

    list_display = ("path", "type", "default", "merge", "is_enabled")
