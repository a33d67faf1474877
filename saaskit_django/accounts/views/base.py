"""What the endpoints of accounts share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_django.accounts.services.logins import Origin
from saaskit_django.rest.client_addresses import client_ip
from saaskit_django.rest.permissions import Anyone
from saaskit_django.rest.request_ids import request_id
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.request import Request


class OpenView(SaasKitView):
    """For anyone. Credentials sent along aren't looked at: an old token must not be in the way."""

    permission_classes = (Anyone,)

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Ask nobody."""
        return []


def origin_of(request: Request) -> Origin:
    """Return where a request comes from."""
    agent = str(request.META.get("HTTP_USER_AGENT", ""))
    return Origin(
        ip=client_ip(request),
        user_agent="".join(sign for sign in agent[:200] if sign.isprintable()),
        request_id=request_id(request),
    )
