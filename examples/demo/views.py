"""A view of the host's own, closed to those whose plan doesn't include a feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.response import Response

from saaskit_django.customers.permissions import IsUser
from saaskit_django.features.permissions import requires_feature
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from rest_framework.request import Request


class Export(SaasKitView):
    """What a plan may or may not include."""

    feature = ""

    def get(self, request: Request) -> Response:
        """Answer; who may not come in is told so by the permission."""
        return Response({"feature": self.feature, "allowed": True})


def export(request: HttpRequest, feature: str) -> HttpResponse:
    """Guard the view by the feature that the address names; a real view names it in its class."""
    guards = (IsUser, requires_feature(feature))
    view = Export.as_view(permission_classes=guards, feature=feature)
    return view(request)
