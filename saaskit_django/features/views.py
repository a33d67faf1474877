"""The endpoints of features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.response import Response

from saaskit_django import clock
from saaskit_django.features.selectors import entitlements_of
from saaskit_django.features.serializers import entitlements_data
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class MyFeatures(SaasKitView):
    """What the acting customer may do."""

    def get(self, request: Request) -> Response:
        """Show his plan and every feature, resolved."""
        return Response(entitlements_data(entitlements_of(request, now=clock.now())))
