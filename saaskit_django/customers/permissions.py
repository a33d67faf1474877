"""Who may call a view. The database is asked, never a token's claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.customers import Role, may_move_money
from saaskit_django.customers.selectors import acting_customer, membership_role, role_of
from saaskit_django.rest.permissions import IsSignedIn
from saaskit_django.rest.scheduler import SchedulerPrincipal

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class IsUser(IsSignedIn):
    """Lets in any signed-in user."""


class IsModerator(IsSignedIn):
    """Lets in moderators and admins."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Look up the role."""
        allowed = (Role.MODERATOR, Role.ADMIN)
        return super().has_permission(request, view) and role_of(request.user) in allowed


class IsAdmin(IsSignedIn):
    """Lets in admins."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Look up the role."""
        return super().has_permission(request, view) and role_of(request.user) is Role.ADMIN


class IsScheduler(IsAdmin):
    """Lets in the scheduler and admins; the view also sets `accepts_scheduler`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Look who it is."""
        if isinstance(request.user, SchedulerPrincipal):
            return True
        return super().has_permission(request, view)


class MayMoveMoney(IsSignedIn):
    """Lets in who may pay for the acting customer and read its bills: owner, admin, billing."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Look up the membership. Raises CustomerNotFound for a customer that isn't his."""
        if not super().has_permission(request, view):
            return False
        customer = acting_customer(request)
        return may_move_money(membership_role(customer, user=request.user))
