"""Admin pages of coupons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from saaskit_django.coupons import services
from saaskit_django.coupons.models import Coupon, CouponUsage
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(Coupon)
class CouponAdmin(ReadOnlyAdmin):
    """Shows coupons; two actions switch them on and off."""

    list_display = (
        "code",
        "discount_type",
        "percent",
        "duration",
        "current_uses",
        "max_uses",
        "valid_until",
        "is_active",
    )
    list_filter = ("is_active", "discount_type", "duration")
    search_fields = ("code",)
    actions = ("switch_on", "switch_off")

    @admin.action(description="Switch on")
    def switch_on(self, request: HttpRequest, rows: QuerySet[Coupon]) -> None:
        """Let the chosen coupons be used."""
        self._set(request, rows, is_active=True)

    @admin.action(description="Switch off")
    def switch_off(self, request: HttpRequest, rows: QuerySet[Coupon]) -> None:
        """Let nobody use the chosen coupons any more."""
        self._set(request, rows, is_active=False)

    def _set(self, request: HttpRequest, rows: QuerySet[Coupon], *, is_active: bool) -> None:
        changed = sum(
            services.set_active(coupon_id=row.pk, is_active=is_active, actor=request.user)
            for row in rows
        )
        self.message_user(request, f"{changed} changed.")


@admin.register(CouponUsage)
class CouponUsageAdmin(ReadOnlyAdmin):
    """Shows who used what."""

    list_display = ("coupon", "customer", "reference", "status", "discount_applied_minor")
    list_filter = ("status",)
    list_select_related = ("coupon", "customer")
