"""Admin pages of the outbox, with the action that revives what was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages

from saaskit_django import clock
from saaskit_django.outbox.dispatcher import revive
from saaskit_django.outbox.models import Delivery, OutboxMessage
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """Shows what happened."""

    list_display = ("topic", "aggregate", "occurred_at")
    list_filter = ("topic",)
    search_fields = ("aggregate", "key")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Shows the reactions, and gives dead ones another chance."""

    list_display = ("message", "handler", "status", "attempts", "next_at", "last_error")
    list_filter = ("status", "handler")
    list_select_related = ("message",)
    actions = ("deliver_again",)

    @admin.action(description="Deliver dead ones again")
    def deliver_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Make the chosen dead deliveries due."""
        ids = list(queryset.values_list("pk", flat=True))
        count = revive(delivery_ids=ids, now=clock.now())
        messages.info(request, f"{count} deliveries will be tried again.")
