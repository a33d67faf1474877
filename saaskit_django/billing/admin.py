"""Admin pages of invoices, credit notes and the wallet's ledger."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from saaskit_django.billing.models import (
    AppliedCoupon,
    CreditNote,
    Invoice,
    InvoiceLine,
    WalletBalance,
    WalletEntry,
)
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin


class InvoiceLines(admin.TabularInline):
    """Shows an invoice's lines with their explanations."""

    model = InvoiceLine
    extra = 0
    can_delete = False
    ordering = ("position",)


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    """Shows invoices; nobody edits one."""

    list_display = ("__str__", "customer", "kind", "status", "total", "amount_due", "issued_at")
    list_filter = ("status", "kind", "currency")
    list_select_related = ("customer",)
    search_fields = ("number", "customer__email", "customer__name")
    inlines: ClassVar = [InvoiceLines]


@admin.register(CreditNote)
class CreditNoteAdmin(ReadOnlyAdmin):
    """Shows what was taken back."""

    list_display = ("__str__", "invoice", "amount_minor", "currency", "issued_at")
    list_select_related = ("invoice",)


@admin.register(WalletEntry)
class WalletEntryAdmin(ReadOnlyAdmin):
    """Shows the ledger, leg by leg."""

    list_display = ("transaction", "account", "customer", "amount_minor", "currency", "occurred_at")
    list_filter = ("account", "currency", "reason")
    list_select_related = ("customer",)


@admin.register(WalletBalance)
class WalletBalanceAdmin(ReadOnlyAdmin):
    """Shows what wallets hold."""

    list_display = ("customer", "balance_minor", "currency")
    list_select_related = ("customer",)


@admin.register(AppliedCoupon)
class AppliedCouponAdmin(ReadOnlyAdmin):
    """Shows which coupons discount which subscriptions."""

    list_display = ("coupon", "subscription", "first_period_start", "is_released")
    list_select_related = ("coupon", "subscription")
