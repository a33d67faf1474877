"""Admin pages of referrals. Programmes can be written; all else changes by actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from saaskit_core.errors import SaasKitError
from saaskit_django import clock
from saaskit_django.audit.services import record as audit
from saaskit_django.referrals.models import (
    ReferralCode,
    ReferralProgramme,
    ReferralReward,
    ReferralStep,
    ReferralTransaction,
)
from saaskit_django.referrals.services.reviews import decide, revoke
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.forms import ModelForm
    from django.http import HttpRequest


@admin.register(ReferralProgramme)
class ReferralProgrammeAdmin(admin.ModelAdmin):
    """Programmes: what they promise counts from then on, what is decided stays."""

    list_display = ("key", "is_active", "is_default", "hold_days", "cycles")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a programme is switched off."""
        return False

    def save_model(
        self,
        request: HttpRequest,
        obj: ReferralProgramme,
        form: ModelForm[Any],
        change: bool,  # noqa: FBT001 (Django's)
    ) -> None:
        """Write it down, and who did it."""
        super().save_model(request, obj, form, change)
        audit(
            action="referral_programme.changed" if change else "referral_programme.created",
            table="referral_programme",
            record_id=obj.pk,
            after={"key": obj.key, "terms": str(obj.to_core())},
            actor=request.user,
        )


@admin.register(ReferralCode)
class ReferralCodeAdmin(ReadOnlyAdmin):
    """Shows codes."""

    list_display = ("code", "customer", "programme", "current_uses", "max_uses", "is_active")
    list_select_related = ("customer", "programme")
    search_fields = ("code",)


class StepInline(admin.TabularInline):
    """A referral's history."""

    model = ReferralStep
    extra = 0
    can_delete = False
    readonly_fields = ("sequence", "at", "status", "note")


class RewardInline(admin.TabularInline):
    """A referral's rewards."""

    model = ReferralReward
    fields = readonly_fields = ("kind", "side", "customer", "unit", "units", "shortfall", "reason")
    extra = 0
    can_delete = False


@admin.register(ReferralTransaction)
class ReferralTransactionAdmin(ReadOnlyAdmin):
    """Shows referrals; what is flagged is decided here."""

    list_display = ("reference", "referrer", "referred", "status", "signals", "review_by")
    list_filter = ("status",)
    list_select_related = ("referrer", "referred")
    search_fields = ("reference", "referral_code__code")
    inlines = (StepInline, RewardInline)
    actions = ("approve", "reject", "take_back")

    @admin.action(description="Approve")
    def approve(self, request: HttpRequest, rows: QuerySet[ReferralTransaction]) -> None:
        """Let flagged referrals go on."""
        self._each(request, rows, lambda pk: self._decide(request, pk, is_approved=True))

    @admin.action(description="Reject")
    def reject(self, request: HttpRequest, rows: QuerySet[ReferralTransaction]) -> None:
        """End flagged referrals."""
        self._each(request, rows, lambda pk: self._decide(request, pk, is_approved=False))

    @admin.action(description="Revoke, and take rewards back")
    def take_back(self, request: HttpRequest, rows: QuerySet[ReferralTransaction]) -> None:
        """End referrals for good."""

        def one(pk: int) -> None:
            revoke(referral_id=pk, actor=request.user, now=clock.now(), reason="by hand")

        self._each(request, rows, one)

    def _decide(self, request: HttpRequest, pk: int, *, is_approved: bool) -> None:
        decide(referral_id=pk, is_approved=is_approved, actor=request.user, now=clock.now())

    def _each(
        self,
        request: HttpRequest,
        rows: QuerySet[ReferralTransaction],
        act: Callable[[int], None],
    ) -> None:
        done = 0
        for pk in rows.values_list("pk", flat=True):
            try:
                act(pk)
                done += 1
            except SaasKitError as exc:
                self.message_user(request, str(exc), level="warning")
        self.message_user(request, f"{done} changed.")


@admin.register(ReferralReward)
class ReferralRewardAdmin(ReadOnlyAdmin):
    """Shows the ledger."""

    list_display = ("key", "kind", "customer", "unit", "units", "shortfall", "reason")
    list_filter = ("kind",)
    list_select_related = ("customer",)
