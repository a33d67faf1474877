"""The permission that needs no row: somebody is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from saaskit_django.rest.errors import NotSignedIn
from saaskit_django.rest.scheduler import SchedulerPrincipal

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class Anyone(BasePermission):
    """Lets everybody in."""


class IsSignedIn(BasePermission):
    """Lets in any signed-in, active user; the scheduler is no user."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether a person is signed in. Raises NotSignedIn for one who may no longer be."""
        user: object = request.user
        if isinstance(user, SchedulerPrincipal) or not request.user.is_authenticated:
            return False
        if not request.user.is_active:
            raise NotSignedIn
        return True
