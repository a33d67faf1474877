"""Admin pages of payments, refunds and the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages

from saaskit_django import clock
from saaskit_django.payments.models import (
    Payment,
    PaymentMethod,
    Refund,
    RefundRequest,
    WebhookEvent,
)
from saaskit_django.payments.services.webhook import process, revive
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Shows payments and how they stand at their provider."""

    list_display = ("transaction_id", "customer", "amount", "state", "provider", "payment_date")
    list_filter = ("state", "provider", "currency")
    list_select_related = ("customer",)
    search_fields = ("transaction_id", "provider_ref", "customer__email")
    exclude = ("next_action",)


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    """Shows what was given back."""

    list_display = ("reference", "payment", "amount_minor", "currency", "state", "created_at")
    list_filter = ("state",)
    list_select_related = ("payment",)


@admin.register(RefundRequest)
class RefundRequestAdmin(ReadOnlyAdmin):
    """Shows what customers ask back."""

    list_display = ("payment", "user", "amount_minor", "reason", "status", "created_at")
    list_filter = ("status",)
    list_select_related = ("payment", "user")


@admin.register(PaymentMethod)
class PaymentMethodAdmin(ReadOnlyAdmin):
    """Shows kept methods; the data of the card is the provider's."""

    list_display = ("customer", "provider", "brand", "last4", "is_default", "removed_at")
    list_filter = ("provider", "is_default")
    list_select_related = ("customer",)


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    """Shows the inbox, and lets deliveries be acted upon again."""

    list_display = ("event_id", "provider", "kind", "status", "attempts", "received_at", "error")
    list_filter = ("status", "provider", "kind")
    search_fields = ("event_id", "object_ref", "reference")
    exclude = ("body",)
    actions = ("replay",)

    @admin.action(description="Act on the chosen deliveries again")
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        """Act again; a delivery is a fact, so this is always safe."""
        now = clock.now()
        ids = [each for each in queryset.values_list("pk", flat=True) if revive(each, now=now)]
        for event_id in ids:
            process(event_id, now=now)
        messages.info(request, f"{len(ids)} deliveries were acted upon again.")
