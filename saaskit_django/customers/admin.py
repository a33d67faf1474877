"""Admin pages of customers and profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages

from saaskit_django.customers.models import Customer, Membership, Profile, ProviderCustomer
from saaskit_django.customers.services import unpark
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    """Shows who is billed, and lets parked customers go on."""

    list_display = ("__str__", "kind", "currency", "country", "parked_at", "created_at")
    list_filter = ("kind", "currency", ("parked_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "email")
    actions = ("let_go_on",)

    @admin.action(description="Let parked customers be charged again")
    def let_go_on(self, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
        """Unpark the chosen customers."""
        ids = list(queryset.values_list("pk", flat=True))
        count = sum(unpark(customer_id=each, actor=request.user) for each in ids)
        messages.info(request, f"{count} customers can be charged again.")


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Shows who acts for which organisation."""

    list_display = ("customer", "user", "role")
    list_filter = ("role",)
    list_select_related = ("customer", "user")


@admin.register(ProviderCustomer)
class ProviderCustomerAdmin(ReadOnlyAdmin):
    """Shows what providers call our customers."""

    list_display = ("customer", "provider", "ref")
    list_filter = ("provider",)
    list_select_related = ("customer",)
    search_fields = ("ref",)


@admin.register(Profile)
class ProfileAdmin(ReadOnlyAdmin):
    """Shows what we keep beside the user."""

    list_display = ("user", "role", "preferred_language", "timezone", "organization")
    list_filter = ("role", "preferred_language")
    list_select_related = ("user",)
