"""Admin pages of the outbox, with the action that revives what was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages

from saaskit_django import clock
from saaskit_django.outbox.deliveries import revive
from saaskit_django.outbox.models import Delivery, OutboxMessage
from saaskit_django.outbox.reactions import reactions
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """Shows what happened."""

    list_display = ("topic", "aggregate", "occurred_at")
    search_fields = ("=aggregate", "=key", "=topic")


class Reaction(admin.SimpleListFilter):
    """Filters by a reaction that is installed, without looking through the table for them."""

    title = "handler"
    parameter_name = "handler"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return the dotted names."""
        names = {name for listed in reactions().values() for name in listed}
        return [(name, name) for name in sorted(names)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """Keep one reaction's."""
        return queryset.filter(handler=self.value()) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Shows the reactions, and gives dead ones another chance."""

    list_display = ("message", "handler", "status", "attempts", "next_at", "last_error")
    list_filter = ("status", Reaction)
    list_select_related = ("message",)
    search_fields = ("=aggregate",)
    exclude = ("leased_by",)
    actions = ("deliver_again",)

    def has_revive_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may have deliveries tried again."""
        return bool(request.user.has_perm("saaskit_outbox.change_delivery"))

    @admin.action(description="Deliver dead ones again", permissions=["revive"])
    def deliver_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Make the chosen dead deliveries due."""
        ids = list(queryset.values_list("pk", flat=True))
        count = revive(delivery_ids=ids, now=clock.now())
        messages.info(request, f"{count} deliveries will be tried again.")
