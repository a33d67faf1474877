"""Let into a view only who has a feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from saaskit_django import clock
from saaskit_django.features.selectors import entitlements_of, require

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


def requires_feature(path: str) -> type[BasePermission]:
    """Return a permission: the acting customer's plan grants `path`, else 403 feature_not_in_plan.

    It stands after the one that asks for a user: `(IsUser, requires_feature("exports.csv"))`.
    """

    class RequiresFeature(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:
            require(entitlements_of(request, now=clock.now()).features, path)
            return True

    return RequiresFeature
