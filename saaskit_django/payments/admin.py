"""Admin pages of payments, refunds and the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages

from saaskit_django import clock
from saaskit_django.conf import conf
from saaskit_django.payments.models import (
    Payment,
    PaymentMethod,
    Refund,
    RefundRequest,
    RefusedDelivery,
    WebhookEvent,
)
from saaskit_django.payments.services.deliveries import replay
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


class ConfiguredProvider(admin.SimpleListFilter):
    """Filters by a provider of the settings, without looking through the table for them."""

    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return the aliases."""
        return [(alias, alias) for alias in sorted(conf().providers)]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WebhookEvent]
    ) -> QuerySet[WebhookEvent]:
        """Keep one provider's."""
        return queryset.filter(provider=self.value()) if self.value() else queryset


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    """Shows the inbox without what was sent, and lets deliveries be acted upon again."""

    list_display = ("event_id", "provider", "kind", "status", "attempts", "received_at", "error")
    list_filter = ("status", ConfiguredProvider)
    search_fields = ("=event_id", "=object_ref", "=reference")
    exclude = ("body", "lease")
    actions = ("replay",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        """Leave the bodies in the database."""
        return super().get_queryset(request).defer("body")

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may have deliveries acted upon again."""
        return bool(request.user.has_perm("saaskit_payments.change_webhookevent"))

    @admin.action(description="Act on the chosen deliveries again", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        """Act again; a delivery is a fact, so this is always safe."""
        count = replay(list(queryset.values_list("pk", flat=True)), now=clock.now())
        messages.info(request, f"{count} deliveries are acted upon again.")


@admin.register(RefusedDelivery)
class RefusedDeliveryAdmin(ReadOnlyAdmin):
    """Shows how many deliveries were refused: a wrong secret, or somebody who tries."""

    list_display = ("day", "provider", "code", "count", "last_at")
    list_filter = (ConfiguredProvider,)
